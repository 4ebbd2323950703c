package dev.ctstream.bench;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowEventHandler;

/** Discards decoded events; the receiver has counted them. */
final class NoHandler implements FlowEventHandler {
    @Override
    public void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos) {}

    @Override
    public void onDrained(EventSource source, long dropsDelta) {}

    @Override
    public long onPass(long nowNanos) {
        return Long.MAX_VALUE;
    }
}
