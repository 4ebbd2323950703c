package dev.ctstream.conntrack;

/**
 * What one CPU counted for this namespace since it exists; u32 each, wraps. A counter that the kernel did not send is 0.
 *
 * @param drop packets dropped because no entry could be made
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
