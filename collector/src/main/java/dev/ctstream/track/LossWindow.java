package dev.ctstream.track;

import dev.ctstream.batch.ControlRecord;
import org.jspecify.annotations.Nullable;

/**
 * Kernel losses of one namespace: from the reading of the drop counter before the first loss on they are added up, and
 * declared by one GAP when the window is old enough. So there is at most one GAP for each window while losses go on.
 *
 * <p>In reliable mode the drop counter counts failed attempts. What was counted between two readings of different modes
 * may be either: it is declared as lost, as an upper bound.
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

    /** A window that is declared {@code windowNanos} after it opened; {@code nowTimeNanos} stands for the first reading. */
    LossWindow(long windowNanos, long nowTimeNanos, boolean reliable) {
        this.windowNanos = windowNanos;
        readTimeNanos = nowTimeNanos;
        reliableBefore = reliable;
    }

    /**
     * The drop counter was read.
     *
     * @param delta growth since the reading before
     * @param timeNanos ns since 1970-01-01 UTC
     * @param track with the mode in force
     * @return events lost: the growth of {@code lost_total}
     */
    long onReading(long delta, long timeNanos, NamespaceTrack track) {
        int switches = track.modeSwitches;
        boolean steady = switches == switchesBefore;
        boolean onlyAttempts = steady && reliableBefore;
        if (delta != 0) {
            if (!open) {
                begin();
            }
            if (onlyAttempts) {
                attempts += delta;
            } else {
                lost += delta;
                exact &= track.exactLosses && steady;
            }
            endTimeNanos = timeNanos;
        }
        readTimeNanos = timeNanos;
        switchesBefore = switches;
        reliableBefore = track.reliable;
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
     * Nanoseconds until {@link #gap} is due; {@link Long#MAX_VALUE} when nothing was lost.
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

    /** What is to be declared, null = nothing. It stays until {@link #declared}. */
    @Nullable
    Declaration gap() {
        if (!open) {
            return null;
        }
        ControlRecord.Window window = new ControlRecord.Window(startTimeNanos, endTimeNanos);
        return new Declaration(lost, attempts, exact, window);
    }

    /** The losses so far are declared. */
    void declared() {
        open = false;
    }

    /** One window's losses. */
    record Declaration(long lost, long attempts, boolean exact, ControlRecord.Window window) {
        ControlRecord.Gap record() {
            boolean onlyAttempts = lost == 0 && attempts > 0;
            ControlRecord.Count count = new ControlRecord.Count(
                    onlyAttempts ? null : lost, null, attempts > 0 ? attempts : null, exact && attempts == 0);
            return new ControlRecord.Gap(ControlRecord.CAUSE_KERNEL, ControlRecord.Lost.kernel(count), window, null);
        }
    }
}
