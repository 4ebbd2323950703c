package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import org.jspecify.annotations.Nullable;

/**
 * A namespace whose events are received.
 *
 * <p>Ownership: borrows both; the namespace's handle must stay open until the namespace has been removed again.
 *
 * @param socket receives its events
 * @param namespace null = the collector's own
 * @param foundBy how it was found
 * @param named see {@link NamespaceAccess#named}
 */
public record ObservedNamespace(
        EventSocket socket, @Nullable NetworkNamespace namespace, ControlRecord.FoundBy foundBy, boolean named)
        implements NamespaceAccess {
    /** One that the configuration names. */
    public ObservedNamespace(EventSocket socket, @Nullable NetworkNamespace namespace) {
        this(socket, namespace, ControlRecord.FoundBy.OWN, true);
    }

    @Override
    public EventSource source() {
        return socket;
    }

    @Override
    public long receiveBufferBytes() {
        return socket.grant().effectiveBytes();
    }

    @Override
    public ControlRecord.Sysctls sysctls() {
        return Sysctls.read(namespace);
    }

    @Override
    public ControlRecord.Sysctls manageSysctls() {
        return Sysctls.manage(namespace, netns());
    }

    @Override
    public ConntrackTable openTable() throws NetlinkException {
        return ConntrackTable.open(namespace);
    }

    @Override
    public OtherListeners otherListeners() {
        return new ReliableListeners(namespace, netns(), socket.socket().portId());
    }
}
