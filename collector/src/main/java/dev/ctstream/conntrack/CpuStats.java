package dev.ctstream.conntrack;

/**
 * One CPU's counters for this namespace since it was created; each is a u32 that wraps. A counter that the kernel did
 * not send is 0.
 *
 * @param drop packets dropped because no entry could be created
 * @param earlyDrop entries evicted to make room
 * @param insertFailed clashes that were not resolved
 * @param chainTooLong packets dropped because their hash bucket was full
 */
public record CpuStats(
        int cpu,
        long found,
        long invalid,
        long insert,
        long insertFailed,
        long drop,
        long earlyDrop,
        long error,
        long searchRestart,
        long clashResolve,
        long chainTooLong) {}
