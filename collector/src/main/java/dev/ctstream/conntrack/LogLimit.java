package dev.ctstream.conntrack;

/**
 * Lets the first of repeated problems into the log, then one per interval, with the number of those in between.
 *
 * <p>Threads: confined to one.
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
     * Asks whether this one may be logged.
     *
     * @param nowNanos {@link System#nanoTime}
     * @return how many were suppressed since the last one that was let through, -1 when this one is suppressed as well
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
