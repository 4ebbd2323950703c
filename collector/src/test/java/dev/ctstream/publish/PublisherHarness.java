package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.Framing;
import dev.ctstream.record.Partitioning;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.ZoneWidths;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** A publisher on its own thread, a backlog that the test fills, and checks of the topic's final contents. */
final class PublisherHarness {
    static final Duration SOON = Duration.ofSeconds(90);
    static final Duration SAYS_SO = Duration.ofSeconds(5);
    static final int PREFIX_BYTES = 10;

    final TestBacklog backlog = new TestBacklog();
    final TestTopics topics = new TestTopics();
    final TestQueue queue = backlog.events();
    final Health health = new Health();
    final Metrics metrics = new Metrics();
    final String topic;
    private final PublishMetrics publishMetrics = new PublishMetrics(metrics);
    private @Nullable Publisher publisher;
    private @Nullable Thread thread;

    PublisherHarness(String topic) {
        this.topic = topic;
    }

    PublishConfig config(Layout layout, boolean create, Map<String, String> kafka) {
        return new PublishConfig(
                new PublishConfig.TopicNames(topic, topic + "-control", create, 12, -1),
                new PublishConfig.RecordForm(layout, Framing.SINGLE_OBJECT, true, true, 256 << 10),
                ZoneWidths.DEFAULT,
                16 << 20,
                kafka,
                Optional.empty());
    }

    /** Starts a publisher at the oldest unacknowledged batch; an earlier publisher must have ended. */
    void start(PublishConfig config) {
        backlog.control().rewind();
        queue.rewind();
        Publisher started = new Publisher(new Publisher.Parts(config, backlog, publishMetrics, health, topics));
        Thread runner = new Thread(started, "publisher");
        runner.start();
        publisher = started;
        thread = runner;
    }

    /** Hands the running publisher another configuration. */
    Set<String> renewCredentials(PublishConfig config) {
        return Objects.requireNonNull(publisher).renewCredentials(config);
    }

    /** Stops the publisher and checks that it ends in time. */
    void stop(Duration timeout, Duration atMost) throws InterruptedException {
        Publisher running = publisher;
        Thread runner = thread;
        if (running != null && runner != null) {
            running.stop(timeout);
            runner.join(atMost.toMillis());
            assertThat(runner.isAlive()).isFalse();
        }
    }

    /** Adds batches for each zone in turn, for this many rounds. */
    void add(int rounds, int zones, int eventsInBatch) {
        int before = queue.size() / zones;
        for (int round = before; round < before + rounds; round++) {
            for (int zone = 0; zone < zones; zone++) {
                queue.add(Batches.events(
                        queue.size() + 1,
                        MadeBatches.stream("host", zone),
                        (long) round * eventsInBatch,
                        eventsInBatch));
            }
        }
    }

    void awaitPublished() {
        await().atMost(SOON).until(() -> backlog.unacknowledged() == 0);
    }

    /** The reason that health gives for Kafka. */
    String reason() {
        return health.reasons().getOrDefault("kafka", "");
    }

    /** Waits until health gives a reason with all these words. */
    void awaitReason(String... words) {
        await().atMost(SOON).untilAsserted(() -> assertThat(reason()).contains(words));
        assertThat(health.ready()).isFalse();
    }

    /** First occurrences of each zone's sequences, in partition order; also checks the partition. */
    static Map<Integer, List<Long>> firstOccurrences(List<ConsumerRecord<byte[], byte[]>> records) {
        Map<Integer, List<Long>> byZone = new TreeMap<>();
        Map<Integer, Long> highest = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            GenericRecord batch = Batches.read(Schemas.BATCH, record.value(), PREFIX_BYTES);
            int zone = (int) batch.get("ct_zone");
            assertThat(record.partition())
                    .isEqualTo(new Partitioning(ZoneWidths.DEFAULT).ofEvents("host-a", "host", zone, 12));
            assertThat(new String(record.key(), StandardCharsets.UTF_8)).isEqualTo("host-a/host/" + zone);
            for (long sequence : Batches.sequences(batch)) {
                if (sequence > highest.getOrDefault(zone, -1L)) {
                    highest.put(zone, sequence);
                    byZone.computeIfAbsent(zone, unused -> new ArrayList<>()).add(sequence);
                }
            }
        }
        return byZone;
    }

    /** Checks that first occurrences of each zone's sequences rise by one from 0; returns how many there are. */
    static Map<Integer, Long> gapFreeEnds(List<ConsumerRecord<byte[], byte[]>> records) {
        Map<Integer, Long> next = new TreeMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            GenericRecord batch = Batches.read(Schemas.BATCH, record.value(), PREFIX_BYTES);
            int zone = (int) batch.get("ct_zone");
            long expected = next.getOrDefault(zone, 0L);
            for (long sequence : Batches.sequences(batch)) {
                assertThat(sequence).as("zone %d", zone).isLessThanOrEqualTo(expected);
                expected = Math.max(expected, sequence + 1);
            }
            next.put(zone, expected);
        }
        return next;
    }

    static void assertGapFree(Map<Integer, List<Long>> byZone, int zones, int events) {
        assertThat(byZone).hasSize(zones);
        List<Long> all = LongStream.range(0, events).boxed().toList();
        byZone.forEach(
                (zone, sequences) -> assertThat(sequences).as("zone %d", zone).isEqualTo(all));
    }

    /** Checks that everything from the queue is in the topic: nothing is lost, each zone is in order. */
    void assertAllThere(String bootstrapServers, int zones, int eventsEach) {
        assertGapFree(firstOccurrences(RawRecords.readAll(bootstrapServers, topic)), zones, eventsEach);
        assertThat(backlog.setAside).isEmpty();
        await().atMost(SOON).until(health::ready);
    }

    /** Stops the publisher and closes the registry. */
    void end() throws InterruptedException {
        stop(Duration.ofSeconds(5), SOON);
        metrics.close();
    }
}
