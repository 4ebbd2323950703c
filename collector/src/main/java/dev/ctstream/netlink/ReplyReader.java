package dev.ctstream.netlink;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Interprets the datagrams that answer one datagram of requests: which messages belong to the answer, which carry data,
 * which one ends it.
 *
 * <p>A dump ends with {@code NLMSG_DONE}. Every other answer ends with the acknowledgement of its last request: for a
 * single conntrack entry the kernel sets {@code NLM_F_MULTI} although no DONE follows.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Source: {@code netlink_ack}, {@code netlink_dump_done} in {@code net/netlink/af_netlink.c}.
 */
final class ReplyReader {
    enum Verdict {
        MORE,
        COMPLETE,
        STOPPED,
        MALFORMED,
        OVERRUN
    }

    private final MessageCursor cursor = new MessageCursor();
    private boolean dump;
    private long portId;
    private long firstSequence;
    private long lastSequence;
    private long awaitedSequence;
    private boolean stopped;
    private boolean interrupted;
    private @Nullable Refusal refusal;

    /** Starts over for the requests with these sequences, of which {@code awaited} will be acknowledged last. */
    void expect(boolean dump, long portId, long first, long last, long awaited) {
        this.dump = dump;
        this.portId = portId;
        firstSequence = first;
        lastSequence = last;
        awaitedSequence = awaited;
        stopped = false;
        interrupted = false;
        refusal = null;
    }

    /** The first refusal so far. */
    @Nullable
    Refusal refusal() {
        return refusal;
    }

    /** Whether the kernel reported that the table changed during the dump ({@code NLM_F_DUMP_INTR}). */
    boolean interrupted() {
        return interrupted;
    }

    /** Makes {@link #read} end after the current message. */
    void stop() {
        stopped = true;
    }

    /** Undoes {@link #stop}. */
    void resume() {
        stopped = false;
    }

    Verdict read(ByteBuffer buffer, int offset, int lengthBytes, RequestChannel.ReplyHandler handler)
            throws NetlinkException {
        cursor.wrap(buffer, offset, lengthBytes);
        while (cursor.next()) {
            long sequence = cursor.sequence();
            if (cursor.portId() != portId || sequence < firstSequence || sequence > lastSequence) {
                continue; // an answer to an earlier, abandoned request
            }
            Verdict verdict = judge(handler);
            if (verdict != Verdict.MORE) {
                return verdict;
            }
        }
        return cursor.malformed() ? Verdict.MALFORMED : Verdict.MORE;
    }

    private Verdict judge(RequestChannel.ReplyHandler handler) throws NetlinkException {
        return switch (cursor.type()) {
            case NlMsgHdr.NLMSG_ERROR -> acknowledged();
            case NlMsgHdr.NLMSG_DONE -> done();
            case NlMsgHdr.NLMSG_OVERRUN -> Verdict.OVERRUN;
            default -> cursor.type() < NlMsgHdr.NLMSG_MIN_TYPE ? Verdict.MORE : data(handler); // below: NOOP, reserved
        };
    }

    private Verdict data(RequestChannel.ReplyHandler handler) throws NetlinkException {
        interrupted |= (cursor.flags() & NlMsgHdr.NLM_F_DUMP_INTR) != 0;
        handler.onReply(cursor);
        return stopped ? Verdict.STOPPED : Verdict.MORE;
    }

    private Verdict acknowledged() {
        if (cursor.payloadLengthBytes() < NlMsgErr.HEADER_BYTES) {
            return Verdict.MALFORMED;
        }
        noteError();
        return dump || cursor.sequence() == awaitedSequence ? Verdict.COMPLETE : Verdict.MORE;
    }

    private Verdict done() {
        if (!dump) {
            return Verdict.MORE; // the acknowledgement is still to come
        }
        if (cursor.payloadLengthBytes() < NlMsgErr.ERROR_BYTES) {
            return Verdict.MALFORMED;
        }
        interrupted |= (cursor.flags() & NlMsgHdr.NLM_F_DUMP_INTR) != 0;
        noteError();
        return Verdict.COMPLETE;
    }

    private void noteError() {
        int error = cursor.buffer().getInt(cursor.payloadOffset() + NlMsgErr.ERROR_OFFSET);
        if (error != 0 && refusal == null) {
            // Some subsystems forget the minus sign; libmnl accepts both, too.
            refusal = Refusal.of(cursor, (int) (cursor.sequence() - firstSequence), Math.abs(error));
        }
    }
}
