package dev.ctstream.track;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Reports to other threads that a dump has ended, or that a removed namespace is finished, after everything of the
 * namespace has been handed over. So whatever another thread makes of the report follows those events. While the sink
 * cannot take everything, the report waits and is tried again in later passes.
 *
 * <p>Bounds: at most one report for each dump in progress and each removed namespace.
 *
 * <p>Threads: confined to the receive thread.
 */
final class Endings {
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final FlowSink sink;
    private final List<NamespaceTrack> waiting = new ArrayList<>();
    private long passNanos;
    private long retryNanos;

    Endings(FlowSink sink, long nowNanos) {
        this.sink = sink;
        passNanos = nowNanos;
    }

    /** The dump has ended; its result is published now or in a later pass. */
    void ended(NamespaceTrack track, DumpResult dump) {
        track.ended = dump;
        report(track);
    }

    /** The namespace is removed: nobody waits for the result of its dump any more. */
    void removed(NamespaceTrack track) {
        track.ended = null;
        waiting.remove(track);
    }

    /** The namespace is removed and no more events of it will come; it is finished now or in a later pass. */
    void finished(NamespaceTrack track) {
        report(track);
    }

    private void report(NamespaceTrack track) {
        if (!reported(track)) {
            retryNanos = waiting.isEmpty() ? passNanos + RETRY_NANOS : retryNanos;
            waiting.add(track);
        }
    }

    private boolean reported(NamespaceTrack track) {
        boolean removed = track.shared.removed();
        if (removed && track.losses.open()) {
            return false; // its GAP must precede the report too
        }
        if (!sink.flush(track.source)) {
            return false;
        }
        track.publish();
        DumpResult dump = track.ended;
        if (dump != null) {
            track.ended = null;
            track.shared.dumps().end(dump);
        }
        if (removed) {
            sink.removed(track.source);
            track.shared.setFinished();
        }
        return true;
    }

    /**
     * Tries the waiting reports again, if it is time. Call it in each pass.
     *
     * @param nowNanos {@link System#nanoTime}
     * @return nanoseconds until the next attempt; {@link Long#MAX_VALUE} = nothing waits
     */
    long retry(long nowNanos) {
        passNanos = nowNanos;
        if (!waiting.isEmpty() && nowNanos - retryNanos >= 0) {
            retryNanos = nowNanos + RETRY_NANOS;
            retryNow();
        }
        return waiting.isEmpty() ? Long.MAX_VALUE : retryNanos - nowNanos;
    }

    /** Tries all waiting reports again; returns false when some still wait. */
    boolean retryNow() {
        waiting.removeIf(this::reported);
        return waiting.isEmpty();
    }
}
