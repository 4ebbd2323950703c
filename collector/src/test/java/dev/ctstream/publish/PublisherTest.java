package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.Framing;
import dev.ctstream.record.StreamId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The publisher's rules, without a broker: the test decides the result of each record. */
class PublisherTest {
    private static final StreamId ZONE_7 = TestBacklog.zone(7);
    private static final Duration SOON = MockCluster.SOON;

    private final TestBacklog backlog = new TestBacklog();
    private final Health health = new Health();
    private final Metrics metrics = new Metrics();
    private final MockCluster cluster = new MockCluster();
    private final TestTopics topics = new TestTopics();
    private final List<PublishConfig> configs = new CopyOnWriteArrayList<>();
    private final Publisher publisher = new Publisher(
            new Publisher.Parts(
                    RecordFactoryTest.config(
                            Layout.BATCH,
                            Framing.SINGLE_OBJECT,
                            true,
                            Map.of("bootstrap.servers", MockCluster.ADDRESS)),
                    backlog,
                    new PublishMetrics(metrics),
                    health,
                    topics),
            config -> {
                configs.add(config);
                return cluster;
            });
    private final Thread thread = new Thread(publisher, "publisher");

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
        backlog.addEvents(ZONE_7, batches);
    }

    private MockProducer<byte[], byte[]> producer(int index, int records) {
        return cluster.producer(index, records);
    }

    private static List<Long> sequences(MockProducer<byte[], byte[]> producer) {
        return producer.history().stream()
                .flatMap(record -> Batches.sequences(MockCluster.events(record)).stream())
                .toList();
    }

    private void awaitAcknowledged(long number) {
        await().atMost(SOON).until(() -> backlog.events().acknowledged() == number);
    }

    @Test
    void acknowledgesInOrder() {
        add(3);
        MockProducer<byte[], byte[]> producer = producer(0, 3);
        assertThat(backlog.events().acknowledged()).isZero();

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

    private static PublishConfig withPassword(String password) {
        return RecordFactoryTest.config(
                Layout.EVENT,
                Framing.BARE,
                false,
                Map.of("bootstrap.servers", "other:1", "linger.ms", "9", "ssl.key.password", password));
    }

    @Test
    void newCredentialsAreUsedAfterWhatIsInFlight() {
        add(3);
        MockProducer<byte[], byte[]> first = producer(0, 3);
        first.completeNext();
        assertThat(publisher.renewCredentials(withPassword("a"))).containsExactly("ssl.key.password");
        await().atMost(SOON).until(() -> configs.size() == 2);
        assertThat(configs.get(1).kafka()) // nothing else of the new configuration
                .isEqualTo(Map.of("bootstrap.servers", MockCluster.ADDRESS, "ssl.key.password", "a"));
        assertThat(configs.get(1).records()).isEqualTo(configs.get(0).records());
        add(2);
        first.completeNext();
        first.completeNext();

        MockProducer<byte[], byte[]> second = producer(1, 2);
        assertThat(first.closed()).isTrue();
        assertThat(first.history()).hasSize(3);
        assertThat(sequences(second).get(0)).as("nothing is sent twice").isEqualTo(30L);
        second.completeNext();
        second.completeNext();
        awaitAcknowledged(5);
        assertThat(publisher.renewCredentials(withPassword("a"))).isEmpty();
        assertThat(health.reasons()).isEmpty();
    }

    @Test
    void newCredentialsThatDoNotWorkAreNotTakenWhileTheOldOnesDo() {
        add(1);
        producer(0, 1).completeNext();
        awaitAcknowledged(1);
        cluster.refusals.add(new KafkaUnreadyException("wrong password"));
        assertThat(publisher.renewCredentials(withPassword("a"))).isNotEmpty();
        await().atMost(SOON).until(cluster.refusals::isEmpty);
        add(1);
        producer(0, 2).completeNext();
        awaitAcknowledged(2);
        assertThat(publisher.renewCredentials(withPassword("a")))
                .as("they may work now")
                .isNotEmpty();
        add(1);
        producer(1, 1).completeNext();
        awaitAcknowledged(3);
    }

    @Test
    void aRefusedTimeIsReplacedByThatOfPublishingOnce() {
        add(2);
        MockProducer<byte[], byte[]> first = producer(0, 2);
        assertThat(first.history()).allMatch(record -> record.timestamp() != null);
        first.errorNext(new InvalidTimestampException("out of range"));

        MockProducer<byte[], byte[]> second = producer(1, 2);
        assertThat(second.history().get(0).timestamp()).isNull();
        assertThat(health.reasons()).isEmpty();

        second.errorNext(new InvalidTimestampException("out of range"));
        await().atMost(SOON).until(() -> health.reasons().containsKey("kafka"));
        assertThat(health.reasons().get("kafka"))
                .contains("this host's clock says")
                .contains("synchronize the clocks");
        MockProducer<byte[], byte[]> third = producer(2, 2);
        third.completeNext();
        third.completeNext();
        awaitAcknowledged(2);
        assertThat(backlog.setAside).isEmpty();
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
        assertThat(backlog.setAside).isEmpty();
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
        assertThat(backlog.setAside).containsExactly(1L);
    }

    @Test
    void aSuspectAcceptedAloneIsNotSetAside() {
        add(2);
        producer(0, 2).errorNext(new InvalidRecordException("because of another"));
        producer(1, 1).completeNext();
        producer(1, 2).completeNext();

        awaitAcknowledged(2);
        assertThat(backlog.setAside).isEmpty();
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
        await().atMost(SOON).until(() -> cluster.producers.size() == 1);
        cluster.refusals.add(new KafkaUnreadyException("no broker answers at mock:1"));
        add(1);
        producer(0, 1).errorNext(new IllegalStateException("gone"));

        await().atMost(SOON)
                .until(() -> health.reasons().getOrDefault("kafka", "").contains("no broker answers"));
        producer(1, 1).completeNext();
        awaitAcknowledged(1);
    }

    @Test
    void noLaterBatchIsSentWhenOneCannotBeSetAsideBeforeTheStop() throws InterruptedException {
        backlog.stopping = true;
        add(2);
        producer(0, 2).errorNext(new InvalidRecordException("never"));
        producer(1, 1).errorNext(new InvalidRecordException("never"));
        backlog.addControl(1);
        MockProducer<byte[], byte[]> last = producer(2, 1);
        last.completeNext();
        await().atMost(SOON).until(() -> backlog.control().unacknowledged() == 0);

        publisher.stop(SOON);
        thread.join(SOON.toMillis());

        assertThat(thread.isAlive()).isFalse();
        assertThat(MockCluster.received(last)).containsExactly("c0");
        assertThat(backlog.setAside).isEmpty();
        assertThat(backlog.events().acknowledged()).isZero();
    }

    @Test
    void batchesThatAreHeldUntilAGapIsAcknowledgedDoNotMakeItSpin() {
        backlog.events().hold(2, () -> backlog.control().acknowledged() == 1);
        add(3);
        backlog.addControl(1);
        MockProducer<byte[], byte[]> producer = producer(0, 2);
        int before = backlog.events().calls();
        await().during(Duration.ofMillis(1_500))
                .atMost(SOON)
                .until(() -> backlog.events().calls() - before < 10);
        assertThat(MockCluster.received(producer)).containsExactlyInAnyOrder("c0", "e0");

        producer.completeNext();
        producer.completeNext();
        producer(0, 4);
        assertThat(MockCluster.received(producer).subList(2, 4)).containsExactly("e10", "e20");
    }

    @Test
    void aStopWaitsForTheGapThatHeldBatchesNeed() throws InterruptedException {
        backlog.events().hold(1, () -> backlog.control().acknowledged() == 1);
        add(2);
        backlog.addControl(1);
        MockProducer<byte[], byte[]> producer = producer(0, 1);
        publisher.stop(SOON);
        producer.completeNext();
        thread.join(SOON.toMillis());

        assertThat(MockCluster.received(producer)).containsExactly("c0", "e0", "e10");
    }

    @Test
    void controlGoesFirst() {
        cluster.refusals.add(new KafkaUnreadyException("not yet"));
        backlog.addControl(3);
        add(3);

        MockProducer<byte[], byte[]> producer = producer(0, 6);
        List<String> received = MockCluster.received(producer);
        assertThat(received.indexOf("c2")).isLessThan(received.indexOf("e20"));
        assertThat(received).filteredOn(name -> name.startsWith("c")).containsExactly("c0", "c1", "c2");
    }

    @Test
    void aFailureOfEitherQueueRewindsBoth() {
        backlog.addControl(2);
        MockProducer<byte[], byte[]> first = producer(0, 2);
        add(2);
        producer(0, 4);
        first.completeNext(); // control record 0
        first.errorNext(new IllegalStateException("gone"));

        MockProducer<byte[], byte[]> second = producer(1, 3);
        assertThat(first.closed()).isTrue();
        assertThat(MockCluster.received(second)).containsExactly("c1", "e0", "e10");
        second.completeNext();
        second.completeNext(); // the first batch
        second.errorNext(new IllegalStateException("gone"));

        backlog.addControl(1);
        MockProducer<byte[], byte[]> third = producer(2, 2);
        assertThat(MockCluster.received(third)).containsExactlyInAnyOrder("c2", "e10");
        assertThat(backlog.control().acknowledged()).isEqualTo(2);
        assertThat(backlog.events().acknowledged()).isEqualTo(1);
    }

    @Test
    void aLongBacklogOfOneQueueStaysWithinItsLimit() {
        add(1);
        MockProducer<byte[], byte[]> producer = producer(0, 1);
        int recordBytes = Batches.control(1, "host", 10_000).lengthBytes();
        int most = (1 << 20) / recordBytes;
        backlog.addControl(2 * most);
        await().atMost(SOON).until(() -> producer.history().size() > most);
        add(1);
        await().atMost(SOON).until(() -> MockCluster.received(producer).contains("e10"));
        assertThat(producer.history().size()).isLessThan(most + most / 10);

        while (backlog.unacknowledged() > 0) {
            producer.completeNext();
        }
    }

    @Test
    void waitsUntilEventsArePublishedAndLetsNoneLinger() throws Exception {
        add(3);
        MockProducer<byte[], byte[]> producer = producer(0, 3);
        assertThat(backlog.events().acknowledged()).isZero();

        assertThat(publisher.awaitEventsPublished(SOON)).isTrue(); // the mock completes what is flushed

        assertThat(backlog.events().unacknowledged()).isZero();
        assertThat(producer.flushed()).isTrue();
    }

    @Test
    void doesNotWaitForEventsWhileKafkaIsUnavailable() {
        await().atMost(SOON).until(() -> cluster.producers.size() == 1);
        for (int i = 0; i < 100; i++) {
            cluster.refusals.add(new KafkaUnreadyException("no broker answers at mock:1"));
        }
        add(1);
        producer(0, 1).errorNext(new IllegalStateException("gone"));
        await().atMost(SOON).until(() -> !health.ready());

        long begin = System.nanoTime();
        assertThat(publisher.awaitEventsPublished(Duration.ofMinutes(10))).isFalse();
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void givesUpWaitingForEventsAtTheTimeout() {
        backlog.events().hold(1, () -> false);
        add(1);
        assertThat(publisher.awaitEventsPublished(Duration.ofMillis(200))).isFalse();
    }

    @Test
    void anotherTopicOfTheSameNameEndsThePublishingOfTheRun() {
        add(3);
        MockProducer<byte[], byte[]> first = producer(0, 3);
        assertThat(topics.found).containsExactly(cluster.topics);
        assertThat(topics.differ).containsExactly(false);
        first.completeNext();
        cluster.topics = TestTopics.of("f", 5, "c", 3);
        first.errorNext(new TopicAuthorizationException("as after a deletion"));

        await().atMost(SOON).until(() -> !topics.changes.isEmpty());
        add(1);
        String change = "topic events was deleted and created again: 12 partitions before, 5 now";
        assertThat(topics.changes).containsExactly(change);
        assertThat(health.reasons()).containsEntry("kafka", change + "; a new run begins");
        assertThat(cluster.producers).hasSize(1);
        assertThat(first.closed()).isTrue();
        assertThat(backlog.events().acknowledged()).isEqualTo(1);
        assertThat(publisher.awaitEventsPublished(SOON)).isFalse();
    }
}
