package dev.ctstream.record;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads values of the event topic, whatever its layout and framing: each becomes the list of its events, in order. In the batch layout
 * the fields that events have in common are repeated in each.
 *
 * <p>Values with {@link Framing#CONFLUENT} and without the header {@link HeaderNames#SCHEMA_FINGERPRINT} need {@code
 * schema.registry.url} among the consumer's settings.
 *
 * <p>Delivery is at least once: give each event to a {@link Deduplicator} first.
 *
 * <p>Threads: confined to one thread, as a consumer is. Errors: {@link SerializationException} names what is wrong.
 */
public final class EventsDeserializer implements Deserializer<List<ConntrackFlatEvent>> {
    /** Where a flat event's own fields begin. */
    private static final int OWN_FIELDS =
            ConntrackFlatEvent.getClassSchema().getField("sequence").pos();

    private static final int EVENTS =
            ConntrackBatch.getClassSchema().getField("events").pos();

    private final DatumDecoder<SpecificRecord> decoder = new DatumDecoder<>(
            (written, present) -> new SpecificDatumReader<>(written, present, GeneratedRecords.DATA),
            false,
            List.of(ConntrackBatch.getClassSchema(), ConntrackFlatEvent.getClassSchema()));

    /** Uses the registry of {@link RegistrySettings}, if they are among the consumer's settings. */
    @Override
    public void configure(Map<String, ?> settings, boolean isKey) {
        if (RegistrySettings.isIn(settings)) {
            decoder.useRegistry(new SchemaRegistry(RegistrySettings.of(settings)));
        }
    }

    @Override
    public List<ConntrackFlatEvent> deserialize(String topic, byte @Nullable [] value) {
        return deserialize(topic, OptionalLong.empty(), value);
    }

    @Override
    public List<ConntrackFlatEvent> deserialize(String topic, Headers headers, byte @Nullable [] value) {
        return deserialize(topic, fingerprint(headers), value);
    }

    private List<ConntrackFlatEvent> deserialize(String topic, OptionalLong fingerprint, byte @Nullable [] value) {
        if (value == null) {
            return List.of(); // a tombstone that another program wrote
        }
        try {
            return events(decoder.decode(value, fingerprint));
        } catch (RecordException e) {
            throw new SerializationException("topic " + topic + ": " + e.getMessage(), e);
        }
    }

    /**
     * Adds another version of a schema, as {@link RecordDecoder#addSchema} does.
     *
     * @param json the text of an {@code .avsc} file
     */
    public void addSchema(String json) throws RecordException {
        decoder.addSchema(json);
    }

    static OptionalLong fingerprint(Headers headers) {
        Header header = headers.lastHeader(HeaderNames.SCHEMA_FINGERPRINT);
        return HeaderNames.fingerprint(header == null ? null : header.value());
    }

    private static List<ConntrackFlatEvent> events(SpecificRecord record) {
        if (record instanceof ConntrackFlatEvent event) {
            return List.of(event);
        }
        List<ConntrackFlatEvent> events = new ArrayList<>();
        for (Object event : (List<?>) record.get(EVENTS)) {
            events.add(flat(record, (IndexedRecord) event));
        }
        return events;
    }

    private static ConntrackFlatEvent flat(SpecificRecord batch, IndexedRecord event) {
        ConntrackFlatEvent flat = new ConntrackFlatEvent();
        for (int i = 0; i < OWN_FIELDS; i++) {
            flat.put(i, batch.get(i));
        }
        for (int i = 0; i < event.getSchema().getFields().size(); i++) {
            flat.put(OWN_FIELDS + i, event.get(i));
        }
        return flat;
    }
}
