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
import java.util.Set;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A control record that Kafka refuses blocks the later ones, and nothing else. */
class PublisherControlTest {
    private static final StreamId ZONE_7 = TestBacklog.zone(7);
    private static final Duration SOON = MockCluster.SOON;
    private static final Duration WHILE = Duration.ofMillis(300);

    private final LogLines log = new LogLines();
    private final TestBacklog backlog = new TestBacklog();
    private final Health health = new Health();
    private final Metrics metrics = new Metrics();
    private final MockCluster cluster = new MockCluster();
    private final TestTopics topics = new TestTopics();
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
            config -> cluster);
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
        log.close();
    }

    /** Lets Kafka refuse control record 0 in flight, and then alone; returns the producer that stays open. */
    private MockProducer<byte[], byte[]> refuseTheFirst(RuntimeException refusal) {
        backlog.addControl(2);
        cluster.producer(0, 2).errorNext(refusal);
        MockProducer<byte[], byte[]> producer = cluster.producer(1, 1);
        producer.errorNext(refusal);
        await().atMost(SOON).until(() -> !health.reasons().isEmpty());
        return producer;
    }

    private void awaitReceived(MockProducer<byte[], byte[]> producer, String... names) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(MockCluster.received(producer)).isEqualTo(List.of(names)));
    }

    private void assertStaysAt(MockProducer<byte[], byte[]> producer, String... names) {
        await().during(WHILE)
                .atMost(SOON)
                .until(() -> MockCluster.received(producer).equals(List.of(names)));
    }

    static List<RuntimeException> refusals() {
        return List.of(
                new RecordTooLargeException("too large"),
                new InvalidRecordException("invalid"),
                new TopicAuthorizationException(Set.of("control")));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void aRefusedRecordIsTriedAgainAloneAndNoEventIsSentTwice(RuntimeException refusal) {
        MockProducer<byte[], byte[]> producer = refuseTheFirst(refusal);
        backlog.addEvents(ZONE_7, 2);
        awaitReceived(producer, "c0", "e0", "e10");
        producer.completeNext(); // batch 0; batch 10 stays in flight when the time has come
        Duration due = Duration.ofMillis(1_200);
        await().during(due).atMost(SOON).until(() -> producer.history().size() == 3);
        producer.completeNext();
        awaitReceived(producer, "c0", "e0", "e10", "c0");
        backlog.addEvents(ZONE_7, 1);
        assertStaysAt(producer, "c0", "e0", "e10", "c0");

        producer.errorNext(refusal);
        awaitReceived(producer, "c0", "e0", "e10", "c0", "e20");
        producer.completeNext();
        awaitReceived(producer, "c0", "e0", "e10", "c0", "e20", "c0");
        producer.completeNext();
        awaitReceived(producer, "c0", "e0", "e10", "c0", "e20", "c0", "c1"); // in order, no hole
        producer.completeNext();

        await().atMost(SOON).until(() -> backlog.unacknowledged() == 0);
        assertThat(cluster.producers).hasSize(2);
        assertThat(backlog.setAside).isEmpty();
        assertThat(backlog.controlBlocked).containsExactly(true, false);
        assertThat(metrics.prometheusText()).contains("ctstream_publish_control_refusals_total 3.0");
    }

    @Test
    void healthIsRedWithTheRemedyAndTheLogHasFewLines() {
        MockProducer<byte[], byte[]> producer =
                refuseTheFirst(new RecordTooLargeException("larger than the max message size"));
        assertThat(health.reasons().get("kafka-control"))
                .contains(
                        "topic control", "larger than the max message size", "raise max.message.bytes of topic control")
                .doesNotContain("\n");
        assertThat(health.reasons()).hasSize(1);
        cluster.producer(1, 2).errorNext(new RecordTooLargeException("larger than the max message size"));
        cluster.producer(1, 3).completeNext();
        cluster.producer(1, 4).completeNext();

        await().atMost(SOON).until(health::ready);
        assertThat(producer.closed()).isFalse();
        assertThat(log.lines).hasSize(3);
        assertThat(log.lines.get(0)).startsWith("INFO Kafka: connected");
        assertThat(log.lines.get(1)).startsWith("WARN Kafka: topic control refuses a control record");
        assertThat(log.lines.get(2)).startsWith("INFO Kafka: control records are accepted again, failures=2");
    }

    @Test
    void aRecordThatWasRefusedBecauseOfAnotherIsNotReported() {
        backlog.addControl(2);
        cluster.producer(0, 2).errorNext(new InvalidRecordException("because of another"));
        cluster.producer(1, 1).completeNext();
        cluster.producer(1, 2).completeNext();

        await().atMost(SOON).until(() -> backlog.unacknowledged() == 0);
        assertThat(backlog.controlBlocked).isEmpty();
        assertThat(health.reasons()).isEmpty();
        assertThat(log.lines).hasSize(1); // connected
    }

    @Test
    void otherFailuresOfALoneRecordRewindBothQueues() {
        MockProducer<byte[], byte[]> producer = refuseTheFirst(new RecordTooLargeException("too large"));
        cluster.producer(1, 2).errorNext(new SaslAuthenticationException("not this user"));
        await().atMost(SOON).until(producer::closed);
        backlog.addEvents(ZONE_7, 1);

        MockProducer<byte[], byte[]> next = cluster.producer(2, 1);
        assertStaysAt(next, "c0"); // alone again
        next.completeNext();
        awaitReceived(next, "c0", "c1", "e0");
        assertThat(backlog.controlBlocked).containsExactly(true, false);
    }

    @Test
    void controlThatWaitsDoesNotMakeItSpin() {
        refuseTheFirst(new RecordTooLargeException("too large"));
        cluster.producer(1, 2).errorNext(new RecordTooLargeException("too large")); // the next try is after 2 s
        int before = backlog.events().calls();
        await().during(Duration.ofMillis(1_500))
                .atMost(SOON)
                .until(() -> backlog.events().calls() - before < 10);
    }

    @Test
    void aStopPublishesEventsAndDoesNotWaitForARefusedRecord() throws InterruptedException {
        MockProducer<byte[], byte[]> producer = refuseTheFirst(new RecordTooLargeException("too large"));
        backlog.addEvents(ZONE_7, 1);
        awaitReceived(producer, "c0", "e0");
        producer.completeNext();
        publisher.stop(SOON);
        thread.join(5_000);

        assertThat(thread.isAlive()).isFalse();
        assertThat(backlog.events().unacknowledged()).isZero();
        assertThat(backlog.control().unacknowledged()).isEqualTo(2);
        assertThat(health.reasons()).containsOnlyKeys("kafka");
    }
}
