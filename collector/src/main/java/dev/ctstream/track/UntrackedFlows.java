package dev.ctstream.track;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowEventHandler;

/**
 * Hands each event to the sink unchanged and keeps no ledger; for commands that only show events. It declares no
 * losses; they are counted in {@code lost_total}.
 *
 * <p>Threads: confined to the receive thread.
 */
public final class UntrackedFlows implements FlowEventHandler {
    private final FlowSink sink;

    /** Creates a handler that forwards to {@code sink}. */
    public UntrackedFlows(FlowSink sink) {
        this.sink = sink;
    }

    @Override
    public void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos) {
        sink.event(source, event, receivedTimeNanos, FlowSink.UNKNOWN);
    }

    @Override
    public void onDrained(EventSource source, long dropsDelta) {
        sink.drained(source, dropsDelta);
    }

    @Override
    public long onPass(long nowNanos) {
        return sink.pass(nowNanos);
    }

    @Override
    public void onRemoved(EventSource source) {
        sink.flush(source); // what cannot be handed over now follows in a later pass
        sink.removed(source);
    }
}
