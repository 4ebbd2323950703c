package dev.ctstream.conntrack;

import dev.ctstream.netlink.AttributeCursor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Which fields a message holds and where: a presence bit, an offset and a length for each field number, and readers for
 * big-endian values at those offsets.
 *
 * <p>Ownership: borrows the buffer. Threads: confined to one thread. Errors: reading an absent field is a bug in the
 * caller; it returns arbitrary bytes or throws.
 */
abstract class PresentFields {
    private static final boolean SWAP = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private final int[] ownOffsets;
    private final int[] ownLengths;
    private int[] offsets; // from the base
    private int[] lengths;
    private int base;
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private long presence;

    PresentFields(int fields) {
        ownOffsets = new int[fields];
        ownLengths = new int[fields];
        offsets = ownOffsets;
        lengths = ownLengths;
    }

    /** A copy of the field offsets, relative to some position. Shared and never written. */
    static final class Layout {
        private final int[] offsets;
        private final int[] lengths;
        private final long presence;

        private Layout(int[] offsets, int[] lengths, long presence) {
            this.offsets = offsets;
            this.lengths = lengths;
            this.presence = presence;
        }
    }

    final void reset(ByteBuffer newBuffer) {
        buffer = newBuffer;
        presence = 0;
        base = 0;
        offsets = ownOffsets;
        lengths = ownLengths;
    }

    /** The field offsets relative to the position. */
    final Layout layout(int position) {
        int[] relative = offsets.clone();
        for (int i = 0; i < relative.length; i++) {
            relative[i] += base - position;
        }
        return new Layout(relative, lengths.clone(), presence);
    }

    /** Uses the layout's field offsets, relative to the position, until {@link #reset}. */
    final void adopt(Layout layout, int position) {
        offsets = layout.offsets;
        lengths = layout.lengths;
        presence = layout.presence;
        base = position;
    }

    /** Whether the offsets are those of a layout, not noted since {@link #reset}. */
    final boolean adopted() {
        return offsets != ownOffsets;
    }

    /** Notes that the field is the payload of the attribute under the cursor. */
    final void note(int field, AttributeCursor attribute) {
        note(field, attribute.payloadOffset(), attribute.payloadLengthBytes());
    }

    final void note(int field, int offset, int lengthBytes) {
        offsets[field] = offset;
        lengths[field] = lengthBytes;
        presence |= 1L << field;
    }

    final void forget(long fields) {
        presence &= ~fields;
    }

    /** Bit n is set when the message holds field n. */
    public final long presence() {
        return presence;
    }

    /** Whether the message holds the field. */
    public final boolean has(int field) {
        return (presence & 1L << field) != 0;
    }

    /** The buffer that offsets refer to, in the host's byte order. */
    public final ByteBuffer buffer() {
        return buffer;
    }

    final int offset(int field) {
        return base + offsets[field];
    }

    final int length(int field) {
        return lengths[field];
    }

    final int u8(int field) {
        return buffer.get(offset(field)) & 0xFF;
    }

    final int be16(int field) {
        short value = buffer.getShort(offset(field));
        return (SWAP ? Short.reverseBytes(value) : value) & 0xFFFF;
    }

    final int be32(int field) {
        int value = buffer.getInt(offset(field));
        return SWAP ? Integer.reverseBytes(value) : value;
    }

    final long unsigned32(int field) {
        return be32(field) & 0xFFFF_FFFFL;
    }

    final long be64(int field) {
        long value = buffer.getLong(offset(field));
        return SWAP ? Long.reverseBytes(value) : value;
    }
}
