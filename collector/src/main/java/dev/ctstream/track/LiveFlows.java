package dev.ctstream.track;

import dev.ctstream.conntrack.FlowEvent;

/**
 * Changes the ledger. Counts each change in the {@link NamespaceTrack} of the flow's namespace, and reports to the sink
 * each flow that disappeared without a DESTROY.
 *
 * <p>Threads: confined to the receive thread.
 */
final class LiveFlows {
    final FlowLedger ledger;
    private final FlowSink sink;
    private final TrackMetrics metrics;
    private final InferredDestroy message = new InferredDestroy();
    private long share = Long.MAX_VALUE;

    LiveFlows(FlowLedger ledger, FlowSink sink, TrackMetrics metrics) {
        this.ledger = ledger;
        this.sink = sink;
        this.metrics = metrics;
    }

    /** Most flows of one namespace. */
    void share(long most) {
        share = most;
    }

    /** The flow with this identity; {@link FlowLedger#NONE} when it is unknown. */
    int find(FlowIdentity identity) {
        return ledger.find(identity, identity.hash());
    }

    /** The record; valid until the next call. */
    LedgerEntry record(int reference) {
        return ledger.record(reference);
    }

    /** Adds an unknown flow; {@link FlowLedger#NONE} when there is no room, or the namespace has used its share. */
    int add(NamespaceTrack track, FlowEvent event, FlowIdentity identity) {
        if (track.live >= share) {
            return FlowLedger.NONE;
        }
        int reference = ledger.add(identity, identity.hash(), event, track.generation);
        if (reference != FlowLedger.NONE) {
            track.live++;
            track.shared.countLive(identity.zone, 1);
        }
        return reference;
    }

    /** Counts a flow that {@link #add} has refused. */
    void countUntracked(NamespaceTrack track) {
        track.untracked++;
        metrics.untracked.increment();
    }

    /** Takes over the event's values if the flow is known; returns the flow's begin sequence. */
    long refresh(NamespaceTrack track, FlowEvent event, int reference) {
        if (reference == FlowLedger.NONE) {
            return FlowSink.UNKNOWN;
        }
        LedgerEntry flow = ledger.record(reference);
        flow.update(event);
        flow.seen(track.generation);
        return flow.beginSequence();
    }

    /** Removes a flow whose DESTROY has arrived. */
    void remove(NamespaceTrack track, int reference, FlowIdentity identity) {
        ledger.remove(reference, identity.hash());
        track.live--;
        track.shared.countLive(identity.zone, -1);
    }

    /** Closes a flow that disappeared without a DESTROY. */
    void closeInferred(NamespaceTrack track, int reference) {
        LedgerEntry flow = ledger.record(reference);
        track.shared.countLive(flow.zone(), -1);
        sink.inferred(track.source, message.destroy(flow), flow.beginSequence());
        ledger.remove(reference);
        track.live--;
        metrics.inferred.increment();
    }
}
