package dev.ctstream.netlink;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to the kernel and waits for the answers: one socket, one request at a time.
 *
 * <p>Replies are received into one fixed buffer of 64 KiB: a dump loses entries silently when a receive buffer is
 * smaller than an earlier one on the same socket. A truncated datagram is a failure. Replies count only when they come
 * from the kernel and carry this request's sequence and this socket's port id.
 *
 * <p>Ownership: owns its socket. A message given to a handler is valid until the handler returns.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Errors: a refused request is a {@link NetlinkException} with the kernel's errno and text, and the channel stays
 * usable. After a timeout, lost replies (ENOBUFS), a truncated or malformed datagram it is broken: every later request
 * fails with EIO, and a new channel must be opened.
 *
 * <p>Source: {@code netlink(7)}, {@code net/netlink/af_netlink.c}.
 */
public final class RequestChannel implements AutoCloseable {
    /** How long the kernel may stay silent before a request is abandoned. */
    static final long REPLY_TIMEOUT_MILLIS = 10_000;

    /** The kernel packs at most 32 KiB into a datagram of a dump; larger buffers gain nothing. */
    private static final int BUFFER_BYTES = 64 * 1024;

    /** {@code netlink_sendmsg} refuses a datagram longer than the send buffer minus this. */
    private static final int SEND_OVERHEAD_BYTES = 32;

    private static final long LAST_SEQUENCE = 0x7FFF_FFFFL;

    private final NetlinkSocket socket;
    private final ReplyReceiver receiver = new ReplyReceiver(BUFFER_BYTES);
    private final ReplyReader reader = new ReplyReader();
    private final MessageCursor cursor = new MessageCursor();
    private long nextSequence = 1 + (System.nanoTime() & 0xFFFFFF);
    private boolean busy;
    private boolean unsettled;
    private @Nullable NetlinkException broken;

    private RequestChannel(NetlinkSocket socket) {
        this.socket = socket;
    }

    /** Receives the data messages of an answer. */
    @FunctionalInterface
    public interface ReplyHandler {
        /**
         * Handles one reply.
         *
         * @param message positioned on the reply; borrowed until return
         */
        void onReply(MessageCursor message) throws NetlinkException;
    }

    /** Opens a channel in the calling thread's network namespace. */
    public static RequestChannel open(int protocol) throws NetlinkException {
        return prepare(NetlinkSocket.open(protocol));
    }

    /** Opens a channel into another network namespace; it may then be used by any thread. */
    public static RequestChannel open(NetworkNamespace namespace, int protocol) throws NetlinkException {
        return prepare(NetlinkSocket.open(namespace, protocol));
    }

    private static RequestChannel prepare(NetlinkSocket socket) throws NetlinkException {
        try {
            socket.setOption(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_EXT_ACK, 1);
            socket.setOption(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_CAP_ACK, 1);
            return new RequestChannel(socket);
        } catch (NetlinkException e) {
            socket.close();
            throw e;
        }
    }

    /** Datagrams on the channels of this process that the kernel did not send; none was read. Any thread. */
    public static long foreignTotal() {
        return ReplyReceiver.foreignTotal();
    }

    /** {@code nlmsg_pid} of events that this channel's requests cause, u32. */
    public long portId() {
        return socket.portId();
    }

    /** As {@link NetlinkSocket#netnsId}, for the namespace whose kernel state the requests read and change. */
    public String netnsId() throws NetlinkException {
        return socket.netnsId();
    }

    /** Sends one request and waits until the kernel has executed it. Adds {@code NLM_F_REQUEST | NLM_F_ACK}. */
    public void execute(MessageWriter request) throws NetlinkException {
        query(request, message -> {});
    }

    /** Sends one request whose answer is data, and waits for all of it. Adds {@code NLM_F_REQUEST | NLM_F_ACK}. */
    public void query(MessageWriter request, ReplyHandler handler) throws NetlinkException {
        converse(request.finish(), NlMsgHdr.NLM_F_REQUEST | NlMsgHdr.NLM_F_ACK, handler);
        throwRefusal(request);
    }

    /**
     * Sends one dump request and waits for the end of the dump. Adds {@code NLM_F_REQUEST | NLM_F_DUMP}. The handler may
     * throw or call {@link #stopDump}: the rest is then dropped before the channel's next request.
     */
    public void dump(MessageWriter request, ReplyHandler handler) throws NetlinkException {
        converse(request.finish(), NlMsgHdr.NLM_F_REQUEST | NlMsgHdr.NLM_F_DUMP, handler);
        throwRefusal(request);
        if (reader.interrupted()) {
            String reason = "the table changed during the dump";
            throw new NetlinkException(operation(request), Errno.EINTR, reason, NetlinkException.NO_OFFSET);
        }
    }

    /** For a dump's handler: no more replies are wanted. */
    public void stopDump() {
        reader.stop();
    }

    /**
     * Sends several requests in one datagram. Adds {@code NLM_F_REQUEST}; the caller sets {@code NLM_F_ACK} at least on
     * the request whose completion it waits for: the last one, or in an nf_tables batch the last one before the end
     * marker.
     *
     * @return the first refusal, null when there was none
     */
    public @Nullable Refusal transact(MessageWriter batch) throws NetlinkException {
        ByteBuffer datagram = batch.finish();
        int sendBytes = datagram.remaining() + SEND_OVERHEAD_BYTES;
        if (sendBytes > socket.option(NetlinkSocket.SOL_SOCKET, NetlinkSocket.SO_SNDBUF)) {
            socket.setOption(NetlinkSocket.SOL_SOCKET, NetlinkSocket.SO_SNDBUF, sendBytes);
        }
        converse(datagram, NlMsgHdr.NLM_F_REQUEST, message -> {});
        return reader.refusal();
    }

    private void converse(ByteBuffer datagram, int flags, ReplyHandler handler) throws NetlinkException {
        if (busy) {
            throw new IllegalStateException("a handler must not use the channel that called it");
        }
        busy = true;
        try {
            settle();
            stamp(datagram, flags);
            socket.send(datagram);
            unsettled = true;
            awaitEnd(handler);
        } finally {
            busy = false;
        }
    }

    /** Adds the flags, gives every request its sequence and tells the reader what to expect. */
    private void stamp(ByteBuffer datagram, int flags) {
        if (nextSequence > LAST_SEQUENCE) {
            nextSequence = 1; // 0 is the sequence of events
        }
        long first = nextSequence;
        long awaited = first;
        cursor.wrap(datagram, 0, datagram.remaining());
        while (cursor.next()) {
            int all = cursor.flags() | flags;
            datagram.putShort(cursor.offset() + NlMsgHdr.FLAGS_OFFSET, (short) all);
            datagram.putInt(cursor.offset() + NlMsgHdr.SEQUENCE_OFFSET, (int) nextSequence);
            if ((all & NlMsgHdr.NLM_F_ACK) != 0) {
                awaited = nextSequence;
            }
            nextSequence++;
        }
        boolean dump = (flags & NlMsgHdr.NLM_F_DUMP) == NlMsgHdr.NLM_F_DUMP;
        reader.expect(dump, socket.portId(), first, nextSequence - 1, awaited);
    }

    private void awaitEnd(ReplyHandler handler) throws NetlinkException {
        while (true) {
            // The kernel answers before send returns; when it refuses the whole datagram, no acknowledgement may
            // follow.
            boolean refused = reader.refusal() != null;
            int length = receive(refused ? 0 : REPLY_TIMEOUT_MILLIS);
            if (length == 0 && !refused) {
                throw breakWith(Errno.ETIMEDOUT, "the kernel sent no reply for " + REPLY_TIMEOUT_MILLIS + " ms");
            }
            ReplyReader.Verdict verdict =
                    length == 0 ? ReplyReader.Verdict.COMPLETE : reader.read(receiver.buffer(), 0, length, handler);
            switch (verdict) {
                case MORE -> {}
                case COMPLETE -> unsettled = false;
                case STOPPED -> {}
                case MALFORMED -> throw breakWith(Errno.EBADMSG, "a reply is malformed");
                case OVERRUN -> throw breakWith(Errno.ENOBUFS, "replies were lost");
            }
            if (verdict != ReplyReader.Verdict.MORE) {
                return;
            }
        }
    }

    private int receive(long timeoutMillis) throws NetlinkException {
        try {
            return receiver.receive(socket, timeoutMillis);
        } catch (NetlinkException e) {
            broken = e;
            throw e;
        }
    }

    private NetlinkException breakWith(int errno, String reason) {
        broken = new NetlinkException("receive the reply", errno, reason, NetlinkException.NO_OFFSET);
        return broken;
    }

    /** Drops the rest of an answer that was not fully read. */
    private void settle() throws NetlinkException {
        if (broken != null) {
            throw new NetlinkException(
                    "use a broken request channel", Errno.EIO, broken.getMessage(), NetlinkException.NO_OFFSET);
        }
        if (unsettled) {
            reader.resume();
            awaitEnd(message -> {});
        }
    }

    private void throwRefusal(MessageWriter request) throws NetlinkException {
        Refusal refusal = reader.refusal();
        if (refusal != null) {
            throw refusal.during(operation(request));
        }
    }

    private static String operation(MessageWriter request) {
        return String.format("netlink request 0x%04x", request.finish().getShort(NlMsgHdr.TYPE_OFFSET));
    }

    @Override
    public void close() {
        socket.close();
    }
}
