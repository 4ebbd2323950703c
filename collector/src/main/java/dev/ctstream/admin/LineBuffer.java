package dev.ctstream.admin;

import dev.ctstream.record.AddressText;
import dev.ctstream.record.DecimalText;
import dev.ctstream.record.PrintableText;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A line of text in one reused byte array; allocates only when the array grows. */
final class LineBuffer {
    private static final int FIRST_PRINTABLE = 0x20;
    private static final int DELETE = 0x7F;
    private static final int IPV4_BYTES = 4;
    private static final int IPV6_BYTES = 16;
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private byte[] bytes = new byte[1024];
    private int length;

    void clear() {
        length = 0;
    }

    int length() {
        return length;
    }

    /** Drops the bytes after {@code toLength}. */
    void truncate(int toLength) {
        length = toLength;
    }

    LineBuffer raw(byte[] text) {
        reserve(text.length);
        System.arraycopy(text, 0, bytes, length, text.length);
        length += text.length;
        return this;
    }

    LineBuffer raw(char c) {
        reserve(1);
        bytes[length++] = (byte) c;
        return this;
    }

    /** Appends ASCII text. */
    @SuppressWarnings("deprecation") // it takes the low byte of each character, which is what ASCII needs, in one copy
    LineBuffer text(String ascii) {
        int count = ascii.length();
        reserve(count);
        ascii.getBytes(0, count, bytes, length);
        length += count;
        return this;
    }

    /** Appends blanks up to a column, counted from {@code from}; at least one, however long the text before it is. */
    LineBuffer pad(int from, int width) {
        do {
            raw(' ');
        } while (length - from < width);
        return this;
    }

    LineBuffer number(long value) {
        reserve(DecimalText.MOST_BYTES);
        length = DecimalText.put(value, bytes, length);
        return this;
    }

    LineBuffer unsigned(long value) {
        return value >= 0 ? number(value) : text(Long.toUnsignedString(value));
    }

    /** Lower-case hex digits without leading zeros. */
    LineBuffer hex(int value) {
        return text(Integer.toHexString(value));
    }

    /** All eight hex digits of a word. */
    LineBuffer hex8(int value) {
        for (int shift = Integer.SIZE - 4; shift >= 0; shift -= 4) {
            raw((char) HEX[value >>> shift & 0xF]);
        }
        return this;
    }

    byte[] copy() {
        return Arrays.copyOf(bytes, length);
    }

    /** An address as RFC 5952 writes it. */
    LineBuffer address(ByteBuffer from, int offset, int lengthBytes) {
        reserve(AddressText.IPV6_MAX_BYTES + AddressText.SPILL_BYTES);
        int end = AddressText.write(bytes, length, from, offset, lengthBytes);
        System.arraycopy(bytes, length + 1, bytes, length, end - length - 1); // moves the address over its length byte
        length = end - 1;
        return this;
    }

    /**
     * An address as inet_ntop of the C library writes it: it also writes the last 32 bits of {@code ::a:b} in dotted
     * form.
     */
    LineBuffer addressOfLibc(ByteBuffer from, int offset, int lengthBytes) {
        if (lengthBytes == IPV6_BYTES && embedsIpv4(from, offset)) {
            raw(':').raw(':');
            return address(from, offset + IPV6_BYTES - IPV4_BYTES, IPV4_BYTES);
        }
        return address(from, offset, lengthBytes);
    }

    private static boolean embedsIpv4(ByteBuffer from, int offset) {
        return from.getLong(offset) == 0
                && from.getInt(offset + Long.BYTES) == 0
                && from.getShort(offset + Long.BYTES + Integer.BYTES) != 0;
    }

    /** UTF-8 bytes of a buffer, with the escapes of {@link PrintableText}: a program can name a helper as it likes. */
    LineBuffer printable(ByteBuffer from, int offset, int count) {
        return isPlain(from, offset, count)
                ? copy(from, offset, count)
                : raw(PrintableText.of(utf8(from, offset, count)).getBytes(StandardCharsets.UTF_8));
    }

    /** UTF-8 bytes of a buffer as a JSON string, with the same escapes. */
    LineBuffer quoted(ByteBuffer from, int offset, int count) {
        return isPlain(from, offset, count)
                ? raw('"').copy(from, offset, count).raw('"')
                : quoted(utf8(from, offset, count));
    }

    LineBuffer quoted(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            escaped.append(c == '"' || c == '\\' ? "\\" + c : PrintableText.of(String.valueOf(c)));
        }
        return raw(escaped.append('"').toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Whether all bytes are printable ASCII without the two characters that JSON escapes. */
    private static boolean isPlain(ByteBuffer from, int offset, int count) {
        for (int i = 0; i < count; i++) {
            byte b = from.get(offset + i);
            if (b < FIRST_PRINTABLE || b == DELETE || b == '"' || b == '\\') {
                return false;
            }
        }
        return true;
    }

    private static String utf8(ByteBuffer from, int offset, int count) {
        byte[] bytes = new byte[count];
        from.get(offset, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private LineBuffer copy(ByteBuffer from, int offset, int count) {
        reserve(count);
        from.get(offset, bytes, length, count);
        length += count;
        return this;
    }

    /** Removes trailing blanks and ends the line. */
    void endLine() {
        while (length > 0 && bytes[length - 1] == ' ') {
            length--;
        }
        raw('\n');
    }

    void writeTo(OutputStream out) throws IOException {
        out.write(bytes, 0, length);
    }

    private void reserve(int count) {
        if (bytes.length - length < count) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + count));
        }
    }
}
