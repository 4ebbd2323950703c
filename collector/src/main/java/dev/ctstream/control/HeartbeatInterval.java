package dev.ctstream.control;

/**
 * When a namespace's HEARTBEAT is due: with each interval, but only with each sixth, by default once a minute, while nothing
 * moves in it and others are observed too, because a host may have hundreds of idle namespaces.
 *
 * <p>Threads: confined to one thread at a time.
 */
public final class HeartbeatInterval {
    /** Intervals from one heartbeat of an idle namespace to the next. */
    private static final int IDLE_INTERVALS = 6;

    private final long idleNanos;
    private long reportedActivity;
    private long reportedNanos;

    /** Begins with STARTED at this time. */
    HeartbeatInterval(long intervalNanos, long nowNanos) {
        idleNanos = IDLE_INTERVALS * intervalNanos - intervalNanos / 2; // the sixth may come a little early
        reportedNanos = nowNanos;
    }

    /**
     * Whether a heartbeat is due when an interval has passed.
     *
     * @param activity sum of counters that rise when something happens in the namespace
     * @param alone whether no other namespace is observed
     */
    boolean isDue(long activity, boolean alone, long nowNanos) {
        return alone || activity != reportedActivity || nowNanos - reportedNanos >= idleNanos;
    }

    /**
     * Mean number of intervals from one heartbeat to the next of a namespace that is not alone.
     *
     * @param idle probability that nothing moves in it in an interval
     */
    public static double meanIntervals(double idle) {
        double mean = 0;
        double still = 1;
        for (int interval = 0; interval < IDLE_INTERVALS; interval++) {
            mean += still;
            still *= idle;
        }
        return mean;
    }

    /** A heartbeat with this activity was handed over. */
    void reported(long activity, long nowNanos) {
        reportedActivity = activity;
        reportedNanos = nowNanos;
    }
}
