package dev.ctstream.control;

/**
 * Holds back the regular dumps of all namespaces together, so that dumps take at most 2 % of a core: after a dump no
 * regular one begins for {@value #REST_PER_CPU_TIME} times the CPU time that it took on the dump thread. The receive
 * thread takes half of that time again, so that is 1.5 of 76. The kernel walks the whole host's table for each dump,
 * however few entries the namespace has. Dumps for another reason are never held back, but are charged.
 *
 * <p>Threads: confined to the dump thread.
 */
final class DumpBudget {
    private static final long REST_PER_CPU_TIME = 75;

    private long restsUntilNanos;

    /** Nothing is used up yet; {@link System#nanoTime}. */
    DumpBudget(long nowNanos) {
        restsUntilNanos = nowNanos;
    }

    /** A dump has ended that took this CPU time. */
    void took(long cpuNanos, long nowNanos) {
        restsUntilNanos = restingUntil(nowNanos) + REST_PER_CPU_TIME * cpuNanos;
    }

    private long restingUntil(long nowNanos) {
        return restsUntilNanos - nowNanos > 0 ? restsUntilNanos : nowNanos;
    }

    /** Nanoseconds until a regular dump may begin. */
    long regularIn(long nowNanos) {
        return restingUntil(nowNanos) - nowNanos;
    }
}
