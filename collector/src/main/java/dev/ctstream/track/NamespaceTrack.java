package dev.ctstream.track;

import dev.ctstream.conntrack.EventSource;
import org.jspecify.annotations.Nullable;

/**
 * The receive thread's state of one source (the event socket of a namespace).
 *
 * <p>Threads: confined to the receive thread, which publishes the counts at each drain. Other threads use the
 * {@link TrackedNamespace}.
 */
public final class NamespaceTrack {
    /** The namespace's event socket. */
    public final EventSource source;

    final TrackedNamespace shared;
    final LossWindow losses;

    long received;
    long unknownAttributes;
    long live;
    long untracked;

    /** Events that the sink has refused since the last drain. */
    long refused;

    /** Number of the last dump that began. */
    int generation;

    /** Whether a complete dump has set {@link #interimNanos}. */
    boolean interimBegun;

    /** When the last complete dump began, {@link System#nanoTime}; see {@link InterimSchedule}. */
    long interimNanos;

    /** The dump in progress, null = none. */
    @Nullable
    DumpProgress dump;

    /** A dump that has ended and whose events are not handed over yet, null = none. */
    @Nullable
    DumpResult ended;

    NamespaceTrack(TrackedNamespace shared, long lossWindowNanos) {
        this.source = shared.source;
        this.shared = shared;
        losses = new LossWindow(lossWindowNanos, shared.addedTimeNanos, source.reliable());
    }

    /** Publishes the counts to other threads. */
    void publish() {
        TrackedNamespace.Counts last = shared.counts();
        if (last.received() != received
                || last.unknownAttributes() != unknownAttributes
                || last.live() != live
                || last.untracked() != untracked) {
            shared.publish(new TrackedNamespace.Counts(received, unknownAttributes, live, untracked));
        }
    }
}
