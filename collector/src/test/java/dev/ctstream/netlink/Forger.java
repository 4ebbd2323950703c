package dev.ctstream.netlink;

import java.nio.ByteBuffer;

/** A process with CAP_NET_ADMIN in a namespace that sends the kernel's own events to other sockets, as if it were it. */
public final class Forger implements AutoCloseable {
    private static final int SLOT_BYTES = 2112;

    private final NetlinkSocket socket;
    private final int group;
    private final ByteBuffer event = ByteBuffer.allocateDirect(SLOT_BYTES);

    private Forger(NetlinkSocket socket, int group) {
        this.socket = socket;
        this.group = group;
    }

    /**
     * Listens in a namespace.
     *
     * @param group of the events to forge
     */
    public static Forger in(NetworkNamespace namespace, int group) throws NetlinkException {
        NetlinkSocket socket = NetlinkSocket.open(namespace, NetlinkSocket.NETLINK_NETFILTER);
        socket.join(group);
        return new Forger(socket, group);
    }

    /** Takes the next event that the kernel has sent to the group; false when there is none. */
    public boolean learn() throws NetlinkException {
        try (DatagramBatch batch = new DatagramBatch(1, SLOT_BYTES)) {
            if (batch.receive(socket) != 1) {
                return false;
            }
            event.clear()
                    .put(batch.buffer().slice(batch.offset(0), batch.lengthBytes(0)))
                    .flip();
            return batch.fromKernel(0);
        }
    }

    /** Whether it has an event to send. */
    public boolean learned() {
        return event.limit() < event.capacity();
    }

    /** Sends the event to one socket. */
    public void toSocket(long portId) throws NetlinkException {
        socket.sendTo(event, portId, 0);
    }

    /** Sends the event to every member of the group. */
    public void toGroup() throws NetlinkException {
        socket.sendTo(event, 0, 1 << (group - 1)); // the kernel ignores it: it is no request
    }

    @Override
    public void close() {
        socket.close();
    }
}
