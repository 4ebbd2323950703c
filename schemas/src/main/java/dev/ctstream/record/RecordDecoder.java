package dev.ctstream.record;

import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;

/**
 * Decodes a Kafka record's value and hands over its events: both layouts and control records, in every {@link Framing}. A
 * record that was written with another version of its schema is resolved to the present one.
 *
 * <p>Threads: confined to one thread. The next call reuses the records that a call has handed over.
 */
public final class RecordDecoder {
    private final DatumDecoder<GenericRecord> datums = new DatumDecoder<>(
            GenericDatumReader<GenericRecord>::new, true, List.of(Schemas.BATCH, Schemas.FLAT, Schemas.CONTROL));
    private final DecodedRecord event = new DecodedRecord();
    private long recordNumber;

    /**
     * Adds another version of a schema, as its writer published it.
     *
     * @param json the text of an {@code .avsc} file
     * @throws RecordException when it is not an Avro schema, or not one of ctstream's
     */
    public void addSchema(String json) throws RecordException {
        datums.addSchema(json);
    }

    /** Finds the schemas of {@link Framing#CONFLUENT} in this registry, unless a header names them. */
    public void useRegistry(SchemaRegistry registry) {
        datums.useRegistry(registry);
    }

    /**
     * Decodes one record and passes its events to the handler.
     *
     * @param fingerprint from the record's header, if it had one
     * @return false when the handler asked to stop
     * @throws RecordException when the record cannot be decoded; the handler has then received none of its events
     * @throws IOException from the handler
     */
    public boolean decode(byte[] value, OptionalLong fingerprint, EventHandler handler)
            throws RecordException, IOException {
        return emit(datums.decode(value, fingerprint), handler);
    }

    /** Decodes one bare batch, as the collector passes it between its threads. */
    public boolean decodeBatch(byte[] array, int offset, int lengthBytes, EventHandler handler)
            throws RecordException, IOException {
        return emit(datums.decodeFirst(array, offset, lengthBytes), handler);
    }

    /** Passes the events of a record to the handler; the record must be of a current schema. */
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
}
