package dev.ctstream.read;

import dev.ctstream.record.DecimalText;
import dev.ctstream.record.PrintableText;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** JSON as UTF-8 bytes in one growing array, reused for each line. */
public final class JsonBuffer {
    private static final int FIRST_PRINTABLE = 0x20;
    private static final int LONGEST_ESCAPE_BYTES = 6;
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NULL = "null".getBytes(StandardCharsets.US_ASCII);

    private byte[] bytes = new byte[4096];
    private int length;

    /** Empties the buffer. */
    public void clear() {
        length = 0;
    }

    /** Replaces the last character. */
    void replaceLast(char c) {
        bytes[length - 1] = (byte) c;
    }

    /** Appends without escaping. */
    public void raw(char c) {
        reserve(1);
        bytes[length++] = (byte) c;
    }

    /** Appends without escaping. */
    public void raw(byte[] text, int count) {
        reserve(count);
        System.arraycopy(text, 0, bytes, length, count);
        length += count;
    }

    /** Appends without escaping. */
    public void raw(byte[] text) {
        raw(text, text.length);
    }

    /** Appends {@code null}. */
    public void nothing() {
        raw(NULL);
    }

    /** Appends a number. */
    public void number(long value) {
        reserve(DecimalText.MOST_BYTES);
        length = DecimalText.put(value, bytes, length);
    }

    /** Appends a string of UTF-8 bytes in quotes, with the escapes that JSON requires, and those of {@link PrintableText}. */
    public void string(byte[] utf8, int count) {
        reserve(2 + count * LONGEST_ESCAPE_BYTES);
        bytes[length++] = '"';
        for (int i = 0; i < count; i++) {
            byte b = utf8[i];
            if (b == '"' || b == '\\') {
                bytes[length++] = '\\';
                bytes[length++] = b;
            } else if (b >= 0 && b < FIRST_PRINTABLE) {
                bytes[length++] = '\\';
                bytes[length++] = 'u';
                bytes[length++] = '0';
                bytes[length++] = '0';
                bytes[length++] = HEX[b >> 4];
                bytes[length++] = HEX[b & 0xF];
            } else {
                i += character(utf8, i, count);
            }
        }
        bytes[length++] = '"';
    }

    /** Appends one character, by its number when a terminal would obey it; returns the bytes that follow its first. */
    private int character(byte[] utf8, int at, int count) {
        int more = utf8[at] >= 0 ? 0 : (utf8[at] & 0xE0) == 0xC0 ? 1 : (utf8[at] & 0xF0) == 0xE0 ? 2 : 3;
        more = Math.min(more, count - at - 1);
        int code = more == 0 ? utf8[at] & 0xFF : utf8[at] & (0x3F >> more);
        for (int i = 1; i <= more; i++) {
            code = (code << 6) | (utf8[at + i] & 0x3F);
        }
        if (more < 3 && PrintableText.hidden((char) code)) {
            bytes[length++] = '\\';
            bytes[length++] = 'u';
            for (int shift = 12; shift >= 0; shift -= 4) {
                bytes[length++] = HEX[code >> shift & 0xF];
            }
        } else {
            System.arraycopy(utf8, at, bytes, length, more + 1);
            length += more + 1;
        }
        return more;
    }

    /** Appends a string in quotes. */
    public void string(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        string(utf8, utf8.length);
    }

    byte[] copy() {
        return Arrays.copyOf(bytes, length);
    }

    /** Writes the contents of the buffer. */
    public void writeTo(OutputStream out) throws IOException {
        out.write(bytes, 0, length);
    }

    private void reserve(int count) {
        if (bytes.length - length < count) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + count));
        }
    }
}
