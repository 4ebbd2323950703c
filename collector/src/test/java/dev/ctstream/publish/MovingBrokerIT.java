package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TwoBrokers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Brokers that move to other addresses, leaders that move between brokers, and brokers that throttle a producer. */
class MovingBrokerIT {
    private static final String CLIENT_ID = "ctstream-quota";
    private static final int ZONES = 5;
    private static final int PARTITIONS = 12;
    private static final int EVENTS = 20;
    private static final int QUOTA_BYTES_PER_SECOND = 10_000;

    @TempDir
    private Path data;

    private PublisherHarness publisher = new PublisherHarness("moving");

    @AfterEach
    void stopPublisher() throws InterruptedException {
        publisher.end();
    }

    @Test
    void aBrokerThatComesBackAtAnotherAddressIsFound() throws Exception {
        try (EmbeddedBroker before = EmbeddedBroker.at(data, Map.of());
                EmbeddedBroker after = EmbeddedBroker.at(data, Map.of())) {
            before.start();
            publisher.start(publisher.config(
                    Layout.BATCH,
                    true,
                    Map.of("bootstrap.servers", before.bootstrapServers() + "," + after.bootstrapServers())));
            publisher.add(20, ZONES, EVENTS);
            await().atMost(PublisherHarness.SOON).until(() -> publisher.queue.acknowledged() > 10);

            before.kill();
            publisher.add(20, ZONES, EVENTS);
            publisher.awaitReason("no broker answers at", before.bootstrapServers());
            after.start();

            long moved = System.nanoTime();
            publisher.awaitPublished();
            assertThat(Duration.ofNanos(System.nanoTime() - moved)).isLessThan(Duration.ofSeconds(40));
            publisher.assertAllThere(after.bootstrapServers(), ZONES, 40 * EVENTS);
        }
    }

    @Test
    void aLeaderThatMovesBetweenTwoBrokersLosesNothingAndKeepsTheOrder() throws Exception {
        try (TwoBrokers brokers = TwoBrokers.start(data);
                Admin admin = Admin.create(Map.of("bootstrap.servers", brokers.firstAddress()))) {
            admin.createTopics(List.of(new NewTopic(publisher.topic, placed(1))))
                    .all()
                    .get(20, TimeUnit.SECONDS);
            publisher.start(publisher.config(
                    Layout.BATCH,
                    true,
                    Map.of("bootstrap.servers", brokers.bootstrapServers(), "compression.type", "none")));
            int rounds = 0;
            for (int leader : new int[] {2, 1, 2, 1, 2}) {
                publisher.add(20, ZONES, EVENTS);
                lead(admin, leader);
                publisher.add(20, ZONES, EVENTS);
                rounds += 40;
                await().atMost(PublisherHarness.SOON).until(() -> publisher.backlog.unacknowledged() < 10 * ZONES);
            }
            brokers.killSecond();
            publisher.add(20, ZONES, EVENTS);
            publisher.awaitPublished();
            brokers.startSecond();
            lead(admin, 2);
            publisher.add(20, ZONES, EVENTS);
            publisher.awaitPublished();
            publisher.assertAllThere(brokers.bootstrapServers(), ZONES, (rounds + 40) * EVENTS);
        }
    }

    private static Map<Integer, List<Integer>> placed(int leader) {
        Map<Integer, List<Integer>> replicas = new HashMap<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            replicas.put(partition, List.of(leader, 3 - leader));
        }
        return replicas;
    }

    /** Makes one broker the leader of all partitions. */
    private void lead(Admin admin, int leader) throws Exception {
        Map<TopicPartition, Optional<NewPartitionReassignment>> wanted = new HashMap<>();
        placed(leader)
                .forEach((partition, replicas) -> wanted.put(
                        new TopicPartition(publisher.topic, partition),
                        Optional.of(new NewPartitionReassignment(replicas))));
        admin.alterPartitionReassignments(wanted).all().get(20, TimeUnit.SECONDS);
        await().atMost(PublisherHarness.SOON).until(() -> {
            admin.electLeaders(ElectionType.PREFERRED, wanted.keySet())
                    .partitions()
                    .get(20, TimeUnit.SECONDS);
            return admin
                    .describeTopics(List.of(publisher.topic))
                    .allTopicNames()
                    .get(20, TimeUnit.SECONDS)
                    .values()
                    .stream()
                    .flatMap(topic -> topic.partitions().stream())
                    .allMatch(partition ->
                            partition.leader() != null && partition.leader().id() == leader);
        });
    }

    @Test
    void aProducerThrottledByAQuotaLosesNothing() throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.at(data, Map.of())) {
            broker.start();
            Map<String, String> kafka = Map.of(
                    "bootstrap.servers",
                    broker.bootstrapServers(),
                    "client.id",
                    CLIENT_ID,
                    "compression.type",
                    "none",
                    "batch.size",
                    "16384");
            limit(broker, (double) QUOTA_BYTES_PER_SECOND);
            publisher.add(40, ZONES, EVENTS);
            long begin = System.nanoTime();
            publisher.start(publisher.config(Layout.BATCH, true, kafka));
            publisher.awaitReason("a quota throttled this producer lately", "producer_byte_rate");
            double seconds = (System.nanoTime() - begin) / 1e9;
            assertThat(throttleSeconds()).isPositive();
            assertThat(acknowledgedBytes()).isBetween(1.0, QUOTA_BYTES_PER_SECOND * (seconds + 30));

            publisher.stop(Duration.ofSeconds(5), Duration.ofSeconds(8));
            assertThat(publisher.queue.unacknowledged()).isPositive();

            limit(broker, null);
            publisher.start(publisher.config(Layout.BATCH, true, kafka));
            publisher.awaitPublished();
            publisher.assertAllThere(broker.bootstrapServers(), ZONES, 40 * EVENTS);
        }
    }

    private double throttleSeconds() {
        return value("ctstream_kafka_throttle_time_seconds ");
    }

    private double acknowledgedBytes() {
        return value("ctstream_publish_acknowledged_bytes_total ");
    }

    private double value(String metric) {
        return publisher
                .metrics
                .prometheusText()
                .lines()
                .filter(line -> line.startsWith(metric))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    /** Sets the producer's quota; null removes it. */
    private static void limit(EmbeddedBroker broker, @Nullable Double bytesPerSecond) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            ClientQuotaEntity producer =
                    new ClientQuotaEntity(Collections.singletonMap(ClientQuotaEntity.CLIENT_ID, CLIENT_ID));
            admin.alterClientQuotas(List.of(new ClientQuotaAlteration(
                            producer, List.of(new ClientQuotaAlteration.Op("producer_byte_rate", bytesPerSecond)))))
                    .all()
                    .get(20, TimeUnit.SECONDS);
        }
    }
}
