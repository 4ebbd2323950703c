package dev.ctstream.publish;

import static org.awaitility.Awaitility.await;

import dev.ctstream.record.Schemas;
import dev.ctstream.spool.RunTopics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A cluster without a broker: the test decides the result of each record. */
final class MockCluster implements KafkaGateway {
    static final Duration SOON = Duration.ofSeconds(20);
    static final String ADDRESS = "mock:1";

    /** What the next attempts to connect say. */
    final ConcurrentLinkedQueue<KafkaUnreadyException> refusals = new ConcurrentLinkedQueue<>();

    volatile RunTopics topics = TestTopics.of("e", 12, "c", 3);

    final List<MockProducer<byte[], byte[]>> producers = new CopyOnWriteArrayList<>();

    @Override
    public Topics.Report prepare() throws KafkaUnreadyException {
        KafkaUnreadyException refusal = refusals.poll();
        if (refusal != null) {
            throw refusal;
        }
        return new Topics.Report(topics, List.of(), 1 << 20, Topics.Ages.UNLIMITED, Set.of(ADDRESS));
    }

    @Override
    public CompletableFuture<RunTopics> topics() {
        return CompletableFuture.completedFuture(topics);
    }

    @Override
    public void close() {}

    @Override
    public Producer<byte[], byte[]> producer(long maxMessageBytes) {
        MockProducer<byte[], byte[]> producer =
                new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
        producers.add(producer);
        return producer;
    }

    /** The producer with this index, once it has received this many records. */
    MockProducer<byte[], byte[]> producer(int index, int records) {
        await().atMost(SOON)
                .until(() -> producers.size() > index
                        && producers.get(index).history().size() >= records);
        return producers.get(index);
    }

    /** What a producer received: {@code c} and the number of a control record, or {@code e} and a batch's first one. */
    static List<String> received(MockProducer<byte[], byte[]> producer) {
        List<String> received = new ArrayList<>();
        for (ProducerRecord<byte[], byte[]> record : producer.history()) {
            received.add(
                    record.topic().equals("control")
                            ? "c" + control(record).get("control_sequence")
                            : "e" + Batches.sequences(events(record)).get(0));
        }
        return received;
    }

    static GenericRecord events(ProducerRecord<byte[], byte[]> record) {
        return Batches.read(Schemas.BATCH, record.value(), PublisherHarness.PREFIX_BYTES);
    }

    private static GenericRecord control(ProducerRecord<byte[], byte[]> record) {
        return Batches.read(Schemas.CONTROL, record.value(), PublisherHarness.PREFIX_BYTES);
    }
}
