package dev.ctstream.record;

/** Names of the headers that a record has with {@code record.headers=true}. */
public final class HeaderNames {
    /** {@link Framing#contentType()}. */
    public static final String CONTENT_TYPE = "content-type";
    /** {@link Schemas#fingerprint}, 16 hexadecimal digits. */
    public static final String SCHEMA_FINGERPRINT = "schema-fingerprint";

    private HeaderNames() {}
}
