package dev.ctstream.record;

import java.nio.charset.StandardCharsets;

/** Numbers as decimal text, without a String for each. Stateless, for any thread. */
public final class DecimalText {
    /** Bytes of the longest: the least long. */
    public static final int MOST_BYTES = 20;

    private static final byte[] LEAST =
            Long.toString(Long.MIN_VALUE).getBytes(StandardCharsets.US_ASCII); // has no positive

    private DecimalText() {}

    /**
     * Writes a number.
     *
     * @param to has {@link #MOST_BYTES} from {@code at} on
     * @return where the text ends
     */
    public static int put(long value, byte[] to, int at) {
        if (value == Long.MIN_VALUE) {
            System.arraycopy(LEAST, 0, to, at, LEAST.length);
            return at + LEAST.length;
        }
        int end = at;
        long left = value;
        if (left < 0) {
            to[end++] = '-';
            left = -left;
        }
        int first = end;
        do {
            to[end++] = (byte) ('0' + left % 10);
            left /= 10;
        } while (left != 0);
        for (int i = first, j = end - 1; i < j; i++, j--) {
            byte digit = to[i];
            to[i] = to[j];
            to[j] = digit;
        }
        return end;
    }
}
