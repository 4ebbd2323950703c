package dev.ctstream.bench;

import dev.ctstream.netlink.DatagramBatch;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NlMsgHdr;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Creates and deletes entries over ctnetlink, with many requests in one datagram. It creates one window of entries,
 * deletes it, and starts the next. The requests ask for no acknowledgement, so the kernel answers only refusals.
 *
 * <p>It writes DELETE requests itself, without {@code ConntrackTable}, which would first look up each entry's id. This
 * is safe because it runs only in a namespace made for it, and because {@link EntryTemplate} always gives a whole
 * tuple.
 */
final class EntryLoad implements Load {
    /** Maximum of entries alive at a time; fewer at a low rate, so that a window takes at most 0.2 s. */
    static final int MAX_WINDOW = 10_000;

    private static final int WINDOWS_PER_SECOND = 10;

    private static final int FIRST_HOST = 10 << 24 | 2;
    private static final int ERROR_SLOTS = 64;
    private static final int ERROR_BYTES = 512;
    private static final int SEND_BUFFER_BYTES = 1 << 20;
    private static final int V6 = 1;
    private static final int UDP = 2;
    private static final int DELETE = 4;

    private final LoadSpec spec;
    private final NetlinkSocket socket;
    private final ByteBuffer requests;
    private final EntryTemplate[] templates = new EntryTemplate[8];
    private final DatagramBatch replies = new DatagramBatch(ERROR_SLOTS, ERROR_BYTES);
    private final MessageCursor reply = new MessageCursor();
    private final int window;
    private final long limit;
    private boolean deleting;
    private long windowStart;
    private long next;
    private long windowEnd;
    private long begun;
    private long ended;
    private long failedToBegin;
    private long failedToEnd;

    private EntryLoad(LoadSpec spec, long firstFlow, int mostPerStep, NetlinkSocket socket) {
        this.spec = spec;
        this.socket = socket;
        next = firstFlow;
        windowStart = firstFlow;
        limit = spec.flows() == 0 ? Long.MAX_VALUE : firstFlow + spec.flows();
        window = spec.eventsPerSecond() == 0
                ? MAX_WINDOW
                : (int) Math.max(1, Math.min(MAX_WINDOW, spec.eventsPerSecond() / WINDOWS_PER_SECOND));
        windowEnd = Math.min(firstFlow + window, limit);
        int longest = 0;
        for (int i = 0; i < templates.length; i++) {
            templates[i] = EntryTemplate.of((i & DELETE) == 0, (i & V6) != 0, (i & UDP) != 0, spec.zones() > 1);
            longest = Math.max(longest, templates[i].lengthBytes());
        }
        requests = ByteBuffer.allocateDirect(mostPerStep * longest).order(ByteOrder.nativeOrder());
    }

    static EntryLoad open(LoadSpec spec, long firstFlow, int mostPerStep) throws NetlinkException {
        NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER);
        try {
            socket.setOption(NetlinkSocket.SOL_SOCKET, NetlinkSocket.SO_SNDBUF, SEND_BUFFER_BYTES);
            socket.setOption(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_CAP_ACK, 1);
            return new EntryLoad(spec, firstFlow, mostPerStep, socket);
        } catch (NetlinkException e) {
            socket.close();
            throw e;
        }
    }

    @Override
    public int step(int most) throws NetlinkException {
        if (next == windowEnd) {
            turn();
        }
        int count = (int) Math.min(most, windowEnd - next);
        if (count == 0) {
            return 0;
        }
        requests.clear();
        for (int i = 0; i < count; i++) {
            write(next++);
        }
        socket.send(requests.flip());
        long refused = refused();
        if (deleting) {
            ended += count - refused;
            failedToEnd += refused;
        } else {
            begun += count - refused;
            failedToBegin += refused;
        }
        return count;
    }

    /** Switches from creating a window to deleting it, or to the next window. */
    private void turn() {
        if (deleting) {
            windowStart = windowEnd;
            windowEnd = Math.min(windowEnd + window, limit);
        }
        next = windowStart;
        deleting = !deleting;
    }

    @Override
    public boolean settled() {
        return deleting ? next == windowEnd : next == windowStart;
    }

    private void write(long flow) {
        int template = (spec.in(spec.ipv6Percent(), flow) ? V6 : 0)
                | (spec.in(spec.udpPercent(), ~flow) ? UDP : 0)
                | (deleting ? DELETE : 0);
        int host = FIRST_HOST + (int) (flow / PacketLoad.PORTS);
        int port = PacketLoad.FIRST_PORT + (int) (flow % PacketLoad.PORTS);
        templates[template].write(requests, host, port, (int) (flow % spec.zones()));
    }

    private long refused() throws NetlinkException {
        long refused = 0;
        int count = replies.receive(socket);
        while (count != DatagramBatch.DRY) {
            for (int slot = 0; slot < count; slot++) {
                if (!replies.fromKernel(slot)) {
                    continue;
                }
                reply.wrap(replies.buffer(), replies.offset(slot), replies.lengthBytes(slot));
                while (reply.next()) {
                    refused += reply.type() == NlMsgHdr.NLMSG_ERROR ? 1 : 0;
                }
            }
            count = replies.receive(socket);
        }
        return refused;
    }

    @Override
    public long next() {
        return windowEnd;
    }

    @Override
    public long begun() {
        return begun;
    }

    @Override
    public long ended() {
        return ended;
    }

    @Override
    public long failed() {
        return failedToBegin + failedToEnd;
    }

    @Override
    public void close() {
        replies.close();
        socket.close();
    }
}
