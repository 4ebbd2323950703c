package dev.ctstream.batch;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Avro's binary encoding, straight into a byte array. Each method writes at a position and returns the one behind.
 *
 * <p>Static and without a cursor object, so that the position stays in a register: an event takes a hundred writes.
 *
 * <p>Errors: the caller has made room, {@link #SPILL_BYTES} more than is written; nothing is checked but the array's bounds.
 *
 * <p>Source: the Avro specification, Binary Encoding; proven by reading back with {@code GenericDatumReader}.
 */
final class AvroWriter {
    /** Union [null, T]: index 1, zigzag. */
    static final byte PRESENT = 2;
    /** An empty block ends an array. */
    static final int ARRAY_END_BYTES = 1;

    static final byte ARRAY_END = 0;

    static final int INT_MAX_BYTES = 5;
    static final int LONG_MAX_BYTES = 10;

    /** What a write may touch behind the position that it returns. */
    static final int SPILL_BYTES = Long.BYTES;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int GROUP_BITS = 7;
    private static final long GROUP_MASK = 0x7F;
    private static final int MORE = 0x80;

    private AvroWriter() {}

    /**
     * int and long have the same encoding: zigzag, then seven bits a byte, lowest first. A branch for each length was
     * measured to gain about 5 % of an event's encoding, spreading eight groups at once nothing: the loop stays.
     */
    static int writeLong(byte[] to, int at, long value) {
        long rest = zigzag(value);
        int position = at;
        while ((rest & ~GROUP_MASK) != 0) {
            to[position++] = (byte) (rest | MORE);
            rest >>>= GROUP_BITS;
        }
        to[position++] = (byte) rest;
        return position;
    }

    /** A [null, long] or [null, int] that is there. */
    static int writePresent(byte[] to, int at, long value) {
        to[at] = PRESENT;
        return writeLong(to, at + 1, value);
    }

    /** So many nulls one after the other, each in a union of its own, at most {@value Long#BYTES}; spills. */
    static int writeNulls(byte[] to, int at, int nulls) {
        LONG.set(to, at, 0L);
        return at + nulls;
    }

    /** Bytes that are in Avro's form already. */
    static int writeEncoded(byte[] to, int at, byte[] encoded) {
        System.arraycopy(encoded, 0, to, at, encoded.length);
        return at + encoded.length;
    }

    private static long zigzag(long value) {
        return (value << 1) ^ (value >> (Long.SIZE - 1));
    }

    /** The text as an Avro string, made once and written often. Control side. */
    static byte[] encodedString(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        byte[] encoded = new byte[LONG_MAX_BYTES + utf8.length];
        int start = writeLong(encoded, 0, utf8.length);
        System.arraycopy(utf8, 0, encoded, start, utf8.length);
        return Arrays.copyOf(encoded, start + utf8.length);
    }
}
