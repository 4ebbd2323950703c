package dev.ctstream.netlink;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Iterates over the attributes of one netlink message or one nest in place and reads their values. Allocates nothing
 * except the strings of {@link #text}.
 *
 * <p>Ownership: borrows the buffer; a position is valid until the owner receives into it again.
 *
 * <p>Threads: confined to one thread; keep one cursor per nesting level and re-{@link #wrap} it.
 *
 * <p>Errors: malformed input never throws; it makes {@link #malformed()} true. Bytes that are not a valid attribute end
 * the iteration. A value whose length differs from the one that the accessor reads is 0, and the iteration continues.
 *
 * <p>Source: {@code uapi/linux/netlink.h}, {@code nla_ok} and {@code nla_next} in {@code include/net/netlink.h}.
 */
public final class AttributeCursor {
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private int next;
    private int end;
    private int type;
    private int payloadOffset;
    private int payloadLengthBytes;
    private boolean malformed;

    /**
     * Positions the cursor before the first attribute of {@code [offset, offset + lengthBytes)}.
     *
     * @param buffer in the host's byte order; must hold the whole range
     */
    public AttributeCursor wrap(ByteBuffer buffer, int offset, int lengthBytes) {
        this.buffer = buffer;
        next = offset;
        end = offset + lengthBytes;
        malformed = false;
        return this;
    }

    /**
     * Enters the attributes of a message. A message that ends before {@code from} has none.
     *
     * @param from offset of the first attribute, in bytes from the start of the message's header
     */
    public AttributeCursor wrap(MessageCursor message, int from) {
        return wrap(message.buffer(), message.offset() + from, Math.max(0, message.lengthBytes() - from));
    }

    /** Enters the payload of {@code parent}'s current attribute. */
    public AttributeCursor wrapNest(AttributeCursor parent) {
        return wrap(parent.buffer, parent.payloadOffset, parent.payloadLengthBytes);
    }

    /**
     * Moves to the next attribute.
     *
     * @return false at the end, or when the remaining bytes are not a valid attribute (then {@link #malformed()} is
     *     true). Up to three bytes of padding after the last attribute may be missing.
     */
    public boolean next() {
        int offset = next;
        int left = end - offset;
        if (left < NlAttr.HEADER_BYTES) {
            malformed |= left > 0;
            return false;
        }
        int lengthBytes = buffer.getShort(offset + NlAttr.LENGTH_OFFSET) & 0xFFFF;
        if (lengthBytes < NlAttr.HEADER_BYTES || lengthBytes > left) {
            malformed = true;
            next = end;
            return false;
        }
        type = buffer.getShort(offset + NlAttr.TYPE_OFFSET) & 0xFFFF;
        payloadOffset = offset + NlAttr.HEADER_BYTES;
        payloadLengthBytes = lengthBytes - NlAttr.HEADER_BYTES;
        next = Math.min(offset + NlAttr.align(lengthBytes), end);
        return true;
    }

    /** The attribute's number without the two flag bits. */
    public int number() {
        return type & NlAttr.TYPE_MASK;
    }

    /** Whether the sender set {@code NLA_F_NESTED}; old kernels and other senders may omit it on a nest. */
    public boolean nestedFlag() {
        return (type & NlAttr.NLA_F_NESTED) != 0;
    }

    /** Position of the payload in the buffer. */
    public int payloadOffset() {
        return payloadOffset;
    }

    /** Length of the payload without padding; may be 0. */
    public int payloadLengthBytes() {
        return payloadLengthBytes;
    }

    /** The payload as u8. */
    public int u8() {
        return (int) bigEndian(Byte.BYTES);
    }

    /** The payload as u16 in network order. */
    public int be16() {
        return (int) bigEndian(Short.BYTES);
    }

    /** The payload as u32 in network order. */
    public long be32() {
        return bigEndian(Integer.BYTES);
    }

    /** The payload as u64 in network order, unsigned. */
    public long be64() {
        return bigEndian(Long.BYTES);
    }

    /** The payload as u32 in the host's byte order. */
    public long host32() {
        return hasLength(Integer.BYTES) ? buffer.getInt(payloadOffset) & 0xFFFF_FFFFL : 0;
    }

    /** The payload as text in UTF-8, up to its first NUL if it has one. */
    public String text() {
        byte[] bytes = new byte[payloadLengthBytes];
        buffer.get(payloadOffset, bytes);
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private long bigEndian(int bytes) {
        long value = 0;
        if (hasLength(bytes)) {
            for (int i = 0; i < bytes; i++) {
                value = value << Byte.SIZE | (buffer.get(payloadOffset + i) & 0xFF);
            }
        }
        return value;
    }

    private boolean hasLength(int bytes) {
        malformed |= payloadLengthBytes != bytes;
        return payloadLengthBytes == bytes;
    }

    /**
     * Whether the cursor found bytes that are not a valid attribute, or a value was read with the wrong length; sticky
     * until the next {@link #wrap}.
     */
    public boolean malformed() {
        return malformed;
    }
}
