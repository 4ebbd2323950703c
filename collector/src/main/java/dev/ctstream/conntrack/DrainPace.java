package dev.ctstream.conntrack;

/**
 * How long the receive thread pauses after a drain, so that events pile up and many are taken by one system call. Waking
 * up for each event costs the reader twice as much and the packet path about 1 us more. A wake-up costs some 20 us of CPU:
 * with 1 ms, 2 us for each event at 10 000 events/s, 0.2 us at 100 000.
 *
 * <p>The pause is 4 ms, at most a quarter of the time in which {@link #PEAK_EVENTS_PER_SECOND} fill the smallest
 * receive buffer; none at all when that buffer holds less than {@link #SMALLEST_CAPACITY_EVENTS}.
 */
final class DrainPace {
    /** What the kernel charges to the receive buffer for each event, whatever its length. Measured. */
    static final int EVENT_CHARGE_BYTES = 1280;

    static final long LONGEST_PAUSE_NANOS = 4_000_000;
    static final long PEAK_EVENTS_PER_SECOND = 300_000;
    static final long SMALLEST_CAPACITY_EVENTS = 10_000;

    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long SAFETY_FACTOR = 4;

    private DrainPace() {}

    /** Events that a receive buffer holds; {@code effectiveBytes} as {@code getsockopt} reports it. */
    static long capacityEvents(long effectiveBytes) {
        return effectiveBytes / EVENT_CHARGE_BYTES;
    }

    /** The pause in nanoseconds when the smallest buffer holds this many events; 0 = none. */
    static long pauseNanos(long capacityEvents) {
        if (capacityEvents < SMALLEST_CAPACITY_EVENTS) {
            return 0;
        }
        long quarterFull = capacityEvents * (NANOS_PER_SECOND / SAFETY_FACTOR) / PEAK_EVENTS_PER_SECOND;
        return Math.min(quarterFull, LONGEST_PAUSE_NANOS);
    }
}
