package dev.ctstream.netlink;

import java.nio.ByteBuffer;

/**
 * Iterates over the netlink messages of one datagram in place; allocates nothing. An event datagram holds one message,
 * a dump datagram many.
 *
 * <p>Ownership: borrows the buffer; a position is valid until the owner receives into it again.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Errors: malformed input never throws. Iteration ends and {@link #malformed()} turns true.
 *
 * <p>Source: {@code uapi/linux/netlink.h}, {@code NLMSG_OK} and {@code NLMSG_NEXT}.
 */
public final class MessageCursor {
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private int next;
    private int end;
    private int offset;
    private int lengthBytes;
    private boolean malformed;

    /**
     * Positions the cursor before the first message of the datagram at {@code [offset, offset + lengthBytes)}.
     *
     * @param buffer in the host's byte order; must hold the whole range
     */
    public MessageCursor wrap(ByteBuffer buffer, int offset, int lengthBytes) {
        this.buffer = buffer;
        next = offset;
        end = offset + lengthBytes;
        malformed = false;
        return this;
    }

    /** Moves to the next message; false at the end, or when the remaining bytes are not a valid message. */
    public boolean next() {
        int left = end - next;
        if (left < NlMsgHdr.HEADER_BYTES) {
            malformed |= left > 0;
            return false;
        }
        int length = buffer.getInt(next + NlMsgHdr.LENGTH_OFFSET);
        if (length < NlMsgHdr.HEADER_BYTES || length > left) { // a u32 above 2 GiB is negative here
            malformed = true;
            next = end;
            return false;
        }
        offset = next;
        lengthBytes = length;
        next = offset + Math.min(NlMsgHdr.align(length), left);
        return true;
    }

    /** The buffer that the positions refer to. */
    public ByteBuffer buffer() {
        return buffer;
    }

    /** Position of the message's header in the buffer. */
    public int offset() {
        return offset;
    }

    /** Length of the message, header included, padding excluded. */
    public int lengthBytes() {
        return lengthBytes;
    }

    /** Position of the payload, which follows the header. */
    public int payloadOffset() {
        return offset + NlMsgHdr.HEADER_BYTES;
    }

    /** Length of the payload. */
    public int payloadLengthBytes() {
        return lengthBytes - NlMsgHdr.HEADER_BYTES;
    }

    /** {@code nlmsg_type}: a control message below {@link NlMsgHdr#NLMSG_MIN_TYPE}, else the subsystem's own. */
    public int type() {
        return buffer.getShort(offset + NlMsgHdr.TYPE_OFFSET) & 0xFFFF;
    }

    /** {@code nlmsg_flags}, {@code NLM_F_*}. */
    public int flags() {
        return buffer.getShort(offset + NlMsgHdr.FLAGS_OFFSET) & 0xFFFF;
    }

    /** {@code nlmsg_seq}, u32. */
    public long sequence() {
        return buffer.getInt(offset + NlMsgHdr.SEQUENCE_OFFSET) & 0xFFFF_FFFFL;
    }

    /** {@code nlmsg_pid}, u32. */
    public long portId() {
        return buffer.getInt(offset + NlMsgHdr.PORT_ID_OFFSET) & 0xFFFF_FFFFL;
    }

    /** Whether iteration ended at bytes that are not a valid message; sticky until the next {@link #wrap}. */
    public boolean malformed() {
        return malformed;
    }
}
