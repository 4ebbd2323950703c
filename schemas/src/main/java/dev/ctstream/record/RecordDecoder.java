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
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.jspecify.annotations.Nullable;

/**
 * Decodes a Kafka record's value: both layouts and control records, in every framing.
 *
 * <pre>
 *   single-object   C3 01, fingerprint (8 bytes, little endian: CRC-64-AVRO), Avro
 *   confluent       00, schema id (4 bytes, big endian), Avro
 *   bare            Avro
 * </pre>
 *
 * The first byte tells: bare data begins with the length of a host id, which is never 0 and never negative. The writer's
 * schema is found by the fingerprint of the framing or of the header {@code schema-fingerprint}; bare data without it is
 * tried with the current schemas until one takes every byte. What was written with another version of a schema is
 * resolved to the current one.
 *
 * <p>Threads: confined to one thread. Records that it returns are used again by the next call.
 */
public final class RecordDecoder {
    private final Map<Long, Reader> readers = new HashMap<>();
    private final List<Reader> current = new ArrayList<>();
    private final DecodedRecord event = new DecodedRecord();
    private @Nullable BinaryDecoder decoder;
    private long recordNumber;

    /** Knows the current schemas. */
    public RecordDecoder() {
        for (Schema schema : List.of(Schemas.BATCH, Schemas.FLAT, Schemas.CONTROL)) {
            Reader reader = new Reader(schema, schema);
            current.add(reader);
            readers.put(Schemas.fingerprint(schema), reader);
        }
    }

    /**
     * Adds another version of a schema as its writer published it.
     *
     * @param json the text of an {@code .avsc} file
     * @throws RecordException when it is no schema, or not one of ours
     */
    public void addSchema(String json) throws RecordException {
        Schema writer;
        try {
            writer = new Schema.Parser().parse(json);
        } catch (AvroRuntimeException e) {
            throw new RecordException("not an Avro schema: " + e.getMessage(), e);
        }
        for (Reader reader : current) {
            if (reader.expected.getFullName().equals(writer.getFullName())) {
                readers.putIfAbsent(Schemas.fingerprint(writer), new Reader(writer, reader.expected));
                return;
            }
        }
        throw new RecordException("schema " + writer.getFullName() + " is none of ctstream's");
    }

    /**
     * Decodes one record and hands its events over.
     *
     * @param fingerprint from the record's header, if it had one
     * @return false when the handler wants no more
     * @throws RecordException when the record cannot be decoded; nothing of it was handed over then
     * @throws IOException from the handler
     */
    public boolean decode(byte[] value, OptionalLong fingerprint, EventHandler handler)
            throws RecordException, IOException {
        return emit(framed(value, fingerprint), handler);
    }

    /** Decodes one bare batch, as the collector itself hands it on. */
    public boolean decodeBatch(byte[] array, int offset, int lengthBytes, EventHandler handler)
            throws RecordException, IOException {
        return emit(read(current.get(0), array, offset, lengthBytes), handler);
    }

    /** Hands over the events of a record that was read with a current schema. */
    public boolean emit(GenericRecord record, EventHandler handler) throws IOException {
        recordNumber++;
        Schema.Field events = record.getSchema().getField("events");
        if (events == null) {
            return handler.onEvent(event.alone(record, recordNumber));
        }
        for (Object item : (List<?>) record.get(events.pos())) {
            if (!handler.onEvent(event.in(record, (GenericRecord) item, recordNumber))) {
                return false;
            }
        }
        return true;
    }

    private GenericRecord framed(byte[] value, OptionalLong fingerprint) throws RecordException {
        if (value.length >= Framing.SINGLE_OBJECT_BYTES
                && value[0] == Framing.SINGLE_OBJECT_MARK
                && value[1] == Framing.SINGLE_OBJECT_VERSION) {
            long written = ByteBuffer.wrap(value)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .getLong(Framing.SINGLE_OBJECT_FINGERPRINT_OFFSET);
            return read(
                    reader(written), value, Framing.SINGLE_OBJECT_BYTES, value.length - Framing.SINGLE_OBJECT_BYTES);
        }
        if (value.length >= Framing.CONFLUENT_BYTES && value[0] == Framing.CONFLUENT_MARK) {
            if (fingerprint.isEmpty()) {
                int id = ByteBuffer.wrap(value).getInt(Framing.CONFLUENT_SCHEMA_ID_OFFSET);
                throw new RecordException("framed with schema id " + id + " of a registry, and has no header"
                        + " schema-fingerprint: reading it needs the registry, which this version cannot ask");
            }
            return read(
                    reader(fingerprint.getAsLong()),
                    value,
                    Framing.CONFLUENT_BYTES,
                    value.length - Framing.CONFLUENT_BYTES);
        }
        if (fingerprint.isPresent()) {
            return read(reader(fingerprint.getAsLong()), value, 0, value.length);
        }
        return guess(value);
    }

    private GenericRecord guess(byte[] value) throws RecordException {
        List<String> reasons = new ArrayList<>();
        for (Reader reader : current) {
            try {
                return read(reader, value, 0, value.length);
            } catch (RecordException e) {
                reasons.add(reader.expected.getName() + ": " + e.getMessage());
            }
        }
        throw new RecordException("no ctstream record (" + String.join("; ", reasons) + ")");
    }

    private Reader reader(long fingerprint) throws RecordException {
        Reader reader = readers.get(fingerprint);
        if (reader == null) {
            throw new RecordException(String.format(
                    "written with a schema that this version does not know, fingerprint %016x: give its .avsc file"
                            + " with --schema, or use the writer's version of ctstream",
                    fingerprint));
        }
        return reader;
    }

    private GenericRecord read(Reader reader, byte[] array, int offset, int lengthBytes) throws RecordException {
        BinaryDecoder bytes = DecoderFactory.get().binaryDecoder(array, offset, lengthBytes, decoder);
        decoder = bytes;
        try {
            GenericRecord record = reader.datum.read(reader.reused, bytes);
            reader.reused = record;
            if (!bytes.isEnd()) {
                throw new RecordException("bytes are left over behind the record");
            }
            return record;
        } catch (IOException | RuntimeException e) {
            // Avro throws many kinds for bytes that are not what they should be.
            reader.reused = null;
            throw new RecordException("damaged: " + e, e);
        }
    }

    private static final class Reader {
        private final Schema expected;
        private final GenericDatumReader<GenericRecord> datum;
        private @Nullable GenericRecord reused;

        Reader(Schema written, Schema expected) {
            this.expected = expected;
            datum = new GenericDatumReader<>(written, expected);
        }
    }
}
