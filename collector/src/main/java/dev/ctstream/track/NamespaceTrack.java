package dev.ctstream.track;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
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

    /** {@link EventSource#selective}. */
    final boolean selective;

    final LossWindow losses;

    long received;
    long unknownAttributes;
    long live;
    long untracked;
    /** Events of flows that the source does not follow. */
    long filtered;

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
        selective = source.selective();
        losses = new LossWindow(lossWindowNanos, shared.addedTimeNanos, source.reliable());
    }

    /** Whether an event or entry of an unknown flow makes it followed. */
    boolean opens(FlowEvent event) {
        return !selective || source.opens(event);
    }

    /**
     * Whether the DESTROY of an unknown flow is forwarded. A flow for which the ledger had no room may have been followed;
     * once there was one, every DESTROY is forwarded.
     */
    boolean ends(FlowEvent destroy) {
        return untracked > 0 || opens(destroy);
    }

    /** Publishes the counts to other threads. */
    void publish() {
        TrackedNamespace.Counts last = shared.counts();
        if (last.received() != received
                || last.unknownAttributes() != unknownAttributes
                || last.live() != live
                || last.untracked() != untracked) {
            shared.publish(new TrackedNamespace.Counts(received, filtered, unknownAttributes, live, untracked));
        }
    }
}
