package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.Framing;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.StreamId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The publisher's rules, without a broker: the test decides the result of each record. */
class PublisherTest {
    private static final StreamId ZONE_7 = MadeBatches.stream("host", 7);
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int PREFIX_BYTES = 10;

    private final TestQueue queue = new TestQueue();
    private final Health health = new Health();
    private final Metrics metrics = new Metrics();
    private final List<MockProducer<byte[], byte[]>> producers = new CopyOnWriteArrayList<>();
    private final ConcurrentLinkedQueue<KafkaUnreadyException> refusals = new ConcurrentLinkedQueue<>();
    private final Publisher publisher = new Publisher(
            new Publisher.Parts(
                    RecordFactoryTest.config(
                            Layout.BATCH, Framing.SINGLE_OBJECT, true, Map.of("bootstrap.servers", "mock:1")),
                    Batches.RUN,
                    queue,
                    new PublishMetrics(metrics),
                    health),
            new MockCluster());
    private final Thread thread = new Thread(publisher, "publisher");

    private final class MockCluster implements KafkaGateway {
        @Override
        public Topics.Report prepare() throws KafkaUnreadyException {
            KafkaUnreadyException refusal = refusals.poll();
            if (refusal != null) {
                throw refusal;
            }
            return new Topics.Report(new Topics.Partitions(12, 3), List.of(), 1 << 20, Set.of("mock:1"));
        }

        @Override
        public Producer<byte[], byte[]> producer(long maxMessageBytes) {
            MockProducer<byte[], byte[]> producer =
                    new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
            producers.add(producer);
            return producer;
        }
    }

    @BeforeEach
    void start() {
        thread.start();
    }

    @AfterEach
    void stop() throws InterruptedException {
        publisher.stop(Duration.ofMillis(1));
        thread.join(SOON.toMillis());
        assertThat(thread.isAlive()).isFalse();
        metrics.close();
    }

    private void add(int batches) {
        for (int i = 0; i < batches; i++) {
            int number = queue.size() + 1;
            queue.add(Batches.events(number, ZONE_7, (number - 1) * 10L, 10));
        }
    }

    /** The producer with this index, once it has received this many records. */
    private MockProducer<byte[], byte[]> producer(int index, int records) {
        await().atMost(SOON)
                .until(() -> producers.size() > index
                        && producers.get(index).history().size() >= records);
        return producers.get(index);
    }

    private static List<Long> sequences(MockProducer<byte[], byte[]> producer) {
        List<Long> sequences = new ArrayList<>();
        for (ProducerRecord<byte[], byte[]> record : producer.history()) {
            sequences.addAll(Batches.sequences(Batches.read(Schemas.BATCH, record.value(), PREFIX_BYTES)));
        }
        return sequences;
    }

    private void awaitAcknowledged(long number) {
        await().atMost(SOON).until(() -> queue.acknowledged() == number);
    }

    @Test
    void acknowledgesInOrder() {
        add(3);
        MockProducer<byte[], byte[]> producer = producer(0, 3);
        assertThat(queue.acknowledged()).isZero();

        producer.completeNext();
        awaitAcknowledged(1);
        producer.completeNext();
        producer.completeNext();
        awaitAcknowledged(3);

        assertThat(metrics.prometheusText()).contains("ctstream_publish_acknowledged_events_total 30.0");
        assertThat(health.reasons()).isEmpty();
    }

    @Test
    void aFailureEndsTheProducerAndRewindsToTheOldestUnacknowledgedBatch() {
        add(4);
        MockProducer<byte[], byte[]> first = producer(0, 4);
        first.completeNext();
        first.errorNext(new TopicAuthorizationException("not allowed"));

        await().atMost(SOON).until(first::closed);
        add(1);
        MockProducer<byte[], byte[]> second = producer(1, 4);

        assertThat(sequences(second).subList(0, 2)).containsExactly(10L, 11L);
        assertThat(first.history()).hasSize(4); // nothing followed the failure
        assertThat(health.reasons().get("kafka")).contains("not allowed");
        for (int i = 0; i < 4; i++) {
            second.completeNext();
        }
        awaitAcknowledged(5);
        add(1);
        producer(1, 5).completeNext();
        await().atMost(SOON).until(() -> health.reasons().isEmpty());
    }

    @Test
    void aTooLargeBatchIsCutIntoOrderedPieces() {
        add(2);
        producer(0, 2).errorNext(new RecordTooLargeException("max.message.bytes"));

        MockProducer<byte[], byte[]> second = producer(1, 4);
        await().atMost(SOON).until(() -> sequences(second).size() == 20);
        assertThat(sequences(second)).isSorted();
        int pieces = second.history().size();
        for (int i = 0; i < pieces - 1; i++) {
            second.completeNext();
        }
        awaitAcknowledged(1); // the second batch lacks its last piece
        second.completeNext();
        awaitAcknowledged(2);
        assertThat(queue.setAside).isEmpty();
    }

    @Test
    void aBatchRejectedAloneIsSetAsideAndTheRestContinues() {
        add(3);
        producer(0, 3).errorNext(new InvalidRecordException("never"));
        // Sent alone, so that no other record can be the cause.
        MockProducer<byte[], byte[]> alone = producer(1, 1);
        assertThat(sequences(alone)).hasSize(10).startsWith(0L);
        alone.errorNext(new InvalidRecordException("never"));

        MockProducer<byte[], byte[]> rest = producer(2, 2);
        assertThat(sequences(rest)).hasSize(20).startsWith(10L);
        rest.completeNext();
        rest.completeNext();
        awaitAcknowledged(3);
        assertThat(queue.setAside).containsExactly(1L);
    }

    @Test
    void aSuspectAcceptedAloneIsNotSetAside() {
        add(2);
        producer(0, 2).errorNext(new InvalidRecordException("because of another"));
        producer(1, 1).completeNext();
        producer(1, 2).completeNext();

        awaitAcknowledged(2);
        assertThat(queue.setAside).isEmpty();
    }

    @Test
    void stopPublishesTheRemainingBatches() throws InterruptedException {
        add(1);
        MockProducer<byte[], byte[]> producer = producer(0, 1);
        add(5);
        publisher.stop(Duration.ofSeconds(10));
        thread.join(SOON.toMillis());

        // Closing waits for batches in flight; the mock completes them.
        assertThat(sequences(producer)).hasSize(60);
    }

    @Test
    void retriesUntilKafkaIsReadyAndReportsTheReason() {
        await().atMost(SOON).until(() -> producers.size() == 1);
        refusals.add(new KafkaUnreadyException("no broker answers at mock:1"));
        add(1);
        producer(0, 1).errorNext(new IllegalStateException("gone"));

        await().atMost(SOON)
                .until(() -> health.reasons().getOrDefault("kafka", "").contains("no broker answers"));
        producer(1, 1).completeNext();
        awaitAcknowledged(1);
    }
}
