package dev.ctstream.batch;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Writes texts from the kernel as non-null [null, string]: names, which should be ASCII, and labels, as hexadecimal
 * digits. Part of {@link FlowEventEncoder}; the same rules apply.
 */
final class KernelText {
    private static final int LABEL_WORDS = 4;
    private static final int HEX_DIGITS_PER_WORD = 8;
    private static final int HEX_BITS = 4;
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private KernelText() {}

    /** Copies ASCII. Other text goes through a String: invalid UTF-8 becomes U+FFFD, so the datum stays valid. */
    static int write(byte[] to, int at, ByteBuffer buffer, int offset, int lengthBytes) {
        to[at] = AvroWriter.PRESENT;
        int text = AvroWriter.writeLong(to, at + 1, lengthBytes);
        int seen = 0;
        for (int i = 0; i < lengthBytes; i++) {
            byte character = buffer.get(offset + i);
            to[text + i] = character;
            seen |= character;
        }
        return seen >= 0 ? text + lengthBytes : writeDecoded(to, at, text, lengthBytes);
    }

    private static int writeDecoded(byte[] to, int at, int text, int lengthBytes) {
        String decoded = new String(to, text, lengthBytes, StandardCharsets.UTF_8);
        return AvroWriter.writeEncoded(to, at + 1, AvroWriter.encodedString(decoded));
    }

    /** Label n is bit n%32 of host-order word n/32. The highest word is written first, a missing word as 0. */
    static int writeLabels(byte[] to, int at, ByteBuffer buffer, int offset, int lengthBytes) {
        to[at] = AvroWriter.PRESENT;
        int end = AvroWriter.writeLong(to, at + 1, LABEL_WORDS * HEX_DIGITS_PER_WORD);
        for (int word = LABEL_WORDS - 1; word >= 0; word--) {
            int first = Integer.BYTES * word;
            int bits = first + Integer.BYTES <= lengthBytes ? buffer.getInt(offset + first) : 0;
            for (int digit = HEX_DIGITS_PER_WORD - 1; digit >= 0; digit--) {
                to[end++] = HEX[(bits >>> (HEX_BITS * digit)) & 0xF];
            }
        }
        return end;
    }
}
