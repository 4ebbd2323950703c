package dev.ctstream.conntrack;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Turns readings of the socket's drop counter, a u32 that wraps, into a total.
 *
 * <p>Threads: advanced by one thread, read by any.
 */
final class DropCounter {
    private static final long MASK = 0xFFFF_FFFFL;

    private final AtomicLong total = new AtomicLong();
    private long lastReading;

    /**
     * Adds a new reading.
     *
     * @return drops since the last reading; correct as long as fewer than 2^32 occur between two readings
     */
    long advance(long reading) {
        long delta = reading - lastReading & MASK;
        lastReading = reading;
        total.lazySet(total.getPlain() + delta);
        return delta;
    }

    long total() {
        return total.get();
    }
}
