package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serde;
import org.junit.jupiter.api.Test;

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

    private static <T> T roundTrip(Serde<T> serde, T value) {
        byte[] bytes = serde.serializer().serialize(TOPIC, value);
        return Objects.requireNonNull(serde.deserializer().deserialize(TOPIC, bytes));
    }
}
