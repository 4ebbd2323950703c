package dev.ctstream.publish;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Bounds the number of log lines about one subject: at most a few within a minute.
 *
 * <p>Threads: confined to one.
 */
final class LineLimit {
    static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final LongSupplier nanoTime;
    private final long[] lines; // when the last ones were admitted, as a ring
    private long admitted;

    /**
     * Starts without lines.
     *
     * @param most lines within a minute
     * @param nanoTime as {@link System#nanoTime}
     */
    LineLimit(int most, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        lines = new long[most];
    }

    /** Whether another line may be logged now; true counts as a line. */
    boolean admit() {
        int slot = (int) (admitted % lines.length);
        long now = nanoTime.getAsLong();
        if (admitted >= lines.length && now - lines[slot] < INTERVAL_NANOS) {
            return false;
        }
        lines[slot] = now;
        admitted++;
        return true;
    }
}
