package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.ConntrackBatch;
import dev.ctstream.record.ConntrackFlatEvent;
import dev.ctstream.record.EventsDeserializer;
import dev.ctstream.record.ExtremeEvents;
import dev.ctstream.record.Framing;
import dev.ctstream.record.HeaderNames;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.RecordSerdes;
import dev.ctstream.record.RegistryStandIn;
import dev.ctstream.record.Schemas;
import dev.ctstream.spool.QueuedBatch;
import dev.ctstream.spool.RunTopics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Our own reader and the consumers' jar, in both layouts and the three framings, bare also with headers: events read =
 * events produced, in order, every field of every event. {@code EveryReaderDownstreamIT} has ten times as
 * many, and the readers of others.
 */
class EveryReaderTest {
    private static final int EVENTS = 1_000;
    private static final int BATCH = 250;
    private static final RunTopics TOPICS = TestTopics.of("e", 12, "c", 3);
    private static final int[] ZONES = {0, 7, 65_535};

    private static final List<QueuedBatch> PRODUCED = batches(EVENTS);
    private static final List<Map<String, @Nullable Object>> EXPECTED = expected(PRODUCED);

    /** Batches of three zones with extreme events. */
    static List<QueuedBatch> batches(int events) {
        List<QueuedBatch> batches = new ArrayList<>();
        for (int first = 0; first < events; first += BATCH) {
            int number = batches.size() + 1;
            batches.add(
                    Batches.extreme(number, MadeBatches.stream("netz-ß", ZONES[number % ZONES.length]), first, BATCH));
        }
        return batches;
    }

    /** What a reader must see, in the order of the batches. */
    static List<Map<String, @Nullable Object>> expected(List<QueuedBatch> batches) {
        List<Map<String, @Nullable Object>> expected = new ArrayList<>();
        for (QueuedBatch batch : batches) {
            var record = Batches.read(Schemas.BATCH, batch);
            ((List<?>) record.get("events"))
                    .forEach(event ->
                            expected.add(ExtremeEvents.plain(record, (org.apache.avro.generic.IndexedRecord) event)));
        }
        return expected;
    }

    static Stream<Arguments> forms() {
        return Stream.of(Layout.values())
                .flatMap(layout -> Stream.concat(
                        Stream.of(Framing.values()).map(framing -> Arguments.of(layout, framing, false)),
                        Stream.of(Arguments.of(layout, Framing.BARE, true))));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void eventsReadAreEventsProduced(Layout layout, Framing framing, boolean headers) throws Exception {
        Schema schema = layout == Layout.BATCH ? Schemas.BATCH : Schemas.FLAT;
        try (RegistryStandIn registry = new RegistryStandIn(0, 1 << 24);
                EventsDeserializer events = new EventsDeserializer();
                Serde<ConntrackBatch> batchSerde = RecordSerdes.batch();
                Serde<ConntrackFlatEvent> flatSerde = RecordSerdes.flatEvent()) {
            Map<String, String> settings = Map.of("schema.registry.url", registry.url());
            int id = registry.add("events-value", schema.toString());
            events.configure(settings, false);
            batchSerde.configure(settings, false);
            flatSerde.configure(settings, false);
            RecordDecoder decoder = new RecordDecoder();
            decoder.useRegistry(registry.client());
            List<Map<String, @Nullable Object>> read = new ArrayList<>();
            List<Map<String, @Nullable Object>> deserialized = new ArrayList<>();
            List<Map<String, @Nullable Object>> bySerde = new ArrayList<>();
            RecordFactory factory = new RecordFactory(
                    RecordFactoryTest.config(layout, framing, headers, Map.of()), new SchemaIds(id, 0, ""));
            for (QueuedBatch batch : PRODUCED) {
                for (ProducerRecord<byte[], byte[]> record : factory.records(batch, TOPICS, 30_000, false)) {
                    Header header = record.headers().lastHeader(HeaderNames.SCHEMA_FINGERPRINT);
                    decoder.decode(
                            record.value(), HeaderNames.fingerprint(header == null ? null : header.value()), event -> {
                                Map<String, @Nullable Object> plain = new TreeMap<>();
                                for (Schema.Field field : Schemas.FLAT.getFields()) {
                                    plain.put(field.name(), ExtremeEvents.plain(event.value(field.name())));
                                }
                                return read.add(plain);
                            });
                    events.deserialize("events", record.headers(), record.value())
                            .forEach(event -> deserialized.add(ExtremeEvents.plain(event)));
                    if (layout == Layout.BATCH) {
                        ConntrackBatch one = Objects.requireNonNull(
                                batchSerde.deserializer().deserialize("events", record.headers(), record.value()));
                        one.getEvents().forEach(event -> bySerde.add(ExtremeEvents.plain(one, event)));
                    } else {
                        bySerde.add(ExtremeEvents.plain(Objects.requireNonNull(
                                flatSerde.deserializer().deserialize("events", record.headers(), record.value()))));
                    }
                }
            }
            assertThat(EXPECTED.size()).isEqualTo(EVENTS);
            mustBe(EXPECTED, read);
            mustBe(EXPECTED, deserialized);
            mustBe(EXPECTED, bySerde);
        }
    }

    /** As isEqualTo, with the first difference alone. */
    static void mustBe(List<Map<String, @Nullable Object>> expected, List<Map<String, @Nullable Object>> read) {
        assertThat(read.size()).isEqualTo(expected.size());
        for (int i = 0; i < read.size(); i++) {
            if (!read.get(i).equals(expected.get(i))) {
                assertThat(read.get(i)).isEqualTo(expected.get(i));
            }
        }
    }
}
