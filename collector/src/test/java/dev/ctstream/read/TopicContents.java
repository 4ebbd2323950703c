package dev.ctstream.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventHandler;
import dev.ctstream.record.RecordDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * What a topic holds: the position of each record, and the events as {@link TopicReader} reads them. Where the topic is
 * still written to, the events of later records may be among them.
 *
 * @param places partition and key of each record
 * @param events events, in the order of each partition
 */
public record TopicContents(List<Place> places, List<Event> events) {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    /** Position of a record; the key is {@code host_id/netns/zone}. */
    public record Place(int partition, String key) {}

    /** The fields that a flow's NEW and its DESTROY share. */
    public record Flow(
            int zone,
            long id,
            long protocol,
            String source,
            String destination,
            String reply,
            @Nullable Long port) {}

    /** One event, copied. */
    public record Event(
            String stream, long epoch, String netns, long sequence, String type, Flow flow, long lostTotal) {
        static Event of(DecodedRecord event) {
            Flow flow = new Flow(
                    event.zone(),
                    event.number("ct_id").orElseThrow(),
                    event.number("protocol").orElseThrow(),
                    event.text("source_address"),
                    event.text("destination_address"),
                    event.text("reply_source_address"),
                    event.number("source_port").orElse(null));
            return new Event(
                    event.stream(),
                    event.number("stream_epoch").orElseThrow(),
                    event.text("netns"),
                    event.number("sequence").orElseThrow(),
                    event.text("event_type"),
                    flow,
                    event.number("lost_total").orElseThrow());
        }
    }

    /** Reads a topic to its current end at least. */
    public static TopicContents read(String bootstrapServers, String topic) throws Exception {
        List<Place> places = places(bootstrapServers, topic);
        List<Event> events = new ArrayList<>();
        ReadConfig config = new ReadConfig(
                Map.of("bootstrap.servers", bootstrapServers),
                topic,
                EventFilter.NONE,
                true,
                OptionalLong.empty(),
                OptionalInt.empty());
        List<String> undecodable = new ArrayList<>();
        try (TopicReader reader =
                TopicReader.open(config, new RecordDecoder(), (place, problem) -> undecodable.add(place + problem))) {
            long begin = System.nanoTime();
            reader.run(new EventHandler() {
                @Override
                public boolean onEvent(DecodedRecord event) {
                    events.add(Event.of(event));
                    return true;
                }

                @Override
                public void onPause() {
                    if (reader.counts().records() >= places.size() || System.nanoTime() - begin > PATIENCE_NANOS) {
                        reader.stop();
                    }
                }
            });
            assertThat(reader.counts().records()).isGreaterThanOrEqualTo(places.size());
        }
        assertThat(undecodable).isEmpty();
        return new TopicContents(places, events);
    }

    private static List<Place> places(String bootstrapServers, String topic) {
        List<Place> places = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrapServers, "auto.offset.reset", "earliest"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            consumer.assign(partitions);
            long end = consumer.endOffsets(partitions).values().stream()
                    .mapToLong(Long::longValue)
                    .sum();
            long begin = System.nanoTime();
            while (places.size() < end && System.nanoTime() - begin < PATIENCE_NANOS) {
                consumer.poll(Duration.ofMillis(100))
                        .forEach(record -> places.add(
                                new Place(record.partition(), new String(record.key(), StandardCharsets.UTF_8))));
            }
            assertThat(places).hasSize((int) end);
        }
        return places;
    }

    /** The sequences of each stream, in the order in which they were read. */
    public Map<String, List<Long>> sequences() {
        Map<String, List<Long>> sequences = new TreeMap<>();
        events.forEach(event -> sequences
                .computeIfAbsent(event.stream(), stream -> new ArrayList<>())
                .add(event.sequence()));
        return sequences;
    }

    /** Checks that every sequence of each stream from 0 on is present once and in order. */
    public void assertGapFree() {
        sequences().forEach((stream, sequences) -> {
            for (int i = 0; i < sequences.size(); i++) {
                assertThat(sequences.get(i)).as("%s, event %s", stream, i).isEqualTo(i);
            }
        });
    }

    /** The flows of the events of one type. */
    public List<Flow> flows(String type) {
        return events.stream()
                .filter(event -> event.type().equals(type))
                .map(Event::flow)
                .toList();
    }
}
