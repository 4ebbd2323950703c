package dev.ctstream.track;

import dev.ctstream.netlink.StageClock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The kernel's losses in all namespaces. Sums the readings of the drop counters, and declares each namespace's window
 * when it is due. A window that the sink cannot take stays open.
 *
 * <p>Threads: confined to the receive thread, except {@link #onGap}.
 */
final class KernelLosses {
    /** Delay of the next attempt when the sink has refused a loss. */
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final FlowSink sink;
    private final TrackMetrics metrics;
    private final StageClock clock;
    private final List<NamespaceTrack> open = new ArrayList<>();
    private volatile Runnable onGap = () -> {};

    KernelLosses(FlowSink sink, TrackMetrics metrics, StageClock clock) {
        this.sink = sink;
        this.metrics = metrics;
        this.clock = clock;
    }

    /** See {@link FlowTracker#onGap}. Any thread. */
    void onGap(Runnable listener) {
        onGap = listener;
    }

    /** Takes a reading of the drop counter; returns the number of events lost since the previous reading. */
    long read(NamespaceTrack track, long dropsDelta) {
        TrackedNamespace shared = track.shared;
        if (dropsDelta != 0 && !track.losses.open()) {
            open.add(track);
        }
        return track.losses.onReading(dropsDelta, clock.realtimeNanos(), shared.delivery(), shared.exactLosses());
    }

    /**
     * Declares the windows that are due, or all windows.
     *
     * @param nowNanos {@link System#nanoTime}
     * @return nanoseconds until the next window is due; {@link Long#MAX_VALUE} = nothing was lost
     */
    long declare(long nowNanos, boolean all) {
        long wait = Long.MAX_VALUE;
        for (int i = open.size() - 1; i >= 0; i--) {
            NamespaceTrack track = open.get(i);
            long due = track.losses.dueIn(nowNanos);
            if ((due == 0 || all) && declare(track, nowNanos)) {
                open.remove(i);
            } else {
                wait = Math.min(wait, due == 0 ? RETRY_NANOS : due);
            }
        }
        return wait;
    }

    /** Declares all windows; returns false when the sink has refused some. */
    boolean declareAll(long nowNanos) {
        declare(nowNanos, true);
        return open.isEmpty();
    }

    private boolean declare(NamespaceTrack track, long nowNanos) {
        if (!sink.lost(track.source, track.losses.count(), track.losses.window())) {
            return false;
        }
        track.losses.declared();
        metrics.gaps.increment();
        if (track.shared.dumps().addGap(nowNanos)) {
            onGap.run();
        }
        return true;
    }
}
