package dev.ctstream.control;

import java.util.concurrent.TimeUnit;

/**
 * When a namespace's HEARTBEAT is due: with each interval, but once a minute while nothing moves in it and others are
 * observed too, because a host may have hundreds of idle namespaces.
 *
 * <p>Threads: confined to one thread at a time.
 */
final class HeartbeatInterval {
    /** From one heartbeat of an idle namespace to the next. */
    static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private long reportedActivity;
    private long reportedNanos;

    /** Begins with STARTED at this time. */
    HeartbeatInterval(long nowNanos) {
        reportedNanos = nowNanos;
    }

    /**
     * Whether a heartbeat is due when an interval has passed.
     *
     * @param activity sum of counters that rise when something happens in the namespace
     * @param alone whether no other namespace is observed
     */
    boolean isDue(long activity, boolean alone, long nowNanos) {
        return alone || activity != reportedActivity || nowNanos - reportedNanos >= IDLE_NANOS;
    }

    /** A heartbeat with this activity was handed over. */
    void reported(long activity, long nowNanos) {
        reportedActivity = activity;
        reportedNanos = nowNanos;
    }
}
