package dev.ctstream.control;

import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.SocketDiagnosis;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds other processes' reliable sockets in a namespace. While such a socket cannot take an event, the kernel repeats
 * the event to every socket, so that our drop counter may count it more than once.
 *
 * <p>It cannot see a socket that exists only between two checks, a socket in another namespace that listens to all
 * ({@code NETLINK_LISTEN_ALL_NSID}), and any socket on a kernel before 4.19 or without {@code netlink_diag}.
 *
 * <p>Ownership: owns its request channel. Threads: confined to one thread at a time.
 */
final class ReliableListeners implements NamespaceAccess.OtherListeners {
    private static final Logger LOG = LoggerFactory.getLogger(ReliableListeners.class);

    private final @Nullable NetworkNamespace namespace;
    private final String netns;
    private final long ownPortId;
    private @Nullable SocketDiagnosis diagnosis;
    private boolean failed;
    private boolean found;

    ReliableListeners(@Nullable NetworkNamespace namespace, String netns, long ownPortId) {
        this.namespace = namespace;
        this.netns = netns;
        this.ownPortId = ownPortId;
    }

    @Override
    public boolean reliable() {
        if (failed) {
            return false;
        }
        try {
            SocketDiagnosis open = diagnosis;
            if (open == null) {
                open = SocketDiagnosis.open(namespace);
                diagnosis = open;
            }
            for (SocketDiagnosis.Socket socket : open.list(NetlinkSocket.NETLINK_NETFILTER)) {
                if (socket.portId() != ownPortId && Boolean.TRUE.equals(socket.broadcastError())) {
                    report(socket.portId());
                    return true;
                }
            }
        } catch (NetlinkException e) {
            LOG.info("cannot check for other reliable sockets: netns={} reason={}", netns, e.getMessage());
            failed = true;
            close();
        }
        return false;
    }

    private void report(long portId) {
        if (!found) {
            LOG.warn("losses are an upper bound: netns={} portId={} has NETLINK_BROADCAST_ERROR set", netns, portId);
        }
        found = true;
    }

    @Override
    public void close() {
        SocketDiagnosis open = diagnosis;
        diagnosis = null;
        if (open != null) {
            open.close();
        }
    }
}
