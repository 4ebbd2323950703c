package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serde;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeserializersTest {
    private static final String TOPIC = "conntrack.events";

    private final EventsDeserializer events = new EventsDeserializer();

    private static GenericRecord batch() {
        return EventRecords.batch(
                7,
                List.of(
                        EventRecords.event(5, "NEW"),
                        EventRecords.event(6, "UPDATE"),
                        EventRecords.event(7, "DESTROY")));
    }

    @Test
    void aBatchBecomesItsEventsWithTheFieldsThatTheyShare() {
        List<ConntrackFlatEvent> read = events.deserialize(TOPIC, EventRecords.singleObject(batch()));
        assertThat(read).extracting(ConntrackFlatEvent::getSequence).containsExactly(5L, 6L, 7L);
        assertThat(read).extracting(ConntrackFlatEvent::getEventType).containsExactly("NEW", "UPDATE", "DESTROY");
        assertThat(read).allSatisfy(event -> {
            assertThat(event.getCtZone()).isEqualTo(7);
            assertThat(event.getHostId()).isEqualTo(batch().get("host_id").toString());
            assertThat(event.getNetnsId()).isEqualTo(batch().get("netns_id").toString());
        });
    }

    @Test
    void aFlatRecordIsOneEvent() {
        GenericRecord flat = EventRecords.flat(9, 3, "DESTROY");
        assertThat(events.deserialize(TOPIC, EventRecords.singleObject(flat)))
                .singleElement()
                .satisfies(event -> {
                    assertThat(event.getSequence()).isEqualTo(3);
                    assertThat(StreamKey.of(event).zone()).isEqualTo(9);
                });
    }

    @Test
    void bareDataIsReadByTheHeaderOrByTrial() {
        byte[] bare = EventRecords.bare(batch());
        byte[] fingerprint =
                String.format("%016x", EventRecords.fingerprint(Schemas.BATCH)).getBytes(StandardCharsets.US_ASCII);
        RecordHeaders headers = new RecordHeaders();
        headers.add(HeaderNames.SCHEMA_FINGERPRINT, fingerprint);
        assertThat(events.deserialize(TOPIC, headers, bare)).hasSize(3);
        assertThat(events.deserialize(TOPIC, bare)).hasSize(3);
    }

    @Test
    void anErrorNamesTopicAndReason() {
        assertThatThrownBy(() -> events.deserialize(TOPIC, new byte[] {1, 2, 3}))
                .isInstanceOf(SerializationException.class)
                .hasMessageContaining(TOPIC)
                .hasMessageContaining("not a ctstream record");
        byte[] unknown = EventRecords.singleObject(batch());
        unknown[2]++;
        assertThatThrownBy(() -> events.deserialize(TOPIC, unknown)).hasMessageContaining("fingerprint");
    }

    @Test
    void aTombstoneHasNoEvents() {
        assertThat(events.deserialize(TOPIC, (byte[]) null)).isEmpty();
    }

    @Test
    void eachSerdeReadsWhatItWrites() {
        try (Serde<ConntrackBatch> batches = RecordSerdes.batch();
                Serde<ConntrackFlatEvent> flats = RecordSerdes.flatEvent();
                Serde<ConntrackControl> controls = RecordSerdes.control()) {
            ConntrackBatch batch = batches.deserializer().deserialize(TOPIC, EventRecords.singleObject(batch()));
            assertThat(batch.getEvents()).hasSize(3);
            assertThat(roundTrip(batches, batch)).isEqualTo(batch);
            GenericRecord flat = EventRecords.flat(9, 3, "NEW");
            ConntrackFlatEvent event = flats.deserializer().deserialize(TOPIC, EventRecords.singleObject(flat));
            assertThat(roundTrip(flats, event)).isEqualTo(event);
            ConntrackControl control = controls.deserializer()
                    .deserialize(TOPIC, EventRecords.singleObject(EventRecords.control("HEARTBEAT")));
            assertThat(control.getKind()).isEqualTo("HEARTBEAT");
            assertThat(roundTrip(controls, control)).isEqualTo(control);
        }
    }

    @Test
    void confluentValuesAreReadByTheIdInTheRegistry() throws IOException {
        try (RegistryStandIn server = new RegistryStandIn()) {
            // as an older version wrote it: without a field that has a default
            String older = Schemas.BATCH.toString().replaceFirst("\\{\"name\":\"community_id\"[^}]*},", "");
            assertThat(older).isNotEqualTo(Schemas.BATCH.toString());
            int id = server.add("other", older);
            GenericRecord written = rewritten(batch(), new Schema.Parser().parse(older));
            byte[] value = EventRecords.confluent(id, written);

            assertThatThrownBy(() -> events.deserialize(TOPIC, value))
                    .hasMessageContaining("schema id " + id + " of a registry")
                    .hasMessageContaining("schema.registry.url");
            events.configure(Map.of("schema.registry.url", server.url()), false);
            assertThat(events.deserialize(TOPIC, value))
                    .extracting(ConntrackFlatEvent::getSequence)
                    .containsExactly(5L, 6L, 7L);
            assertThat(events.deserialize(TOPIC, value)).hasSize(3);
            assertThat(server.requests).containsExactly("GET /schemas/ids/" + id);
            byte[] unknown = EventRecords.confluent(99, batch());
            assertThatThrownBy(() -> events.deserialize(TOPIC, unknown)).hasMessageContaining("has no schema id 99");
            assertThatThrownBy(() -> events.deserialize(TOPIC, unknown)).hasMessageContaining("has no schema id 99");
            assertThat(server.requests).hasSize(2);
        }
    }

    @Test
    void aRegistryThatIsAwayIsNotAskedForEachRecord() throws IOException {
        events.configure(Map.of("schema.registry.url", RegistryStandIn.nowhere()), false);
        assertThatThrownBy(() -> events.deserialize(TOPIC, EventRecords.confluent(7, batch())))
                .hasMessageContaining("cannot be reached");
        long begin = System.nanoTime();
        for (int id = 0; id < 1000; id++) {
            byte[] value = EventRecords.confluent(id, batch());
            assertThatThrownBy(() -> events.deserialize(TOPIC, value)).isInstanceOf(SerializationException.class);
        }
        assertThat(System.nanoTime() - begin).isLessThan(3_000_000_000L); // 1000 attempts take 200 s
    }

    @ParameterizedTest
    @ValueSource(strings = {"confluent", "single-object", "bare"})
    void everySerdeWritesTheConfiguredFraming(String framing) throws IOException {
        try (RegistryStandIn server = new RegistryStandIn();
                Serde<ConntrackBatch> batches = RecordSerdes.batch();
                Serde<ConntrackFlatEvent> flats = RecordSerdes.flatEvent();
                Serde<ConntrackControl> controls = RecordSerdes.control()) {
            Map<String, String> settings = Map.of("record.framing", framing, "schema.registry.url", server.url());
            List.of(batches, flats, controls).forEach(serde -> serde.configure(settings, false));
            ConntrackBatch batch = read(batches, batch());
            assertThat(roundTrip(batches, batch)).isEqualTo(batch);
            byte[] value = batches.serializer().serialize("ConntrackBatch", batch);
            byte[] prefix = Framing.of(framing).prefix(Schemas.BATCH, 1);
            assertThat(Arrays.copyOf(value, prefix.length)).isEqualTo(prefix);
            assertThat(value).hasSize(prefix.length + EventRecords.bare(batch()).length);
            ConntrackFlatEvent flat = read(flats, EventRecords.flat(9, 3, "NEW"));
            assertThat(roundTrip(flats, flat)).isEqualTo(flat);
            ConntrackControl control = read(controls, EventRecords.control("HEARTBEAT"));
            assertThat(roundTrip(controls, control)).isEqualTo(control);
        }
    }

    @Test
    void generatedClassesWorkByThemselvesWithoutASystemProperty() throws IOException {
        assertThat(System.getProperty("org.apache.avro.SERIALIZABLE_PACKAGES")).isNull();
        byte[] value = EventRecords.singleObject(batch());
        ConntrackBatch batch = ConntrackBatch.getDecoder().decode(value);
        assertThat(batch.getEvents()).hasSize(3);
        ConntrackBatch copy = ConntrackBatch.newBuilder(batch).setCtZone(8).build();
        assertThat(ConntrackBatch.fromByteBuffer(copy.toByteBuffer()).getCtZone())
                .isEqualTo(8);
        SpecificDatumReader<ConntrackBatch> reader = new SpecificDatumReader<>(ConntrackBatch.class);
        byte[] bare = EventRecords.bare(batch());
        assertThat(reader.read(null, DecoderFactory.get().binaryDecoder(bare, null))
                        .getEvents())
                .hasSize(3);
    }

    private static GenericRecord rewritten(GenericRecord record, Schema older) throws IOException {
        return new GenericDatumReader<GenericRecord>(record.getSchema(), older)
                .read(null, DecoderFactory.get().binaryDecoder(EventRecords.bare(record), null));
    }

    private static <T> T read(Serde<T> serde, GenericRecord record) {
        return Objects.requireNonNull(serde.deserializer().deserialize(TOPIC, EventRecords.singleObject(record)));
    }

    private static <T> T roundTrip(Serde<T> serde, T value) {
        String topic = value.getClass().getSimpleName();
        byte[] bytes = serde.serializer().serialize(topic, value);
        return Objects.requireNonNull(serde.deserializer().deserialize(topic, bytes));
    }
}
