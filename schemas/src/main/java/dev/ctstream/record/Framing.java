package dev.ctstream.record;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import org.apache.avro.Schema;

/**
 * The bytes before the Avro datum in a record's value ({@code record.framing}).
 *
 * <pre>
 *  SINGLE_OBJECT  | C3 | 01 | CRC-64-AVRO of the schema, u64 little-endian | datum |
 *  CONFLUENT      | 00 | schema id of the registry, u32 big-endian | datum |
 *  BARE           | datum |
 * </pre>
 */
public enum Framing {
    /** Avro's single-object encoding: the schema is found by its fingerprint. */
    SINGLE_OBJECT("application/avro; framing=single-object"),
    /** Confluent's wire format: the schema is found in a registry. */
    CONFLUENT("application/avro; framing=confluent"),
    /** No bytes: the reader must know the schema. */
    BARE("application/avro; framing=bare");

    static final byte SINGLE_OBJECT_MAGIC = (byte) 0xC3;
    static final byte SINGLE_OBJECT_VERSION = 1;
    static final int SINGLE_OBJECT_FINGERPRINT_OFFSET = 2; // u64 little-endian
    static final int SINGLE_OBJECT_BYTES = SINGLE_OBJECT_FINGERPRINT_OFFSET + Long.BYTES;
    static final byte CONFLUENT_MAGIC = 0;
    static final int CONFLUENT_SCHEMA_ID_OFFSET = 1; // u32 big-endian
    static final int CONFLUENT_BYTES = CONFLUENT_SCHEMA_ID_OFFSET + Integer.BYTES;

    /** Stands for the id of a schema where the framing has none. */
    public static final int NO_ID = 0;

    private final String contentType;

    Framing(String contentType) {
        this.contentType = contentType;
    }

    /** The framing of a value of {@code record.framing}, for instance {@code single-object}. */
    public static Framing of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** Value of the header content-type. */
    public String contentType() {
        return contentType;
    }

    /**
     * The bytes before the datum.
     *
     * @param schemaId assigned by the registry; of use for {@link #CONFLUENT} only
     */
    public byte[] prefix(Schema schema, int schemaId) {
        return switch (this) {
            case BARE -> new byte[0];
            case SINGLE_OBJECT ->
                ByteBuffer.allocate(SINGLE_OBJECT_BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(SINGLE_OBJECT_MAGIC)
                        .put(SINGLE_OBJECT_VERSION)
                        .putLong(Schemas.fingerprint(schema))
                        .array();
            case CONFLUENT ->
                ByteBuffer.allocate(CONFLUENT_BYTES)
                        .put(CONFLUENT_MAGIC)
                        .putInt(schemaId)
                        .array();
        };
    }

    /** Whether a value begins as this framing does; every value is one of {@link #BARE}. */
    boolean frames(byte[] value) {
        return switch (this) {
            case SINGLE_OBJECT ->
                value.length >= SINGLE_OBJECT_BYTES
                        && value[0] == SINGLE_OBJECT_MAGIC
                        && value[1] == SINGLE_OBJECT_VERSION;
            case CONFLUENT -> value.length >= CONFLUENT_BYTES && value[0] == CONFLUENT_MAGIC;
            case BARE -> true;
        };
    }
}
