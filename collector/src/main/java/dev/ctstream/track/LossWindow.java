package dev.ctstream.track;

/**
 * Kernel losses of one namespace. The window begins at the last reading of the drop counter before the first loss.
 * Losses are summed until the window is old enough; then one GAP declares them. So continuing losses make at most one
 * GAP for each window.
 *
 * <p>In reliable mode the drop counter counts failed attempts. If the mode changed between two readings, the growth may
 * be attempts or losses: it is declared as lost, as an upper bound.
 *
 * <p>Threads: confined to the receive thread.
 */
final class LossWindow {
    private final long windowNanos;
    private boolean open;
    private long openedNanos;
    private long lost;
    private long attempts;
    private boolean exact;
    private long startTimeNanos;
    private long endTimeNanos;
    private long readTimeNanos;
    private boolean reliableBefore;
    private int switchesBefore;

    /** A window that is declared {@code windowNanos} after it opens; {@code nowTimeNanos} counts as the first reading. */
    LossWindow(long windowNanos, long nowTimeNanos, boolean reliable) {
        this.windowNanos = windowNanos;
        readTimeNanos = nowTimeNanos;
        reliableBefore = reliable;
    }

    /**
     * Takes a reading of the drop counter.
     *
     * @param delta growth since the previous reading
     * @param timeNanos ns since 1970-01-01 UTC
     * @param mode current delivery mode
     * @param exactLosses false when losses may be counted more than once
     * @return events lost: the growth of {@code lost_total}
     */
    long onReading(long delta, long timeNanos, TrackedNamespace.Delivery mode, boolean exactLosses) {
        boolean steady = mode.switches() == switchesBefore;
        boolean onlyAttempts = steady && reliableBefore;
        if (delta != 0) {
            if (!open) {
                begin();
            }
            if (onlyAttempts) {
                attempts += delta;
            } else {
                lost += delta;
                exact &= exactLosses && steady;
            }
            endTimeNanos = timeNanos;
        }
        readTimeNanos = timeNanos;
        switchesBefore = mode.switches();
        reliableBefore = mode.reliable();
        return onlyAttempts ? 0 : delta;
    }

    private void begin() {
        open = true;
        openedNanos = 0;
        lost = 0;
        attempts = 0;
        exact = true;
        startTimeNanos = readTimeNanos;
    }

    /**
     * Nanoseconds until the window must be declared; {@link Long#MAX_VALUE} when nothing was lost.
     *
     * @param nowNanos {@link System#nanoTime}
     */
    long dueIn(long nowNanos) {
        if (!open) {
            return Long.MAX_VALUE;
        }
        if (openedNanos == 0) {
            openedNanos = nowNanos == 0 ? 1 : nowNanos;
        }
        return Math.max(0, openedNanos + windowNanos - nowNanos);
    }

    /** Whether a loss is not {@link #declared} yet. */
    boolean open() {
        return open;
    }

    /** The losses in the open window. */
    FlowSink.Count count() {
        return new FlowSink.Count(lost, attempts, exact);
    }

    /** Time from the reading before the first loss to the reading of the last loss. */
    FlowSink.Window window() {
        return new FlowSink.Window(startTimeNanos, endTimeNanos);
    }

    /** Closes the window after its losses were declared. */
    void declared() {
        open = false;
    }
}
