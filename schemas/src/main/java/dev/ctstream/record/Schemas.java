package dev.ctstream.record;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;

/** The schemas of the records that this version writes. Immutable; any thread. */
public final class Schemas {
    /** {@code record.layout=batch}: topic {@code conntrack.events}. */
    public static final Schema BATCH = load("ConntrackBatch");
    /** {@code record.layout=event}: topic {@code conntrack.flat}. */
    public static final Schema FLAT = load("ConntrackFlatEvent");
    /** Topic {@code conntrack.control}. */
    public static final Schema CONTROL = load("ConntrackControl");
    /** One item of a batch's {@code events}. */
    public static final Schema EVENT = BATCH.getField("events").schema().getElementType();

    private Schemas() {}

    /** CRC-64-AVRO of the parsing canonical form. Single-object encoding carries it, lowest byte first. */
    public static long fingerprint(Schema schema) {
        return SchemaNormalization.parsingFingerprint64(schema);
    }

    private static Schema load(String name) {
        String resource = "/dev/ctstream/record/" + name + ".avsc";
        try (InputStream in = Schemas.class.getResourceAsStream(resource)) {
            return new Schema.Parser().parse(Objects.requireNonNull(in, resource));
        } catch (IOException e) {
            throw new UncheckedIOException("read " + resource, e);
        }
    }
}
