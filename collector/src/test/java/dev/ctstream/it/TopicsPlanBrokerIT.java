package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.publish.HostClass;
import dev.ctstream.publish.KafkaProxy;
import dev.ctstream.publish.Layout;
import dev.ctstream.publish.PartitionLoad;
import dev.ctstream.publish.PublishConfig;
import dev.ctstream.publish.TopicChanges;
import dev.ctstream.publish.TopicPlan;
import dev.ctstream.record.Framing;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.ZoneWidths;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.DoubleStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ReplicaInfo;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.assertj.core.data.Percentage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The arithmetic of {@code ctstream topics plan} against 50 collectors that publish replayed messages to a real broker:
 * skew of the partitions, events, bytes, produce requests and heartbeats a second. {@code mvn verify -Ptopics-plan} measures
 * for 40 s and demands 15 %, {@code mvn verify} for 6 s.
 */
class TopicsPlanBrokerIT {
    private static final boolean LONG = Boolean.getBoolean("topics.long");
    /** A busy machine delays ticks and heartbeats, which weighs more in the short form. */
    private static final Percentage CLOSE = Percentage.withPercentage(LONG ? 15 : 40);

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long WARM_UP_SECONDS = LONG ? 8 : 3;
    private static final long MEASURED_SECONDS = LONG ? 40 : 6;
    private static final long PASS_NANOS = TimeUnit.MILLISECONDS.toNanos(4);
    private static final int PARTITIONS = 12;
    private static final long HEARTBEAT_MILLIS = 2_000;
    private static final String EVENTS = "conntrack.events";
    private static final String CONTROL = "conntrack.control";

    /** Hosts without zones, hosts with few namespaces and zones, and busy ones; 50 together. */
    private static final List<HostClass> FLEET = List.of(
            HostClass.even("quiet", 25, 0.5, 4, 0),
            HostClass.even("plain", 12, 20, 1, 0),
            HostClass.even("tenants", 10, 60, 2, 8),
            HostClass.even("gateway", 3, 800, 1, 30));

    @TempDir
    private Path folder;

    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final AtomicBoolean ending = new AtomicBoolean();

    @Test
    void theArithmeticOfThePlanIsThatOfFiftyCollectorsAndARealBroker() throws Exception {
        try (KafkaProxy proxy = new KafkaProxy();
                EmbeddedBroker broker = EmbeddedBroker.temporary(proxy.brokerProperties())) {
            broker.start();
            proxy.forwardTo(broker.bootstrapServers());
            PublishConfig config = config(proxy.address());
            TopicPlan plan = TopicPlan.of(
                    FLEET,
                    new TopicPlan.Settings(
                            config.topics(),
                            PARTITIONS,
                            1,
                            TimeUnit.DAYS.toMillis(7),
                            config.zoneWidth(),
                            BatchConfig.DEFAULT,
                            HEARTBEAT_MILLIS));
            assertThat(plan.hosts()).isEqualTo(50);
            try (TopicChanges changes = TopicChanges.open(config)) {
                for (TopicChanges.Change change : changes.look(plan.topics())) {
                    changes.carryOut(change);
                }
            }
            compare(plan, measured(config, proxy));
        }
    }

    private static PublishConfig config(String bootstrapServers) {
        return new PublishConfig(
                new PublishConfig.TopicNames(EVENTS, CONTROL, false, PARTITIONS, -1),
                new PublishConfig.RecordForm(Layout.BATCH, Framing.SINGLE_OBJECT, true, true, 256 << 10),
                ZoneWidths.parse("3=2"),
                16 << 20,
                // small buffers, because 50 producers are in one process
                Map.of("bootstrap.servers", bootstrapServers, "batch.size", "131072", "buffer.memory", "8388608"),
                Optional.empty());
    }

    /** What came of the collectors in the measured time. */
    private record Measured(
            PartitionLoad load, double bytes, double requests, double heartbeats, double heartbeatBytes) {}

    private static void compare(TopicPlan plan, Measured measured) {
        double events = DoubleStream.of(measured.load().eventsPerSecond()).sum();
        System.out.printf(
                "planned / measured: events/s %.0f / %.0f, skew %.2f / %.2f, bytes/s %.0f / %.0f, requests/s %.1f / %.1f,"
                        + " heartbeats/s %.2f / %.2f, their bytes/s %.0f / %.0f%n",
                plan.eventsPerSecond(),
                events,
                plan.load().skew(),
                measured.load().skew(),
                plan.bytesPerSecond(),
                measured.bytes(),
                plan.requestsPerSecond(),
                measured.requests(),
                plan.heartbeatsPerSecond(),
                measured.heartbeats(),
                plan.heartbeatBytesPerSecond(),
                measured.heartbeatBytes());
        assertThat(events).as("events/s").isCloseTo(plan.eventsPerSecond(), CLOSE);
        assertThat(measured.load().skew()).as("skew").isCloseTo(plan.load().skew(), CLOSE);
        assertThat(measured.load().hottest())
                .as("hottest partition")
                .isEqualTo(plan.load().hottest());
        assertThat(measured.bytes()).as("bytes/s").isCloseTo(plan.bytesPerSecond(), CLOSE);
        assertThat(measured.requests()).as("produce requests/s").isCloseTo(plan.requestsPerSecond(), CLOSE);
        assertThat(measured.heartbeats()).as("heartbeats/s").isCloseTo(plan.heartbeatsPerSecond(), CLOSE);
        assertThat(measured.heartbeatBytes())
                .as("bytes/s of heartbeats")
                .isCloseTo(plan.heartbeatBytesPerSecond(), CLOSE);
    }

    private Measured measured(PublishConfig config, KafkaProxy proxy) throws Exception {
        List<ReplayedCollector> collectors = new ArrayList<>();
        Thread receive = new Thread(() -> receive(collectors), "receive");
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", config.bootstrapServers()))) {
            for (HostClass hosts : FLEET) {
                for (int host = 0; host < hosts.hosts(); host++) {
                    int index = collectors.size();
                    collectors.add(new ReplayedCollector(
                            hosts,
                            host,
                            config,
                            BatchConfig.DEFAULT,
                            HEARTBEAT_MILLIS,
                            folder.resolve("spool-" + index),
                            (name, error) -> failed(error)));
                }
            }
            receive.start();
            pass(WARM_UP_SECONDS);
            await().atMost(PATIENCE)
                    .until(() -> collectors.stream().allMatch(collector -> collector.unacknowledged() < 100));
            long begin = System.nanoTime();
            long requests = proxy.produceRequests();
            Map<TopicPartition, Long> first = ends(admin);
            long bytes = bytes(admin, EVENTS);
            long heartbeatBytes = bytes(admin, CONTROL);
            pass(MEASURED_SECONDS);
            Map<TopicPartition, Long> last = ends(admin);
            double seconds = (System.nanoTime() - begin) / 1e9;
            requests = proxy.produceRequests() - requests;
            bytes = bytes(admin, EVENTS) - bytes;
            heartbeatBytes = bytes(admin, CONTROL) - heartbeatBytes;
            assertThat(failure.get()).isNull();
            return new Measured(
                    load(config.bootstrapServers(), first, last, seconds),
                    bytes / seconds,
                    requests / seconds,
                    records(CONTROL, first, last) / seconds,
                    heartbeatBytes / seconds);
        } finally {
            ending.set(true);
            receive.join();
            for (ReplayedCollector collector : collectors) {
                collector.close();
            }
        }
    }

    private void receive(List<ReplayedCollector> collectors) {
        try {
            while (!ending.get()) {
                collectors.forEach(ReplayedCollector::pass);
                LockSupport.parkNanos(PASS_NANOS);
            }
        } catch (RuntimeException e) {
            failed(e);
        }
    }

    private void failed(Throwable error) {
        failure.set(error);
    }

    /** Lets this time pass. */
    private void pass(long seconds) {
        long begin = System.nanoTime();
        await().atMost(PATIENCE)
                .until(() -> failure.get() != null || System.nanoTime() - begin >= TimeUnit.SECONDS.toNanos(seconds));
    }

    private static Map<TopicPartition, Long> ends(Admin admin) throws Exception {
        Map<TopicPartition, OffsetSpec> all = new HashMap<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            all.put(new TopicPartition(EVENTS, partition), OffsetSpec.latest());
            all.put(new TopicPartition(CONTROL, partition), OffsetSpec.latest());
        }
        Map<TopicPartition, Long> ends = new HashMap<>();
        admin.listOffsets(all)
                .all()
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .forEach((partition, end) -> ends.put(partition, end.offset()));
        return ends;
    }

    private static long records(String topic, Map<TopicPartition, Long> first, Map<TopicPartition, Long> last) {
        return last.keySet().stream()
                .filter(partition -> partition.topic().equals(topic))
                .mapToLong(partition -> end(last, partition) - end(first, partition))
                .sum();
    }

    private static long end(Map<TopicPartition, Long> ends, TopicPartition partition) {
        return ends.getOrDefault(partition, 0L);
    }

    /** Size of a topic's log. */
    private static long bytes(Admin admin, String topic) throws Exception {
        int broker = admin.describeCluster()
                .nodes()
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .iterator()
                .next()
                .id();
        return admin
                .describeLogDirs(List.of(broker))
                .allDescriptions()
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .values()
                .stream()
                .flatMap(directories -> directories.values().stream())
                .flatMap(directory -> directory.replicaInfos().entrySet().stream())
                .filter(replica -> replica.getKey().topic().equals(topic))
                .map(Map.Entry::getValue)
                .mapToLong(ReplicaInfo::size)
                .sum();
    }

    /** Events of the measured time by partition, as a consumer reads them. */
    private static PartitionLoad load(
            String bootstrapServers, Map<TopicPartition, Long> first, Map<TopicPartition, Long> last, double seconds)
            throws Exception {
        double[] load = new double[PARTITIONS];
        RecordDecoder decoder = new RecordDecoder();
        Map<TopicPartition, Long> left = new HashMap<>(last);
        left.keySet().removeIf(partition -> !partition.topic().equals(EVENTS));
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrapServers),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            consumer.assign(left.keySet());
            left.keySet().forEach(partition -> consumer.seek(partition, end(first, partition)));
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!left.isEmpty() && System.nanoTime() - deadline < 0) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    if (record.offset() < end(last, new TopicPartition(EVENTS, record.partition()))) {
                        decoder.decode(record.value(), OptionalLong.empty(), event -> {
                            load[record.partition()] += 1 / seconds;
                            return true;
                        });
                    }
                }
                left.entrySet().removeIf(end -> consumer.position(end.getKey()) >= end.getValue());
            }
        }
        assertThat(left).as("read to the end").isEmpty();
        return new PartitionLoad(load);
    }
}
