package dev.ctstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TestBroker;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.FlowFilter;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.Forger;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.read.TopicContents;
import dev.ctstream.read.TopicSequences;
import dev.ctstream.record.DecodedRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The collector from the kernel to Kafka: entries begin and end in a namespace, and a consumer reads each event. */
class CollectorKernelIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String HOST = "it-host";
    private static final int PARTITIONS = 12;
    private static final int FLOWS = 20_480;

    private static EmbeddedBroker broker;

    @TempDir
    private Path folder;

    private final Map<String, String> settings = new HashMap<>();
    private TestNamespace namespace;
    private OfferedFlows flows;

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
    void prepare() throws Exception {
        namespace = TestNamespace.create();
        flows = OfferedFlows.in(namespace.handle());
        settings.put("kafka.bootstrap.servers", broker.bootstrapServers());
        settings.put("netns", namespace.path().toString());
        settings.put("host.id", HOST);
        settings.put("http.listen", "off");
        settings.put("snapshot", "false");
        settings.put("reconcile.interval-seconds", "0");
        settings.put("shutdown.timeout-seconds", "30"); // another test covers the timeout
        settings.put("spool.directory", folder.resolve("spool").toString());
    }

    @AfterEach
    void close() throws IOException {
        flows.close();
        namespace.close();
        if (broker.pid() < 0) {
            broker.start();
        }
    }

    @ParameterizedTest
    @CsvSource({"batch,conntrack.events,134217728", "event,conntrack.flat,212992"}) // ours, and the kernel's default
    void everyEventOf64ZonesIsReadBackOnceInOrderAndOnItsPartition(String layout, String topic, String bufferBytes)
            throws Exception {
        settings.put("record.layout", layout);
        settings.put("socket.receive-buffer-bytes", bufferBytes);
        try (Collector collector = start()) {
            for (int round = 0; round < 4; round++) {
                flows.create(collector, FLOWS / 4);
                flows.deleteAll(collector);
            }
            await().atMost(SOON).until(() -> collector.totals().received() >= flows.offered());
            assertThat(collector.stop()).isTrue();
            assertThat(flows.offered()).isEqualTo(2 * FLOWS);
            assertThat(collector.totals()).isEqualTo(new Collector.Totals(flows.offered(), flows.offered(), 0, 0));
        }

        TopicContents contents = TopicContents.read(broker.bootstrapServers(), topic);
        assertThat(contents.events())
                .hasSize(2 * FLOWS)
                .allSatisfy(event -> assertThat(event.lostTotal()).isZero());
        assertThat(contents.sequences()).hasSize(OfferedFlows.ZONES.size());
        contents.assertGapFree();
        List<TopicContents.Flow> created = contents.flows("NEW");
        assertThat(created.stream().map(OfferedFlows::specOf)).containsExactlyInAnyOrderElementsOf(flows.specs());
        assertThat(contents.flows("DESTROY")).containsExactlyInAnyOrderElementsOf(created);
        String netns = namespace.handle().label();
        assertThat(contents.places())
                .allSatisfy(place -> assertThat(place.partition())
                        .as(place.key())
                        .isEqualTo(documentedPartition(place.key(), netns)));
    }

    /** Every thread of the collector is started with this handler, so a dead guard cannot leave reliable mode alone. */
    @Test
    void aThreadThatDiesTurnsLivezRedAndEndsTheProcess() throws Exception {
        settings.put("delivery", "reliable");
        try (Collector collector = start()) {
            assertThat(collector.health().live()).isTrue();
            collector.threadFailed("ctstream-guard", new IllegalStateException("it died"));
            assertThat(collector.health().live()).isFalse();
            assertThat(collector.health().reasons()).containsEntry("ctstream-guard", "it died");
            assertThatThrownBy(collector::awaitEnd)
                    .isInstanceOf(IllegalStateException.class)
                    .hasRootCauseMessage("it died");
        }
    }

    /** As documented for consumers: a zone has one partition; events without a zone spread by host and namespace. */
    private static int documentedPartition(String key, String netns) {
        String stream = HOST + "/" + netns;
        assertThat(key).startsWith(stream + "/");
        int zone = Integer.parseInt(key.substring(stream.length() + 1));
        int hash = Utils.toPositive(Utils.murmur2(stream.getBytes(StandardCharsets.UTF_8)));
        return (zone + (zone == 0 ? hash % PARTITIONS : 0)) % PARTITIONS;
    }

    @Test
    void aStopPublishesTheEventsInTheSocketAndInOpenBatches() throws Exception {
        settings.put("topic.events", "stopped");
        settings.put("batch.linger-millis", "60000"); // so that no batch is closed before the stop
        try (Collector collector = start()) {
            flows.create(collector, 100);
            await().atMost(SOON).until(() -> collector.totals().received() == 100);
            flows.create(collector, 50);
            assertThat(collector.stop()).isTrue();
            assertThat(collector.totals()).isEqualTo(new Collector.Totals(150, 150, 0, 0));
        }
        TopicContents contents = TopicContents.read(broker.bootstrapServers(), "stopped");
        contents.assertGapFree();
        assertThat(contents.flows("NEW").stream().map(OfferedFlows::specOf))
                .containsExactlyInAnyOrderElementsOf(flows.specs());
    }

    @Test
    void eventsFromBeforeTheBrokerStartsArePublishedAfterwards() throws Exception {
        settings.put("topic.events", "late");
        broker.stop();
        try (Collector collector = start()) {
            flows.create(collector, 1000);
            flows.deleteAll(collector);
            await().atMost(SOON).until(() -> collector.totals().received() == 2000);
            assertThat(kafkaIsReady(collector)).isFalse();
            assertThat(collector.totals().acknowledged()).isZero();
            broker.start();
            await().atMost(SOON).until(() -> collector.totals().acknowledged() == 2000);
            assertThat(kafkaIsReady(collector)).isTrue();
            assertThat(collector.stop()).isTrue();
        }
        TopicContents contents = TopicContents.read(broker.bootstrapServers(), "late");
        contents.assertGapFree();
        assertThat(contents.flows("NEW")).hasSize(1000);
        assertThat(contents.flows("DESTROY")).containsExactlyInAnyOrderElementsOf(contents.flows("NEW"));
    }

    @Test
    void theNextRunPublishesSpooledEventsBeforeItsOwn() throws Exception {
        settings.put("topic.events", "replayed");
        settings.put("shutdown.timeout-seconds", "1");
        try (Collector collector = start()) {
            flows.create(collector, 1000);
            await().atMost(SOON).until(() -> collector.totals().acknowledged() == 1000);
            broker.stop();
            flows.create(collector, 1000);
            await().atMost(SOON).until(() -> collector.totals().received() == 2000);
            assertThat(collector.stop()).isFalse();
            assertThat(collector.totals()).isEqualTo(new Collector.Totals(2000, 1000, 0, 0));
        }
        broker.start();
        try (Collector collector = start()) {
            flows.restart();
            flows.create(collector, 500);
            await().atMost(SOON).until(() -> collector.totals().acknowledged() == 1500);
            assertThat(collector.stop()).isTrue();
        }
        TopicContents contents = TopicContents.read(broker.bootstrapServers(), "replayed");
        contents.assertGapFree();
        assertThat(contents.flows("NEW").stream().map(OfferedFlows::specOf))
                .containsExactlyInAnyOrderElementsOf(flows.specs());
        Map<Integer, List<Long>> epochsOfZones = contents.events().stream()
                .collect(Collectors.groupingBy(
                        event -> event.flow().zone(),
                        Collectors.mapping(TopicContents.Event::epoch, Collectors.toList())));
        assertThat(epochsOfZones)
                .hasSize(OfferedFlows.ZONES.size())
                .allSatisfy((zone, epochs) -> assertThat(epochs).isSorted());
        assertThat(contents.events().stream().map(TopicContents.Event::epoch).distinct())
                .hasSize(2);
    }

    @Test
    void oneNamespaceByTwoNamesIsObservedOnce() throws Exception {
        settings.put("topic.events", "once");
        settings.put("netns", namespace.path() + "," + namespace.path());
        try (Collector collector = start()) {
            assertThat(collector.namespaces().sockets()).hasSize(1);
            flows.create(collector, 100);
            await().atMost(SOON).until(() -> collector.totals().acknowledged() == 100);
            assertThat(collector.stop()).isTrue();
        }
        TopicContents contents = TopicContents.read(broker.bootstrapServers(), "once");
        contents.assertGapFree();
        assertThat(contents.events()).hasSize(100);
    }

    /** Root of a container with a user namespace of its own can send to our socket in the container's namespace. */
    @Test
    void forgedEventsAreCountedAndNeitherPublishedNorInTheLedger() throws Exception {
        int rounds = 20;
        int inRound = 100; // the smallest receive buffer holds 332
        settings.put("topic.events", "forged");
        settings.put("topic.control", "forged.control");
        try (Collector collector = start();
                Forger forger = Forger.in(namespace.handle(), NfGenMsg.NFNLGRP_CONNTRACK_NEW)) {
            EventSocket socket = collector.namespaces().sockets().get(0);
            flows.create(collector, 64);
            await().atMost(SOON).until(() -> collector.totals().received() == 64);
            assertThat(forger.learn()).isTrue();
            flows.deleteAll(collector);
            await().atMost(SOON).until(() -> collector.totals().received() == 128);
            for (int round = 0; round < rounds; round++) {
                for (int i = 0; i < inRound; i++) {
                    if (round % 2 == 0) {
                        forger.toSocket(socket.socket().portId());
                    } else {
                        forger.toGroup();
                    }
                }
                long sent = (long) inRound * (round + 1);
                await().atMost(SOON).until(() -> socket.foreignTotal() == sent);
            }
            flows.create(collector, 1);
            await().atMost(SOON).until(() -> collector.totals().acknowledged() == 129);
            assertThat(collector.metrics().prometheusText())
                    .contains("ctstream_receive_foreign_datagrams_total{netns=\"" + socket.netns() + "\"} 2000.0")
                    .contains("ctstream_receive_malformed_messages_total 0.0");
            assertThat(collector.stop()).isTrue();
            assertThat(collector.totals()).isEqualTo(new Collector.Totals(129, 129, 0, 0));
        }
        TopicContents contents = TopicContents.read(broker.bootstrapServers(), "forged");
        contents.assertGapFree();
        assertThat(contents.events()).hasSize(129);
        List<DecodedRecord> stopped = new ArrayList<>();
        TopicSequences.walk(broker.bootstrapServers(), "forged.control", record -> {
            if (record.text("kind").equals("STOPPED")
                    && record.text("netns").equals(namespace.handle().label())) {
                assertThat(record.number("events_foreign")).contains(2000L);
                assertThat(record.number("events_received")).contains(129L);
                assertThat(record.number("flows_live")).contains(1L);
                stopped.add(record);
            }
            return true;
        });
        assertThat(stopped).hasSize(1);
    }

    @Test
    void aFilterDecidesWhatIsReceivedAndWhatASnapshotAnnounces() throws Exception {
        settings.put("topic.events", "filtered");
        settings.put("topic.control", "filtered.control");
        settings.put("snapshot", "true");
        settings.put("filter.zones", "1-9,!5");
        settings.put("filter.networks", "10.0.0.0/8");
        String digest = Objects.requireNonNull(FlowFilter.parse(List.of("1-9", "!5"), List.of(), List.of("10.0.0.0/8"))
                .digest());
        try (ConntrackTable table = ConntrackTable.open(namespace.handle())) {
            createInZones(table, "10.1.0.1", "10.2.0.1");
            try (Collector collector = start()) {
                createInZones(table, "10.1.0.2", "10.2.0.1");
                createInZones(table, "192.0.2.1", "192.0.2.2");
                await().atMost(SOON).until(() -> collector.totals().acknowledged() == 2);
                table.flush(new Flush.Everything());
                await().atMost(SOON).until(() -> collector.totals().acknowledged() == 4);
                assertThat(collector.stop()).isTrue();
                assertThat(collector.totals().received()).isEqualTo(3);
            }
        }
        TopicContents contents = TopicContents.read(broker.bootstrapServers(), "filtered");
        contents.assertGapFree();
        assertThat(contents.events())
                .extracting(event -> event.type() + " " + event.flow().zone() + " "
                        + event.flow().source())
                .containsExactlyInAnyOrder(
                        "EXISTING 1 10.1.0.1", "NEW 1 10.1.0.2", "DESTROY 1 10.1.0.1", "DESTROY 1 10.1.0.2");
        List<String> digests = new ArrayList<>();
        TopicSequences.walk(broker.bootstrapServers(), "filtered.control", record -> {
            if (record.text("kind").equals("STARTED")) {
                digests.add(record.text("filter_digest"));
            }
            return true;
        });
        assertThat(digests).contains(digest);
    }

    /** The mark 0x15 is admitted; the destination of zone 5 is left out. */
    @Test
    void marksChooseFlowsAndPrivacyLeavesOutDestinations() throws Exception {
        settings.put("topic.events", "reduced");
        settings.put("topic.control", "reduced.control");
        settings.put("events", "new,update,destroy");
        settings.put("filter.marks", "0x10/0xf0");
        settings.put("privacy.omit", "5");
        settings.put("privacy.truncate", "true");
        try (ConntrackTable table = ConntrackTable.open(namespace.handle())) {
            try (Collector collector = start()) {
                for (int zone : new int[] {1, 5}) {
                    table.create(created(marked(zone, 1, 0x15)));
                    table.create(created(marked(zone, 2, 0x25)));
                }
                await().atMost(SOON).until(() -> collector.totals().acknowledged() == 2);
                table.update(marked(1, 1, 0x25).build()); // is followed to its end
                table.update(marked(5, 2, 0x1f).build()); // is followed from here on
                await().atMost(SOON).until(() -> collector.totals().acknowledged() == 4);
                table.flush(new Flush.Everything());
                await().atMost(SOON).until(() -> collector.totals().acknowledged() == 7);
                assertThat(collector.stop()).isTrue();
                assertThat(collector.totals().received()).isEqualTo(10);
            }
        }
        TopicContents contents = TopicContents.read(broker.bootstrapServers(), "reduced");
        contents.assertGapFree();
        List<String> events = new ArrayList<>();
        TopicSequences.walk(broker.bootstrapServers(), "reduced", record -> {
            assertThat(record.text("source_address")).isEqualTo("10.1.0.0");
            assertThat(record.text("destination_address")).isEqualTo(record.zone() == 5 ? "" : "10.2.0.0");
            assertThat(record.number("destination_port").isPresent()).isEqualTo(record.zone() != 5);
            events.add(record.text("event_type") + " " + record.zone() + " "
                    + record.number("source_port").orElse(-1L));
            return true;
        });
        assertThat(events)
                .containsExactlyInAnyOrder(
                        "NEW 1 1", "UPDATE 1 1", "DESTROY 1 1", "NEW 5 1", "DESTROY 5 1", "UPDATE 5 2", "DESTROY 5 2");
        Set<String> said = new HashSet<>();
        TopicSequences.walk(broker.bootstrapServers(), "reduced.control", record -> {
            if (record.text("kind").equals("STARTED")) {
                said.add(record.text("privacy"));
            } else if (record.text("kind").equals("STOPPED")
                    && record.text("netns").equals(namespace.handle().label())) {
                assertThat(record.number("events_filtered")).contains(3L);
                said.add("STOPPED");
            }
            return true;
        });
        assertThat(said).contains("destinations omitted: zones 5; addresses truncated: /24 /48", "STOPPED");
    }

    private static FlowSpec created(FlowSpec.Builder flow) {
        return flow.timeoutSeconds(600).status(IpsStatus.IPS_CONFIRMED).build();
    }

    private static FlowSpec.Builder marked(int zone, int port, int mark) {
        return FlowSpec.of(new TupleSpec(
                        FreshNamespace.ip("10.1.0.1"), FreshNamespace.ip("10.2.0.1"), new TupleSpec.Ports(17, port, 2)))
                .zone(ZoneScope.both(zone))
                .mark(mark);
    }

    private static void createInZones(ConntrackTable table, String source, String destination) throws NetlinkException {
        for (int zone : new int[] {1, 5, 20}) {
            table.create(FlowSpec.of(new TupleSpec(
                            FreshNamespace.ip(source), FreshNamespace.ip(destination), new TupleSpec.Ports(17, 1, 2)))
                    .zone(ZoneScope.both(zone))
                    .timeoutSeconds(600)
                    .status(IpsStatus.IPS_CONFIRMED)
                    .build());
        }
    }

    private static boolean kafkaIsReady(Collector collector) {
        return Objects.requireNonNull(collector.health().components().get("kafka"))
                .ready();
    }

    private Collector start() throws IOException, ConfigurationException {
        ConfigSources sources = new ConfigSources(Optional.empty(), Map.of(), settings, HostFacts.current(), true);
        return Collector.start(Configuration.load(sources).collector(), new Collector.Program("test", "digest"));
    }
}
