package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.Framing;
import dev.ctstream.record.Partitioning;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.StreamId;
import dev.ctstream.record.ZoneWidths;
import dev.ctstream.spool.QueuedBatch;
import dev.ctstream.spool.RunTopics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Test;

class RecordFactoryTest {
    private static final StreamId ZONE_7 = MadeBatches.stream("host", 7);
    private static final RunTopics TOPICS = TestTopics.of("e", 12, "c", 3);
    private static final int SINGLE_OBJECT_BYTES = 10;
    private static final RegistryConfig REGISTRY =
            new RegistryConfig(Map.of("schema.registry.url", "http://127.0.0.1:1"), true, Path.of("/nowhere"));

    static PublishConfig config(Layout layout, Framing framing, boolean headers, Map<String, String> kafka) {
        return new PublishConfig(
                new PublishConfig.TopicNames("events", "control", true, 12, -1),
                new PublishConfig.RecordForm(layout, framing, headers, true, 256 << 10),
                ZoneWidths.DEFAULT,
                16 << 20,
                kafka,
                framing == Framing.CONFLUENT ? Optional.of(REGISTRY) : Optional.empty());
    }

    private static List<ProducerRecord<byte[], byte[]>> records(Layout layout, QueuedBatch batch, int pieceBytes) {
        return new RecordFactory(config(layout, Framing.SINGLE_OBJECT, true, Map.of()), SchemaIds.NONE)
                .records(batch, TOPICS, pieceBytes, false);
    }

    @Test
    void aBatchIsOneRecordKeyedByItsZone() {
        List<ProducerRecord<byte[], byte[]>> records =
                records(Layout.BATCH, Batches.events(1, ZONE_7, 40, 3), Integer.MAX_VALUE);

        assertThat(records).hasSize(1);
        ProducerRecord<byte[], byte[]> record = records.get(0);
        assertThat(record.topic()).isEqualTo("events");
        assertThat(record.partition()).isEqualTo(7);
        assertThat(text(record.key())).isEqualTo("host-a/host/7");
        assertThat(headers(record))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "content-type",
                        "application/avro; framing=single-object",
                        "schema-fingerprint",
                        String.format("%016x", Schemas.fingerprint(Schemas.BATCH))));
        assertThat(Batches.sequences(Batches.read(Schemas.BATCH, record.value(), SINGLE_OBJECT_BYTES)))
                .containsExactly(40L, 41L, 42L);
    }

    @Test
    void aControlRecordIsPartitionedByHostAndNamespace() {
        ProducerRecord<byte[], byte[]> record =
                records(Layout.EVENT, Batches.control(1, "host", 9), 1).get(0);

        assertThat(record.topic()).isEqualTo("control");
        assertThat(record.partition()).isEqualTo(new Partitioning(ZoneWidths.DEFAULT).ofControl("host-a", "host", 3));
        assertThat(text(record.key())).isEqualTo("host-a/host");
        assertThat(Batches.read(Schemas.CONTROL, record.value(), SINGLE_OBJECT_BYTES)
                        .get("control_sequence"))
                .isEqualTo(9L);
    }

    @Test
    void aBatchOfAnEarlierRunKeepsItsHost() {
        RunIdentity earlier = new RunIdentity("host-b", "boot-0", 5);
        ProducerRecord<byte[], byte[]> record = records(
                        Layout.BATCH, Batches.events(1, ZONE_7, 0, 1, earlier), Integer.MAX_VALUE)
                .get(0);

        assertThat(text(record.key())).isEqualTo("host-b/host/7");
    }

    @Test
    void theEventLayoutHasOneRecordPerEvent() {
        List<ProducerRecord<byte[], byte[]>> records =
                records(Layout.EVENT, Batches.events(1, ZONE_7, 100, 70), Integer.MAX_VALUE);

        assertThat(records).hasSize(70).allMatch(record -> record.partition() == 7);
        for (int i = 0; i < records.size(); i++) {
            GenericRecord flat = Batches.read(Schemas.FLAT, records.get(i).value(), SINGLE_OBJECT_BYTES);
            assertThat(flat.get("sequence")).isEqualTo(100L + i);
            assertThat(flat.get("ct_zone")).isEqualTo(7);
            assertThat(flat.get("log_index")).isEqualTo(1L);
            assertThat(flat.get("event_time")).isEqualTo(Batches.eventMillis(100L + i));
            assertThat(flat.get("host_id")).hasToString("host-a");
        }
    }

    @Test
    void aTooLargeBatchIsCutIntoPiecesOfWholeEvents() {
        QueuedBatch batch = Batches.events(1, ZONE_7, 0, 200);
        for (int pieceBytes : new int[] {batch.lengthBytes() - 1, batch.lengthBytes() / 3, 1_000, 1}) {
            List<Long> sequences = new ArrayList<>();
            for (ProducerRecord<byte[], byte[]> record : records(Layout.BATCH, batch, pieceBytes)) {
                GenericRecord piece = Batches.read(Schemas.BATCH, record.value(), SINGLE_OBJECT_BYTES);
                List<Long> within = Batches.sequences(piece);
                assertThat(record.value().length - SINGLE_OBJECT_BYTES <= pieceBytes || within.size() == 1)
                        .isTrue();
                assertThat(piece.get("ct_zone")).isEqualTo(7);
                assertThat(piece.get("log_index")).isEqualTo(1L);
                LongSummaryStatistics times =
                        within.stream().mapToLong(Batches::eventMillis).summaryStatistics();
                assertThat(piece.get("first_event_time")).isEqualTo(times.getMin());
                assertThat(piece.get("last_event_time")).isEqualTo(times.getMax());
                sequences.addAll(within);
            }
            assertThat(sequences)
                    .containsExactlyElementsOf(LongStream.range(0, 200).boxed().toList());
        }
    }

    @Test
    void confluentRecordsCarryTheIdOfTheirSchema() {
        RecordFactory factory = new RecordFactory(
                config(Layout.BATCH, Framing.CONFLUENT, true, Map.of()), new SchemaIds(0x01020304, 7, ""));
        QueuedBatch batch = Batches.events(1, ZONE_7, 0, 200);

        for (int pieceBytes : new int[] {Integer.MAX_VALUE, 1_000}) {
            for (ProducerRecord<byte[], byte[]> record : factory.records(batch, TOPICS, pieceBytes, false)) {
                assertThat(record.value()).startsWith(0, 1, 2, 3, 4);
                assertThat(headers(record)).containsEntry("content-type", "application/avro; framing=confluent");
                assertThat(Batches.read(Schemas.BATCH, record.value(), 5).get("ct_zone"))
                        .isEqualTo(7);
            }
        }
        assertThat(factory.records(Batches.control(1, "host", 9), TOPICS, 1, false)
                        .get(0)
                        .value())
                .startsWith(0, 0, 0, 0, 7);
    }

    @Test
    void headersCanBeSwitchedOff() {
        RecordFactory factory = new RecordFactory(config(Layout.BATCH, Framing.BARE, false, Map.of()), SchemaIds.NONE);

        ProducerRecord<byte[], byte[]> record = factory.records(
                        Batches.events(1, ZONE_7, 0, 1), TOPICS, Integer.MAX_VALUE, false)
                .get(0);

        assertThat(record.headers()).isEmpty();
        assertThat(Batches.sequences(Batches.read(Schemas.BATCH, record.value(), 0)))
                .containsExactly(0L);
    }

    private static Map<String, String> headers(ProducerRecord<byte[], byte[]> record) {
        Map<String, String> headers = new java.util.HashMap<>();
        for (Header header : record.headers()) {
            headers.put(header.key(), text(header.value()));
        }
        return headers;
    }

    private static String text(byte[] utf8) {
        return new String(utf8, StandardCharsets.UTF_8);
    }
}
