package dev.ctstream.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Writes requests: netlink messages with attributes and nests. Several messages may follow each other in one datagram.
 *
 * <p>Ownership: owns a direct buffer that grows as needed; {@link #finish} lends it until the next {@link #clear}.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Errors: {@link IllegalStateException} for calls out of order, {@link IllegalArgumentException} for an attribute
 * that does not fit its 16-bit length field.
 *
 * <p>Source: {@code uapi/linux/netlink.h}; the layouts are in {@link NlMsgHdr} and {@link NlAttr}.
 */
public final class MessageWriter {
    private static final int INITIAL_BYTES = 512;
    private static final int MAX_ATTRIBUTE_BYTES = 0xFFFF;
    private static final int NONE = -1;

    private ByteBuffer buffer = Libc.allocate(INITIAL_BYTES);
    private int message = NONE;
    private int openNests;

    /** Discards everything written. */
    public MessageWriter clear() {
        buffer.clear();
        message = NONE;
        openNests = 0;
        return this;
    }

    /**
     * Ends the previous message, if any, and begins the next one. Write its fixed header, if it has one, with
     * {@link #rawU8} and the other raw methods.
     *
     * @param sequence u32; a request channel replaces it with its own
     */
    public MessageWriter start(int type, int flags, long sequence) {
        endMessage();
        message = buffer.position();
        ensureSpace(NlMsgHdr.HEADER_BYTES);
        buffer.putInt(0).putShort((short) type).putShort((short) flags);
        buffer.putInt((int) sequence).putInt(0);
        return this;
    }

    /** Begins a message as {@link #start} does, with a {@code struct nfgenmsg} after the header. */
    public MessageWriter startNetfilter(int type, int flags, long sequence, int family, int version, int resourceId) {
        return start(type, flags, sequence).rawU8(family).rawU8(version).rawBe16(resourceId);
    }

    /** Writes one byte of a fixed header. */
    public MessageWriter rawU8(int value) {
        ensureSpace(1);
        buffer.put((byte) value);
        return this;
    }

    /** Writes a u16 of a fixed header in network order. */
    public MessageWriter rawBe16(int value) {
        return rawU8(value >>> 8).rawU8(value);
    }

    /** Writes a u16 of a fixed header in host order. */
    public MessageWriter rawHost16(int value) {
        ensureSpace(Short.BYTES);
        buffer.putShort((short) value);
        return this;
    }

    /** Writes a u32 of a fixed header in host order. */
    public MessageWriter rawHost32(long value) {
        ensureSpace(Integer.BYTES);
        buffer.putInt((int) value);
        return this;
    }

    /** Attribute with a u8. */
    public MessageWriter u8(int type, int value) {
        attribute(type, 1);
        buffer.put((byte) value);
        return pad();
    }

    /** Attribute with a u16 in network order. */
    public MessageWriter be16(int type, int value) {
        attribute(type, Short.BYTES);
        buffer.put((byte) (value >>> 8)).put((byte) value);
        return pad();
    }

    /** Attribute with a u32 in network order. */
    public MessageWriter be32(int type, long value) {
        attribute(type, Integer.BYTES);
        putBigEndian(value << Integer.SIZE, Integer.BYTES);
        return this;
    }

    /** Attribute with a u64 in network order. */
    public MessageWriter be64(int type, long value) {
        attribute(type, Long.BYTES);
        putBigEndian(value, Long.BYTES);
        return this;
    }

    private void putBigEndian(long value, int bytes) {
        long rest = value;
        for (int i = 0; i < bytes; i++) {
            buffer.put((byte) (rest >>> (Long.SIZE - Byte.SIZE)));
            rest <<= Byte.SIZE;
        }
    }

    /** Attribute with a u16 in host order. */
    public MessageWriter host16(int type, int value) {
        attribute(type, Short.BYTES);
        buffer.putShort((short) value);
        return pad();
    }

    /** Attribute with a u32 in host order. */
    public MessageWriter host32(int type, long value) {
        attribute(type, Integer.BYTES);
        buffer.putInt((int) value);
        return this;
    }

    /** Attribute with these bytes, unchanged. */
    public MessageWriter bytes(int type, byte[] value) {
        attribute(type, value.length);
        buffer.put(value);
        return pad();
    }

    /** Attribute with a string in UTF-8 and its terminating NUL. */
    public MessageWriter string(int type, String value) {
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        attribute(type, text.length + 1);
        buffer.put(text).put((byte) 0);
        return pad();
    }

    /** Attribute without payload. */
    public MessageWriter flag(int type) {
        attribute(type, 0);
        return this;
    }

    /**
     * Begins a nest; sets {@code NLA_F_NESTED}.
     *
     * @return the nest's position, for {@link #endNest}
     */
    public int beginNest(int type) {
        int nest = buffer.position();
        attribute(type | NlAttr.NLA_F_NESTED, 0);
        openNests++;
        return nest;
    }

    /** Ends the nest at the position that {@link #beginNest} returned; nests end in reverse order. */
    public MessageWriter endNest(int nest) {
        if (openNests == 0) {
            throw new IllegalStateException("no nest is open");
        }
        openNests--;
        buffer.putShort(nest + NlAttr.LENGTH_OFFSET, (short) checkLength(buffer.position() - nest));
        return this;
    }

    /**
     * Ends the last message.
     *
     * @return all messages, from position 0 to the limit, in native order; borrowed until {@link #clear}
     */
    public ByteBuffer finish() {
        endMessage();
        return buffer.duplicate().order(ByteOrder.nativeOrder()).flip();
    }

    private void endMessage() {
        if (openNests != 0) {
            throw new IllegalStateException("a nest is still open");
        }
        if (message != NONE) {
            buffer.putInt(message + NlMsgHdr.LENGTH_OFFSET, buffer.position() - message);
            pad();
            message = NONE;
        }
    }

    private void attribute(int type, int payloadBytes) {
        if (message == NONE) {
            throw new IllegalStateException("no message was started");
        }
        int length = checkLength(NlAttr.HEADER_BYTES + payloadBytes);
        ensureSpace(NlAttr.align(length));
        buffer.putShort((short) length).putShort((short) type);
    }

    private static int checkLength(int lengthBytes) {
        if (lengthBytes > MAX_ATTRIBUTE_BYTES) {
            throw new IllegalArgumentException("attribute of " + lengthBytes + " bytes");
        }
        return lengthBytes;
    }

    private MessageWriter pad() {
        while (buffer.position() % NlAttr.ALIGNMENT_BYTES != 0) {
            ensureSpace(1);
            buffer.put((byte) 0);
        }
        return this;
    }

    private void ensureSpace(int bytes) {
        if (buffer.remaining() < bytes) {
            ByteBuffer larger = Libc.allocate(Math.max(2 * buffer.capacity(), buffer.position() + bytes));
            buffer = larger.put(buffer.flip());
        }
    }
}
