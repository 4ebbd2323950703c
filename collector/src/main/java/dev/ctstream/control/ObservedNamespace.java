package dev.ctstream.control;

import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.record.StreamId;
import org.jspecify.annotations.Nullable;

/**
 * A namespace whose events are received.
 *
 * <p>Ownership: borrows both; the namespace's handle must stay open until the namespace has been removed again.
 *
 * @param socket receives its events
 * @param namespace null = the collector's own
 */
public record ObservedNamespace(
        EventSocket socket, @Nullable NetworkNamespace namespace) {
    /** Name of the namespace; {@code host} for the collector's own. */
    public String netns() {
        return socket.netns();
    }

    /** The stream of its control records. */
    public StreamId control() {
        return StreamId.control(socket.netns(), socket.netnsId());
    }
}
