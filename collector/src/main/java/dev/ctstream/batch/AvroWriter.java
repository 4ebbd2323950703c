package dev.ctstream.batch;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Avro's binary encoding, straight into a byte array. Each method writes at a position and returns the one after it, or, when its
 * name ends in {@code Before}, ends at a position and returns where it began.
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

    /** Writes a number that ends before {@code end}, and returns where it begins. */
    static int writeLongBefore(byte[] to, int end, long value) {
        int start = end - lengthBytes(zigzag(value));
        writeLong(to, start, value);
        return start;
    }

    /** Writes bytes that are in Avro's form and end before {@code end}, and returns where they begin. */
    static int writeEncodedBefore(byte[] to, int end, byte[] encoded) {
        int start = end - encoded.length;
        System.arraycopy(encoded, 0, to, start, encoded.length);
        return start;
    }

    private static int lengthBytes(long zigzag) {
        int bits = Long.SIZE - Long.numberOfLeadingZeros(zigzag | 1);
        return (bits + GROUP_BITS - 1) / GROUP_BITS;
    }

    private static long zigzag(long value) {
        return (value << 1) ^ (value >> (Long.SIZE - 1));
    }

    /** The texts as Avro strings, one after the other. Control side. */
    static byte[] encodedStrings(String... texts) {
        byte[] all = {};
        for (String text : texts) {
            byte[] encoded = encodedString(text);
            int start = all.length;
            all = Arrays.copyOf(all, start + encoded.length);
            System.arraycopy(encoded, 0, all, start, encoded.length);
        }
        return all;
    }

    /** The text as a [null, string] that is there. Control side. */
    static byte[] encodedPresentString(String text) {
        byte[] encoded = encodedString(text);
        byte[] present = new byte[1 + encoded.length];
        present[0] = PRESENT;
        System.arraycopy(encoded, 0, present, 1, encoded.length);
        return present;
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
