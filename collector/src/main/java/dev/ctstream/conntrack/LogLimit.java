package dev.ctstream.conntrack;

/**
 * Lets the first of repeated problems be logged, then one per interval with the number suppressed in between.
 *
 * <p>Threads: confined to one thread.
 */
final class LogLimit {
    private final long intervalNanos;
    private boolean used;
    private long lastNanos;
    private long suppressed;

    LogLimit(long intervalNanos) {
        this.intervalNanos = intervalNanos;
    }

    /**
     * Decides whether this problem may be logged.
     *
     * @param nowNanos {@link System#nanoTime}
     * @return number suppressed since the last one that was logged; -1 when this one is suppressed, too
     */
    long admit(long nowNanos) {
        if (used && nowNanos - lastNanos < intervalNanos) {
            suppressed++;
            return -1;
        }
        long before = suppressed;
        used = true;
        lastNanos = nowNanos;
        suppressed = 0;
        return before;
    }
}
