package dev.ctstream.record;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.DecoderFactory;
import org.jspecify.annotations.Nullable;

/**
 * Takes the framing off a record's value, finds the writer's schema, and decodes the datum to the present one.
 *
 * <p>The first byte tells the framing: bare data begins with the length of a host id, which is never 0 and never negative.
 * The writer's schema is found by the fingerprint of the framing or of the header, or by its id in a registry; bare data
 * without it is tried with the present schemas until one takes every byte.
 *
 * <p>Threads: confined to one thread.
 *
 * @param <T> of the datums
 */
final class DatumDecoder<T extends IndexedRecord> {
    /** Makes a reader that resolves a writer's schema to the present one. */
    @FunctionalInterface
    interface ReaderFactory<T> {
        DatumReader<T> make(Schema written, Schema present);
    }

    private final ReaderFactory<T> factory;
    private final boolean reusing;
    private final Map<Long, Reader<T>> readers = new HashMap<>();
    private final List<Reader<T>> present = new ArrayList<>();
    private final RegisteredReaders<Reader<T>> byId = new RegisteredReaders<>(this::readerOf);
    private @Nullable BinaryDecoder decoder;

    /**
     * A decoder of some of our schemas.
     *
     * @param reusing whether the next datum of a schema may take the memory of the last
     * @param schemas the present ones
     */
    DatumDecoder(ReaderFactory<T> factory, boolean reusing, List<Schema> schemas) {
        this.factory = factory;
        this.reusing = reusing;
        for (Schema schema : schemas) {
            Reader<T> reader = new Reader<>(schema, factory.make(schema, schema));
            present.add(reader);
            readers.put(Schemas.fingerprint(schema), reader);
        }
    }

    private static final class Reader<T> {
        private final Schema present;
        private final DatumReader<T> datums;
        private @Nullable T last;

        Reader(Schema present, DatumReader<T> datums) {
            this.present = present;
            this.datums = datums;
        }
    }

    /**
     * Adds another version of a schema as its writer published it.
     *
     * @param json the text of an {@code .avsc} file
     * @throws RecordException when it is no schema, or not one of those that are decoded here
     */
    void addSchema(String json) throws RecordException {
        Schema writer;
        try {
            writer = new Schema.Parser().parse(json);
        } catch (AvroRuntimeException e) {
            throw new RecordException("not an Avro schema: " + e.getMessage(), e);
        }
        readerOf(writer);
    }

    /** Finds schemas by the ids of this registry from now on. */
    void useRegistry(SchemaRegistry registry) {
        byId.use(registry);
    }

    /** Reads what was written with this schema. */
    private Reader<T> readerOf(Schema writer) throws RecordException {
        for (Reader<T> reader : present) {
            if (reader.present.getFullName().equals(writer.getFullName())) {
                return readers.computeIfAbsent(
                        Schemas.fingerprint(writer),
                        unused -> new Reader<>(reader.present, factory.make(writer, reader.present)));
            }
        }
        throw new RecordException("schema " + writer.getFullName() + " is not one of ctstream's schemas");
    }

    /**
     * Decodes a framed value.
     *
     * @param fingerprint from the record's header, if it had one
     * @throws RecordException when it cannot be decoded; the message says why
     */
    T decode(byte[] value, OptionalLong fingerprint) throws RecordException {
        if (Framing.SINGLE_OBJECT.frames(value)) {
            long written = ByteBuffer.wrap(value)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .getLong(Framing.SINGLE_OBJECT_FINGERPRINT_OFFSET);
            return decode(reader(written), value, Framing.SINGLE_OBJECT_BYTES);
        }
        if (Framing.CONFLUENT.frames(value)) {
            Reader<T> known = fingerprint.isPresent() ? readers.get(fingerprint.getAsLong()) : null;
            int id = ByteBuffer.wrap(value).getInt(Framing.CONFLUENT_SCHEMA_ID_OFFSET);
            return decode(known == null ? byId.of(id) : known, value, Framing.CONFLUENT_BYTES);
        }
        return fingerprint.isPresent() ? decode(reader(fingerprint.getAsLong()), value, 0) : guess(value);
    }

    /** Decodes a bare datum of the first of the present schemas. */
    T decodeFirst(byte[] array, int offset, int lengthBytes) throws RecordException {
        return decode(present.get(0), array, offset, lengthBytes);
    }

    private T guess(byte[] value) throws RecordException {
        List<String> reasons = new ArrayList<>();
        for (Reader<T> reader : present) {
            try {
                return decode(reader, value, 0);
            } catch (RecordException e) {
                reasons.add(reader.present.getName() + ": " + e.getMessage());
            }
        }
        throw new RecordException("not a ctstream record (" + String.join("; ", reasons) + ")");
    }

    private Reader<T> reader(long fingerprint) throws RecordException {
        Reader<T> reader = readers.get(fingerprint);
        if (reader == null) {
            throw new RecordException(String.format(
                    "written with a schema that this version does not know, fingerprint %016x; add its .avsc file"
                            + " (addSchema; --schema of read and verify), or use the writer's version of ctstream",
                    fingerprint));
        }
        return reader;
    }

    private T decode(Reader<T> reader, byte[] value, int offset) throws RecordException {
        return decode(reader, value, offset, value.length - offset);
    }

    private T decode(Reader<T> reader, byte[] array, int offset, int lengthBytes) throws RecordException {
        BinaryDecoder bytes = DecoderFactory.get().binaryDecoder(array, offset, lengthBytes, decoder);
        decoder = bytes;
        try {
            T datum = reader.datums.read(reusing ? reader.last : null, bytes);
            reader.last = datum;
            if (!bytes.isEnd()) {
                throw new RecordException("bytes are left over after the record");
            }
            return datum;
        } catch (IOException | RuntimeException e) {
            // Avro throws many types of exception for damaged bytes.
            reader.last = null;
            throw new RecordException("damaged: " + e, e);
        }
    }
}
