package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.RecordDecoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The records of a topic of batches, for copies of the topic that lack some of them. */
final class TopicCopy {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final String servers;
    private final int partitions;
    private final List<Batch> batches = new ArrayList<>();

    /** A record and the events that it holds. */
    record Batch(String netns, int zone, long epoch, long first, long last, ConsumerRecord<byte[], byte[]> record) {
        boolean sameEvents(Batch other) {
            return sameStream(other) && first == other.first;
        }

        boolean sameStream(Batch other) {
            return zone == other.zone && epoch == other.epoch && netns.equals(other.netns);
        }
    }

    private TopicCopy(String servers, int partitions) {
        this.servers = servers;
        this.partitions = partitions;
    }

    /** Reads a topic to its current end, partition by partition. */
    static TopicCopy of(String servers, String topic) throws Exception {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", servers, "auto.offset.reset", "earliest"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> all = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            TopicCopy copy = new TopicCopy(servers, all.size());
            for (TopicPartition partition : all) {
                consumer.assign(List.of(partition));
                consumer.seekToBeginning(List.of(partition));
                copy.readTo(consumer, partition);
            }
            return copy;
        }
    }

    private void readTo(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition) throws Exception {
        long end = consumer.endOffsets(List.of(partition)).values().iterator().next();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        RecordDecoder decoder = new RecordDecoder();
        while (consumer.position(partition) < end) {
            assertThat(System.nanoTime()).as("still reading %s", partition).isLessThan(deadline);
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                List<Batch> events = new ArrayList<>();
                decoder.decode(record.value(), OptionalLong.empty(), event -> events.add(toBatch(event, record)));
                Batch first = events.get(0);
                long last = events.get(events.size() - 1).first;
                batches.add(new Batch(first.netns, first.zone, first.epoch, first.first, last, record));
            }
        }
    }

    private static Batch toBatch(DecodedRecord event, ConsumerRecord<byte[], byte[]> record) {
        long sequence = event.number("sequence").orElseThrow();
        long epoch = event.number("stream_epoch").orElseThrow();
        return new Batch(event.text("netns"), event.zone(), epoch, sequence, sequence, record);
    }

    /** All records. */
    List<Batch> batches() {
        return batches;
    }

    /** Creates a topic that lacks some records. */
    void write(String topic, Predicate<Batch> omitted) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1)))
                    .all()
                    .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        // One request at a time: on a new topic, a rejected first request would put all later ones out of order.
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", servers, "max.in.flight.requests.per.connection", "1"),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            List<Future<?>> sent = new ArrayList<>();
            for (Batch batch : batches) {
                if (!omitted.test(batch)) {
                    ConsumerRecord<byte[], byte[]> record = batch.record();
                    sent.add(producer.send(new ProducerRecord<>(
                            topic, record.partition(), record.key(), record.value(), record.headers())));
                }
            }
            for (Future<?> one : sent) {
                one.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            }
        }
    }
}
