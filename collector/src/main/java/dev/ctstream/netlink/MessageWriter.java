package dev.ctstream.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Writes netlink messages with attributes and nests. Several messages may follow each other in one datagram. Allocates
 * nothing while they fit into what was needed before.
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
    private static final boolean SWAP = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private ByteBuffer buffer = Libc.allocate(INITIAL_BYTES);
    private ByteBuffer finished = view(buffer);
    private int position;
    private int message = NONE;
    private int openNests;

    /** Discards everything written. */
    public MessageWriter clear() {
        position = 0;
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
        message = room(NlMsgHdr.HEADER_BYTES);
        buffer.putShort(message + NlMsgHdr.TYPE_OFFSET, (short) type)
                .putShort(message + NlMsgHdr.FLAGS_OFFSET, (short) flags)
                .putInt(message + NlMsgHdr.SEQUENCE_OFFSET, (int) sequence)
                .putInt(message + NlMsgHdr.PORT_ID_OFFSET, 0);
        return this;
    }

    /** Begins a message as {@link #start} does, with a {@code struct nfgenmsg} after the header. */
    public MessageWriter startNetfilter(int type, int flags, long sequence, int family, int version, int resourceId) {
        return start(type, flags, sequence).rawU8(family).rawU8(version).rawBe16(resourceId);
    }

    /** Writes one byte of a fixed header. */
    public MessageWriter rawU8(int value) {
        int at = room(Byte.BYTES);
        buffer.put(at, (byte) value);
        return this;
    }

    /** Writes a u16 of a fixed header in network order. */
    public MessageWriter rawBe16(int value) {
        return rawU8(value >>> 8).rawU8(value);
    }

    /** Writes a u16 of a fixed header in host order. */
    public MessageWriter rawHost16(int value) {
        int at = room(Short.BYTES);
        buffer.putShort(at, (short) value);
        return this;
    }

    /** Writes a u32 of a fixed header in host order. */
    public MessageWriter rawHost32(long value) {
        int at = room(Integer.BYTES);
        buffer.putInt(at, (int) value);
        return this;
    }

    /** Attribute with a u8. */
    public MessageWriter u8(int type, int value) {
        int at = attribute(type, Byte.BYTES);
        buffer.put(at, (byte) value);
        return this;
    }

    /** Attribute with a u16 in network order. */
    public MessageWriter be16(int type, int value) {
        int at = attribute(type, Short.BYTES);
        buffer.putShort(at, SWAP ? Short.reverseBytes((short) value) : (short) value);
        return this;
    }

    /** Attribute with a u32 in network order. */
    public MessageWriter be32(int type, long value) {
        int at = attribute(type, Integer.BYTES);
        buffer.putInt(at, SWAP ? Integer.reverseBytes((int) value) : (int) value);
        return this;
    }

    /** Attribute with a u64 in network order. */
    public MessageWriter be64(int type, long value) {
        int at = attribute(type, Long.BYTES);
        buffer.putLong(at, SWAP ? Long.reverseBytes(value) : value);
        return this;
    }

    /** Attribute with a u16 in host order. */
    public MessageWriter host16(int type, int value) {
        int at = attribute(type, Short.BYTES);
        buffer.putShort(at, (short) value);
        return this;
    }

    /** Attribute with a u32 in host order. */
    public MessageWriter host32(int type, long value) {
        int at = attribute(type, Integer.BYTES);
        buffer.putInt(at, (int) value);
        return this;
    }

    /** Attribute with these bytes, unchanged. */
    public MessageWriter bytes(int type, byte[] value) {
        int at = attribute(type, checkPayload(value.length));
        buffer.put(at, value);
        return this;
    }

    /**
     * Attribute with an address, or another value of whole u32 words, as it lies in another buffer.
     *
     * @param from in the host's byte order
     */
    public MessageWriter words(int type, ByteBuffer from, int offset, int lengthBytes) {
        int at = attribute(type, checkPayload(lengthBytes));
        for (int i = 0; i < lengthBytes; i += Integer.BYTES) { // a bulk copy of so little is slower
            buffer.putInt(at + i, from.getInt(offset + i));
        }
        return this;
    }

    /** Attribute with a string in UTF-8 and its terminating NUL. */
    public MessageWriter string(int type, String value) {
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        int at = attribute(type, checkPayload(text.length + 1));
        buffer.put(at, text).put(at + text.length, (byte) 0);
        return this;
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
        int payload = attribute(type | NlAttr.NLA_F_NESTED, 0);
        openNests++;
        return payload - NlAttr.HEADER_BYTES;
    }

    /** Ends the nest at the position that {@link #beginNest} returned; nests end in reverse order. */
    public MessageWriter endNest(int nest) {
        if (openNests == 0) {
            throw new IllegalStateException("no nest is open");
        }
        openNests--;
        buffer.putShort(nest + NlAttr.LENGTH_OFFSET, (short) checkLength(position - nest));
        return this;
    }

    /**
     * Ends the last message.
     *
     * @return all messages, from position 0 to the limit, in native order; borrowed until {@link #clear}, and the same
     *     buffer each time
     */
    public ByteBuffer finish() {
        endMessage();
        return finished.limit(position).position(0);
    }

    private void endMessage() {
        if (openNests != 0) {
            throw new IllegalStateException("a nest is still open");
        }
        if (message != NONE) {
            buffer.putInt(message + NlMsgHdr.LENGTH_OFFSET, position - message);
            while (position % NlMsgHdr.ALIGNMENT_BYTES != 0) {
                rawU8(0);
            }
            message = NONE;
        }
    }

    /** Begins an attribute with its header and its padding; returns the position of its payload. */
    private int attribute(int type, int payloadBytes) {
        if (message == NONE) {
            throw new IllegalStateException("no message was started");
        }
        int length = NlAttr.HEADER_BYTES + payloadBytes;
        int at = room(NlAttr.align(length));
        if (length % NlAttr.ALIGNMENT_BYTES != 0) {
            buffer.putInt(position - NlAttr.ALIGNMENT_BYTES, 0);
        }
        buffer.putInt(at, SWAP ? type << Short.SIZE | length : length << Short.SIZE | type); // both fields
        return at + NlAttr.HEADER_BYTES;
    }

    private static int checkPayload(int lengthBytes) {
        return checkLength(NlAttr.HEADER_BYTES + lengthBytes) - NlAttr.HEADER_BYTES;
    }

    private static int checkLength(int lengthBytes) {
        if (lengthBytes > MAX_ATTRIBUTE_BYTES) {
            throw new IllegalArgumentException("attribute of " + lengthBytes + " bytes");
        }
        return lengthBytes;
    }

    /** Reserves this many bytes, with undefined contents; returns their position. */
    private int room(int bytes) {
        int at = position;
        position = at + bytes;
        if (position > buffer.capacity()) {
            grow(at);
        }
        return at;
    }

    private void grow(int usedBytes) {
        ByteBuffer larger = Libc.allocate(Math.max(2 * buffer.capacity(), position));
        buffer = larger.put(0, buffer, 0, usedBytes);
        finished = view(buffer);
    }

    /** With a position and a limit of its own. */
    private static ByteBuffer view(ByteBuffer buffer) {
        return buffer.duplicate().order(ByteOrder.nativeOrder());
    }
}
