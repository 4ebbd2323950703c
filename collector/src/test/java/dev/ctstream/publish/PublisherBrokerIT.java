package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TestBroker;
import dev.ctstream.metrics.Check;
import dev.ctstream.record.Schemas;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** The publisher's guarantees, with a real broker. */
class PublisherBrokerIT {
    private static final Duration SOON = PublisherHarness.SOON;
    private static final Duration SAYS_SO = PublisherHarness.SAYS_SO;
    private static final int PREFIX_BYTES = PublisherHarness.PREFIX_BYTES;

    private static EmbeddedBroker broker;

    private String topic = "";
    private PublisherHarness publisher = new PublisherHarness("");

    @BeforeAll
    static void startBroker() throws IOException {
        broker = TestBroker.temporary(Map.of());
        broker.start();
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    @BeforeEach
    void nameTopic(TestInfo test) {
        topic = test.getTestMethod().orElseThrow().getName();
        publisher = new PublisherHarness(topic);
    }

    @AfterEach
    void stopPublisher() throws InterruptedException {
        publisher.end();
    }

    private PublishConfig config(Layout layout, boolean create, Map<String, String> kafka) {
        Map<String, String> settings = new HashMap<>(Map.of("bootstrap.servers", broker.bootstrapServers()));
        settings.putAll(kafka);
        return publisher.config(layout, create, settings);
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
        publisher.add(25, 64, 125);
        publisher.backlog.addControl(1);
        publisher.start(config(Layout.BATCH, true, Map.of()));
        publisher.awaitPublished();

        List<ConsumerRecord<byte[], byte[]>> records = RawRecords.readAll(broker.bootstrapServers(), topic);

        assertThat(records).hasSize(64 * 25); // nothing twice
        PublisherHarness.assertGapFree(PublisherHarness.firstOccurrences(records), 64, 25 * 125);
        assertThat(RawRecords.readAll(broker.bootstrapServers(), topic + "-control"))
                .singleElement()
                .satisfies(record -> assertThat(Batches.read(Schemas.CONTROL, record.value(), PREFIX_BYTES)
                                .get("control_sequence"))
                        .isEqualTo(0L));
        assertThat(publisher.metrics.prometheusText()).contains("ctstream_publish_acknowledged_events_total 200000.0");
        assertThat(publisher.health.ready()).isTrue();
    }

    @Test
    void nothingIsLostOrReorderedWhenTheBrokerIsKilledUnderLoad() throws Exception {
        publisher.start(config(Layout.BATCH, true, Map.of("linger.ms", "0")));
        publisher.add(20, 10, 20);
        await().atMost(SOON).until(() -> publisher.queue.acknowledged() > 50);
        publisher.add(200, 10, 20);
        await().atMost(SOON).until(() -> publisher.queue.acknowledged() > 300);

        broker.kill();
        publisher.add(20, 10, 20);
        broker.start();

        publisher.awaitPublished();
        PublisherHarness.assertGapFree(
                PublisherHarness.firstOccurrences(RawRecords.readAll(broker.bootstrapServers(), topic)),
                10,
                (20 + 200 + 20) * 20);
        await().atMost(SOON).until(publisher.health::ready);
    }

    @Test
    void aBrokerThatIsAbsentAtTheStartIsNamedAndWaitedFor() throws IOException {
        try (EmbeddedBroker late = TestBroker.temporary(Map.of())) {
            publisher.add(3, 10, 20);
            publisher.start(config(Layout.BATCH, true, Map.of("bootstrap.servers", late.bootstrapServers())));

            await().atMost(SAYS_SO)
                    .until(() -> publisher
                            .reason()
                            .contains("no broker answers at kafka.bootstrap.servers=" + late.bootstrapServers()));
            late.start();
            publisher.awaitPublished();

            PublisherHarness.assertGapFree(
                    PublisherHarness.firstOccurrences(RawRecords.readAll(late.bootstrapServers(), topic)), 10, 60);
            await().atMost(SOON).until(publisher.health::ready);
        }
    }

    @Test
    void anUnresolvableNameIsNamedAndDoesNotDelayTheStop() throws InterruptedException {
        publisher.add(1, 1, 1);
        publisher.start(config(Layout.BATCH, true, Map.of("bootstrap.servers", "no-such-host.invalid:9092")));
        await().atMost(SAYS_SO).until(() -> publisher.reason().contains("no-such-host.invalid:9092 can be resolved"));

        publisher.stop(Duration.ofMinutes(10), SAYS_SO);

        assertThat(publisher.queue.unacknowledged()).isEqualTo(1);
    }

    @Test
    void aMissingTopicThatMayNotBeCreatedIsNamedAndUsedOnceItExists() throws Exception {
        publisher.add(1, 2, 5);
        publisher.start(config(Layout.BATCH, false, Map.of()));
        await().atMost(SAYS_SO).until(() -> publisher.reason().contains(topic + " does not exist"));

        create(new NewTopic(topic, 12, (short) 1));
        create(new NewTopic(topic + "-control", 12, (short) 1));

        publisher.awaitPublished();
        publisher.assertAllThere(broker.bootstrapServers(), 2, 5);
    }

    @Test
    void mismatchedTopicSettingsAreReportedAndNotAltered() throws Exception {
        create(new NewTopic(topic, 3, (short) 1)
                .configs(Map.of("max.message.bytes", "100000", "cleanup.policy", "compact")));
        PublishConfig config = config(Layout.BATCH, true, Map.of());

        Topics.Report report = Topics.prepare(config);

        assertThat(report.topics().events().partitions()).isEqualTo(3);
        assertThat(report.topics().control().partitions()).isEqualTo(12);
        assertThat(report.remarks()).hasSize(3);
        assertThat(report.remarks().get(0)).contains("partitions (topic " + topic + "): 3, wanted 12");
        assertThat(report.remarks().get(1)).contains("cleanup.policy", "compact, wanted delete");
        assertThat(report.remarks().get(2)).contains("max.message.bytes", "100000, wanted 262144");
        assertThat(Check.remarks(Topics.check(config))).isEqualTo(report.remarks());
        publisher.start(config);
    }

    @Test
    void recordsHaveTheTimeOfTheirEventsUnlessTheTopicRefusesIt() throws Exception {
        create(new NewTopic(topic, 12, (short) 1));
        publisher.start(config(Layout.BATCH, true, Map.of("compression.type", "none")));
        long before = System.currentTimeMillis();
        publisher.add(1, 3, 5);
        long made = System.currentTimeMillis();
        publisher.awaitPublished();
        assertThat(RawRecords.readAll(broker.bootstrapServers(), topic))
                .hasSize(3)
                .allMatch(record -> record.timestamp() >= before && record.timestamp() <= made);

        alter(topic, TestBroker.timestampBeforeMaxMillis(), "60000"); // known only from the next connection on
        for (int i = 0; i < 3; i++) { // several refused records of one request
            publisher.queue.add(Batches.received(
                    Batches.events(4 + i, MadeBatches.stream("host", 7), 5L * i, 5),
                    made - Duration.ofMinutes(2).toMillis()));
        }
        publisher.awaitPublished();

        assertThat(RawRecords.readAll(broker.bootstrapServers(), topic))
                .hasSizeGreaterThanOrEqualTo(6)
                .allMatch(record -> record.timestamp() >= before);
        assertThat(publisher.backlog.setAside).isEmpty();
    }

    @Test
    void batchesAboveALoweredLimitArriveInPieces() throws Exception {
        create(new NewTopic(topic, 12, (short) 1));
        publisher.start(config(Layout.BATCH, true, Map.of("compression.type", "none")));
        publisher.add(5, 10, 100);
        publisher.awaitPublished();

        alter(topic, "max.message.bytes", "6000");
        publisher.add(5, 10, 100);
        publisher.awaitPublished();

        List<ConsumerRecord<byte[], byte[]>> records = RawRecords.readAll(broker.bootstrapServers(), topic);
        assertThat(records).hasSizeGreaterThan(2 * 5 * 10);
        PublisherHarness.assertGapFree(PublisherHarness.firstOccurrences(records), 10, 1_000);
        assertThat(publisher.backlog.setAside).isEmpty();
    }

    @Test
    void anEventThatCannotBeAcceptedIsSetAsideAndTheRestContinues() throws Exception {
        create(new NewTopic(topic, 12, (short) 1).configs(Map.of("max.message.bytes", "90")));
        publisher.start(config(Layout.BATCH, true, Map.of("compression.type", "none")));
        publisher.add(1, 1, 4);
        publisher.awaitPublished();
        assertThat(publisher.backlog.setAside).containsExactly(1L);

        alter(topic, "max.message.bytes", "1000000");
        publisher.add(3, 1, 4);
        publisher.awaitPublished();

        // Everything that was not set aside is in the topic; the spool declares the rest.
        List<Long> expected = new ArrayList<>();
        for (long number = 1; number <= 4; number++) {
            if (!publisher.backlog.setAside.contains(number)) {
                LongStream.range(4 * (number - 1), 4 * number).forEach(expected::add);
            }
        }
        assertThat(expected).isNotEmpty();
        assertThat(PublisherHarness.firstOccurrences(RawRecords.readAll(broker.bootstrapServers(), topic)))
                .isEqualTo(Map.of(0, expected));
    }

    @Test
    void theEventLayoutHasOneRecordPerEvent() {
        publisher.add(4, 10, 50);
        publisher.start(config(Layout.EVENT, true, Map.of()));
        publisher.awaitPublished();

        Map<Integer, Long> next = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : RawRecords.readAll(broker.bootstrapServers(), topic)) {
            GenericRecord event = Batches.read(Schemas.FLAT, record.value(), PREFIX_BYTES);
            int zone = (int) event.get("ct_zone");
            assertThat(event.get("sequence")).isEqualTo(next.merge(zone, 1L, Long::sum) - 1);
        }
        assertThat(next)
                .hasSize(10)
                .allSatisfy((zone, count) -> assertThat(count).isEqualTo(200L));
    }
}
