package dev.ctstream.conntrack;

/**
 * How long the receive thread pauses after a drain, so that events accumulate and one system call takes many. Waking up
 * for each event costs the reader twice as much CPU, and the packet path about 1 us more. A wake-up costs some 20 us of
 * CPU, and five times that when other programs have used the processor's caches meanwhile: at 10 000 events/s, a pause
 * of 24 ms instead of 8 ms lowers the cost of receiving and encoding from 2.3 us to 1.6 us per event.
 *
 * <p>The pause is 24 ms after a drain of fewer than {@link #FEW_EVENTS} events, else 8 ms, because a longer one gains
 * nothing then; it is 2 ms while entries of a dump wait. It is at most a quarter of the time in which
 * {@link #PEAK_EVENTS_PER_SECOND} fill the smallest receive buffer. There is no pause when that buffer holds fewer than
 * {@link #SMALLEST_CAPACITY_EVENTS} events.
 */
final class DrainPace {
    /** Bytes that the kernel charges to the receive buffer for each event, whatever its length. Measured. */
    static final int EVENT_CHARGE_BYTES = 1280;

    static final int FEW_EVENTS = 256;
    static final long LONGEST_PAUSE_NANOS = 24_000_000;
    static final long BUSY_PAUSE_NANOS = 8_000_000;
    static final long DUMP_PAUSE_NANOS = 2_000_000;
    static final long PEAK_EVENTS_PER_SECOND = 300_000;
    static final long SMALLEST_CAPACITY_EVENTS = 10_000;

    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long SAFETY_FACTOR = 4;

    private DrainPace() {}

    /** Events that a receive buffer holds; {@code effectiveBytes} as {@code getsockopt} reports it. */
    static long capacityEvents(long effectiveBytes) {
        return effectiveBytes / EVENT_CHARGE_BYTES;
    }

    /** The longest pause in nanoseconds when the smallest buffer holds this many events; 0 = none. */
    static long longestNanos(long capacityEvents) {
        if (capacityEvents < SMALLEST_CAPACITY_EVENTS) {
            return 0;
        }
        long quarterFull = capacityEvents * (NANOS_PER_SECOND / SAFETY_FACTOR) / PEAK_EVENTS_PER_SECOND;
        return Math.min(quarterFull, LONGEST_PAUSE_NANOS);
    }

    /**
     * The pause after a drain.
     *
     * @param longestNanos from {@link #longestNanos}
     * @param received events that the drain received
     * @param dumpEntries entries of a dump that were taken with it
     */
    static long pauseNanos(long longestNanos, long received, int dumpEntries) {
        if (dumpEntries > 0) {
            return Math.min(longestNanos, DUMP_PAUSE_NANOS);
        }
        return received < FEW_EVENTS ? longestNanos : Math.min(longestNanos, BUSY_PAUSE_NANOS);
    }
}
