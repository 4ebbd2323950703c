package dev.ctstream.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Names of the Kafka record headers that are written with {@code record.headers=true}. */
public final class HeaderNames {
    /** {@link Framing#contentType()}. */
    public static final String CONTENT_TYPE = "content-type";
    /** {@link Schemas#fingerprint}, 16 hexadecimal digits. */
    public static final String SCHEMA_FINGERPRINT = "schema-fingerprint";

    private static final int HEXADECIMAL = 16;

    private HeaderNames() {}

    /**
     * Reads the value of {@link #SCHEMA_FINGERPRINT}: 16 hexadecimal digits, or the same 8 bytes, highest first.
     *
     * @param value null when the record has no such header
     * @return empty when there is none, or it is no fingerprint
     */
    public static OptionalLong fingerprint(byte @Nullable [] value) {
        if (value == null) {
            return OptionalLong.empty();
        }
        if (value.length == Long.BYTES) {
            return OptionalLong.of(ByteBuffer.wrap(value).getLong());
        }
        try {
            String text = new String(value, StandardCharsets.US_ASCII);
            return text.length() == HEXADECIMAL
                    ? OptionalLong.of(Long.parseUnsignedLong(text, HEXADECIMAL))
                    : OptionalLong.empty();
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }
}
