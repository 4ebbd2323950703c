package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.batch.Schemas;
import dev.ctstream.batch.StreamId;
import dev.ctstream.cli.EmbeddedBroker;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** The publisher's promises, against a real broker. */
class PublisherBrokerIT {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final Duration SAYS_SO = Duration.ofSeconds(5);
    private static final int PREFIX_BYTES = 10;

    private static EmbeddedBroker broker;

    private final TestQueue queue = new TestQueue();
    private final Health health = new Health();
    private final Metrics metrics = new Metrics();
    private String topic = "";
    private @Nullable Publisher publisher;
    private @Nullable Thread thread;

    @BeforeAll
    static void startBroker() throws IOException {
        broker = EmbeddedBroker.temporary(Map.of());
        broker.start();
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    @BeforeEach
    void nameTopic(TestInfo test) {
        topic = test.getTestMethod().orElseThrow().getName();
    }

    @AfterEach
    void closeMetrics() throws InterruptedException {
        stop(Duration.ofSeconds(5), SOON);
        metrics.close();
    }

    private void stop(Duration timeout, Duration atMost) throws InterruptedException {
        Publisher running = publisher;
        Thread runner = thread;
        if (running != null && runner != null) {
            running.stop(timeout);
            runner.join(atMost.toMillis());
            assertThat(runner.isAlive()).isFalse();
        }
    }

    private PublishConfig config(Layout layout, boolean create, Map<String, String> kafka) {
        Map<String, String> settings = new HashMap<>(Map.of("bootstrap.servers", broker.bootstrapServers()));
        settings.putAll(kafka);
        return new PublishConfig(
                new PublishConfig.TopicNames(topic, topic + "-control", create, 12, -1),
                new PublishConfig.RecordForm(layout, Framing.SINGLE_OBJECT, true, 256 << 10),
                Map.of(),
                settings);
    }

    private void start(PublishConfig config) {
        Publisher started =
                new Publisher(new Publisher.Parts(config, Batches.RUN, queue, new PublishMetrics(metrics), health));
        Thread runner = new Thread(started, "publisher");
        runner.start();
        publisher = started;
        thread = runner;
    }

    /** Batches of one zone after the other, so many rounds. */
    private void add(int rounds, int zones, int eventsInBatch) {
        int before = queue.size() / zones;
        for (int round = before; round < before + rounds; round++) {
            for (int zone = 0; zone < zones; zone++) {
                queue.add(Batches.events(
                        queue.size() + 1, new StreamId("host", zone), (long) round * eventsInBatch, eventsInBatch));
            }
        }
    }

    private void awaitPublished() {
        await().atMost(SOON).until(() -> queue.unacknowledged() == 0);
    }

    private String reason() {
        return health.reasons().getOrDefault("kafka", "");
    }

    /** First occurrences of each zone's sequences, in the order of their partition; checks the partition on the way. */
    private Map<Integer, List<Long>> firstOccurrences(List<ConsumerRecord<byte[], byte[]>> records) {
        Map<Integer, List<Long>> byZone = new TreeMap<>();
        Map<Integer, Long> highest = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            GenericRecord batch = Batches.read(Schemas.BATCH, record.value(), PREFIX_BYTES);
            int zone = (int) batch.get("ct_zone");
            assertThat(record.partition()).isEqualTo(new Partitioning(Map.of()).ofEvents("host-a", "host", zone, 12));
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

    private static void assertGapFree(Map<Integer, List<Long>> byZone, int zones, int events) {
        assertThat(byZone).hasSize(zones);
        List<Long> all = LongStream.range(0, events).boxed().toList();
        byZone.forEach(
                (zone, sequences) -> assertThat(sequences).as("zone %d", zone).isEqualTo(all));
    }

    private static void create(NewTopic topic) throws Exception {
        try (Admin admin = admin()) {
            admin.createTopics(List.of(topic)).all().get(20, TimeUnit.SECONDS);
        }
    }

    private static void alter(String topic, String key, String value) throws Exception {
        try (Admin admin = admin()) {
            Map<ConfigResource, Collection<AlterConfigOp>> change = Map.of(
                    new ConfigResource(ConfigResource.Type.TOPIC, topic),
                    List.of(new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET)));
            admin.incrementalAlterConfigs(change).all().get(20, TimeUnit.SECONDS);
        }
    }

    private static Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    @Test
    void all200000EventsArriveOnTheirPartitionsInOrder() {
        add(25, 64, 125);
        queue.add(Batches.control(queue.size() + 1, "host", 0));
        start(config(Layout.BATCH, true, Map.of()));
        awaitPublished();

        List<ConsumerRecord<byte[], byte[]>> records = TopicReader.readAll(broker.bootstrapServers(), topic);

        assertThat(records).hasSize(64 * 25); // nothing twice
        assertGapFree(firstOccurrences(records), 64, 25 * 125);
        assertThat(TopicReader.readAll(broker.bootstrapServers(), topic + "-control"))
                .singleElement()
                .satisfies(record -> assertThat(Batches.read(Schemas.CONTROL, record.value(), PREFIX_BYTES)
                                .get("control_sequence"))
                        .isEqualTo(0L));
        assertThat(metrics.prometheusText()).contains("ctstream_publish_acknowledged_events_total 200000.0");
        assertThat(health.ready()).isTrue();
    }

    @Test
    void nothingIsLostOrReorderedWhenTheBrokerIsKilledUnderLoad() throws Exception {
        start(config(Layout.BATCH, true, Map.of("linger.ms", "0")));
        add(20, 10, 20);
        await().atMost(SOON).until(() -> queue.acknowledged() > 50);
        add(200, 10, 20);
        await().atMost(SOON).until(() -> queue.acknowledged() > 300);

        broker.kill();
        add(20, 10, 20);
        broker.start();

        awaitPublished();
        assertGapFree(
                firstOccurrences(TopicReader.readAll(broker.bootstrapServers(), topic)), 10, (20 + 200 + 20) * 20);
        await().atMost(SOON).until(health::ready);
    }

    @Test
    void aBrokerThatIsAbsentFromTheStartIsNamedAndWaitedFor() throws IOException {
        try (EmbeddedBroker late = EmbeddedBroker.temporary(Map.of())) {
            add(3, 10, 20);
            start(config(Layout.BATCH, true, Map.of("bootstrap.servers", late.bootstrapServers())));

            await().atMost(SAYS_SO)
                    .until(() -> reason().contains(
                                    "no broker answers at kafka.bootstrap.servers=" + late.bootstrapServers()));
            late.start();
            awaitPublished();

            assertGapFree(firstOccurrences(TopicReader.readAll(late.bootstrapServers(), topic)), 10, 60);
            await().atMost(SOON).until(health::ready);
        }
    }

    @Test
    void aNameThatCannotBeResolvedIsNamedAndDoesNotDelayTheEnd() throws InterruptedException {
        add(1, 1, 1);
        start(config(Layout.BATCH, true, Map.of("bootstrap.servers", "no-such-host.invalid:9092")));
        await().atMost(SAYS_SO).until(() -> reason().contains("no-such-host.invalid:9092 can be resolved"));

        stop(Duration.ofMinutes(10), SAYS_SO);

        assertThat(queue.unacknowledged()).isEqualTo(1);
    }

    @Test
    void aMissingTopicIsNamedWhenItMayNotBeCreatedAndUsedOnceItIsThere() throws Exception {
        add(1, 2, 5);
        start(config(Layout.BATCH, false, Map.of()));
        await().atMost(SAYS_SO).until(() -> reason().contains(topic + " does not exist"));

        create(new NewTopic(topic, 12, (short) 1));
        create(new NewTopic(topic + "-control", 12, (short) 1));

        awaitPublished();
    }

    @Test
    void whatDoesNotFitIsSaidAndNotAltered() throws Exception {
        create(new NewTopic(topic, 3, (short) 1)
                .configs(Map.of("max.message.bytes", "100000", "cleanup.policy", "compact")));
        PublishConfig config = config(Layout.BATCH, true, Map.of());

        Topics.Report report = Topics.prepare(config);

        assertThat(report.partitions()).isEqualTo(new Topics.Partitions(3, 12));
        assertThat(report.remarks()).hasSize(3);
        assertThat(report.remarks().get(0)).contains(topic, "3 partitions", "topic.partitions=12");
        assertThat(report.remarks().get(1)).contains("cleanup.policy=compact");
        assertThat(report.remarks().get(2)).contains("max.message.bytes=100000", "batch.max-bytes=262144");
        assertThat(Topics.check(config).partitions()).isEqualTo(new Topics.Partitions(3, 12));
        start(config);
    }

    @Test
    void batchesAboveALoweredLimitArriveInPieces() throws Exception {
        create(new NewTopic(topic, 12, (short) 1));
        start(config(Layout.BATCH, true, Map.of("compression.type", "none")));
        add(5, 10, 100);
        awaitPublished();

        alter(topic, "max.message.bytes", "6000");
        add(5, 10, 100);
        awaitPublished();

        List<ConsumerRecord<byte[], byte[]>> records = TopicReader.readAll(broker.bootstrapServers(), topic);
        assertThat(records).hasSizeGreaterThan(2 * 5 * 10);
        assertGapFree(firstOccurrences(records), 10, 1_000);
        assertThat(queue.setAside).isEmpty();
    }

    @Test
    void anEventThatCannotBeAcceptedIsSetAsideAndTheRestGoesOn() throws Exception {
        create(new NewTopic(topic, 12, (short) 1).configs(Map.of("max.message.bytes", "90")));
        start(config(Layout.BATCH, true, Map.of("compression.type", "none")));
        add(1, 1, 4);
        awaitPublished();
        assertThat(queue.setAside).containsExactly(1L);

        alter(topic, "max.message.bytes", "1000000");
        add(3, 1, 4);
        awaitPublished();

        assertThat(queue.setAside).hasSizeLessThan(4);
        assertThat(TopicReader.readAll(broker.bootstrapServers(), topic)).isNotEmpty();
    }

    @Test
    void theEventLayoutHasOneRecordForEachEvent() {
        add(4, 10, 50);
        start(config(Layout.EVENT, true, Map.of()));
        awaitPublished();

        Map<Integer, Long> next = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : TopicReader.readAll(broker.bootstrapServers(), topic)) {
            GenericRecord event = Batches.read(Schemas.FLAT, record.value(), PREFIX_BYTES);
            int zone = (int) event.get("ct_zone");
            assertThat(event.get("sequence")).isEqualTo(next.merge(zone, 1L, Long::sum) - 1);
        }
        assertThat(next)
                .hasSize(10)
                .allSatisfy((zone, count) -> assertThat(count).isEqualTo(200L));
    }
}
