package dev.ctstream.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventHandler;
import dev.ctstream.record.EventRecords;
import dev.ctstream.record.HeaderNames;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.Schemas;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TopicReaderTest {
    private static final String TOPIC = "conntrack.events";
    private static final long FIRST_TIME = 1_795_244_919_067L;

    private final MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("none");
    private final List<String> undecodable = new ArrayList<>();
    private final List<String> events = new ArrayList<>();

    @BeforeEach
    void topicOfTwoPartitions() {
        Node node = new Node(1, "k", 1);
        Node[] nodes = {node};
        consumer.updatePartitions(
                TOPIC,
                List.of(
                        new PartitionInfo(TOPIC, 0, node, nodes, nodes),
                        new PartitionInfo(TOPIC, 1, node, nodes, nodes)));
        consumer.updateBeginningOffsets(Map.of(partition(0), 0L, partition(1), 0L));
        consumer.updateEndOffsets(Map.of(partition(0), 0L, partition(1), 0L));
    }

    @Test
    void readsAllPartitionsUntilTheIdleTimeHasPassed() throws Exception {
        records(0, EventRecords.singleObject(batch(7, 0, 1)), EventRecords.singleObject(batch(8, 0)));
        records(1, EventRecords.singleObject(EventRecords.control("STARTED")));
        ReadCounts counts = read(EventFilter.NONE, OptionalLong.empty());
        assertThat(events).containsExactlyInAnyOrder("7#0", "7#1", "8#0", "-1#");
        assertThat(counts).isEqualTo(new ReadCounts(3, 3, 1, 0));
    }

    @Test
    void aZoneFilterSkipsOtherZonesAndControlRecords() throws Exception {
        records(0, EventRecords.singleObject(batch(7, 0, 1)), EventRecords.singleObject(batch(8, 0)));
        records(1, EventRecords.singleObject(EventRecords.control("STARTED")));
        assertThat(read(EventFilter.ofZone(8), OptionalLong.empty()).events()).isEqualTo(1);
        assertThat(events).containsExactly("8#0");
    }

    @Test
    void theCountLimitsEventsEvenInsideABatch() throws Exception {
        records(0, EventRecords.singleObject(batch(8, 0)), EventRecords.singleObject(batch(7, 0, 1, 2, 3)));
        assertThat(read(EventFilter.ofZone(7), OptionalLong.of(2)).events()).isEqualTo(2);
        assertThat(events).containsExactly("7#0", "7#1");
    }

    @Test
    void undecodableRecordsAreReportedAndTheRestIsRead() throws Exception {
        records(
                0,
                new byte[] {1, 2, 3},
                EventRecords.singleObject(batch(7, 0)),
                EventRecords.confluent(9, batch(7, 1)));
        assertThat(read(EventFilter.NONE, OptionalLong.empty())).isEqualTo(new ReadCounts(3, 1, 0, 2));
        assertThat(undecodable)
                .containsExactly("conntrack.events, partition 0, offset 0", "conntrack.events, partition 0, offset 2");
    }

    @Test
    void theHeaderNamesTheSchemaInHexadecimal() throws Exception {
        String fingerprint = String.format("%016x", EventRecords.fingerprint(Schemas.BATCH));
        ConsumerRecord<byte[], byte[]> record =
                new ConsumerRecord<>(TOPIC, 0, 0, new byte[0], EventRecords.confluent(9, batch(7, 0)));
        record.headers()
                .add(HeaderNames.SCHEMA_FINGERPRINT, fingerprint.getBytes(StandardCharsets.US_ASCII))
                .add("content-type", new byte[0]);
        consumer.schedulePollTask(() -> consumer.addRecord(record));
        assertThat(read(EventFilter.NONE, OptionalLong.empty())).isEqualTo(new ReadCounts(1, 1, 0, 0));
    }

    @Test
    void stopEndsTheReading() throws Exception {
        TopicReader reader = reader("other", EventFilter.NONE, OptionalLong.empty());
        assertThatThrownBy(reader::assign)
                .isInstanceOf(ReadException.class)
                .hasMessageContaining("topic other does not exist");
        TopicReader stopped = reader(TOPIC, EventFilter.NONE, OptionalLong.empty());
        stopped.assign();
        consumer.schedulePollTask(stopped::stop);
        assertThat(stopped.run(event -> true)).isEqualTo(new ReadCounts(0, 0, 0, 0));
    }

    @Test
    void readsToTheEndOffsetsOfTheStart() throws Exception {
        consumer.updateBeginningOffsets(Map.of(partition(0), 0L, partition(1), 0L));
        consumer.updateEndOffsets(Map.of(partition(0), 2L, partition(1), 1L));
        records(0, EventRecords.singleObject(batch(7, 0)), EventRecords.singleObject(batch(7, 1)));
        records(1, EventRecords.singleObject(batch(8, 0)));
        TopicReader reader = reader(TOPIC, EventFilter.NONE, OptionalLong.empty());
        reader.assign();
        List<PartitionExtent> extents = reader.extents();
        assertThat(extents).containsExactlyInAnyOrder(new PartitionExtent(0, 0, 2), new PartitionExtent(1, 0, 1));
        List<Integer> partitions = new ArrayList<>();
        List<Long> times = new ArrayList<>();
        reader.runTo(extents, new EventHandler() {
            @Override
            public void onTimestamp(long millis) {
                times.add(millis);
            }

            @Override
            public void onPartition(int partition) {
                partitions.add(partition);
            }

            @Override
            public boolean onEvent(DecodedRecord event) {
                return events.add(event.zone() + "#" + event.text("sequence"));
            }
        });
        assertThat(events).containsExactly("7#0", "7#1", "8#0");
        assertThat(partitions).containsExactly(0, 0, 1);
        assertThat(times).containsExactly(FIRST_TIME, FIRST_TIME + 1, FIRST_TIME);
    }

    @Test
    void readsNoFurtherThanTheEndAndGoesOnFromThere() throws Exception {
        consumer.updateEndOffsets(Map.of(partition(0), 3L, partition(1), 0L));
        byte[][] values = {
            EventRecords.singleObject(batch(7, 0)),
            EventRecords.singleObject(batch(7, 1)),
            EventRecords.singleObject(batch(7, 2))
        };
        records(0, values);
        TopicReader reader = reader(TOPIC, EventFilter.NONE, OptionalLong.empty());
        reader.assign();
        EventHandler handler = event -> events.add(event.zone() + "#" + event.text("sequence"));
        assertThat(reader.runTo(List.of(new PartitionExtent(0, 0, 2), new PartitionExtent(1, 0, 0)), handler))
                .isEqualTo(new ReadCounts(2, 2, 0, 0));
        assertThat(events).containsExactly("7#0", "7#1");
        records(0, values);
        reader.runTo(List.of(new PartitionExtent(0, 0, 3), new PartitionExtent(1, 0, 0)), handler);
        assertThat(events).containsExactly("7#0", "7#1", "7#2");
    }

    private ReadCounts read(EventFilter filter, OptionalLong count) throws Exception {
        TopicReader reader = reader(TOPIC, filter, count);
        reader.assign();
        return reader.run(event -> events.add(event.zone() + "#" + event.text("sequence")));
    }

    private TopicReader reader(String topic, EventFilter filter, OptionalLong count) {
        ReadConfig config = new ReadConfig(Map.of(), topic, filter, true, count, OptionalInt.of(1));
        return new TopicReader(config, consumer, new RecordDecoder(), (place, error) -> undecodable.add(place));
    }

    private void records(int partition, byte[]... values) {
        consumer.schedulePollTask(() -> {
            for (int i = 0; i < values.length; i++) {
                consumer.addRecord(new ConsumerRecord<>(
                        TOPIC,
                        partition,
                        i,
                        FIRST_TIME + i,
                        TimestampType.LOG_APPEND_TIME,
                        0,
                        values[i].length,
                        new byte[0],
                        values[i],
                        new RecordHeaders(),
                        Optional.empty()));
            }
        });
    }

    private static GenericRecord batch(int zone, long... sequences) {
        return EventRecords.batch(
                zone,
                LongStream.of(sequences)
                        .mapToObj(sequence -> EventRecords.event(sequence, "NEW"))
                        .toList());
    }

    private static TopicPartition partition(int number) {
        return new TopicPartition(TOPIC, number);
    }
}
