package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.Collector;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.cli.demo.DemoNetwork;
import dev.ctstream.cli.demo.DemoTraffic;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.HostFacts;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.nftables.ConntrackRuleset;
import dev.ctstream.read.EventFilter;
import dev.ctstream.read.ReadConfig;
import dev.ctstream.read.TopicReader;
import dev.ctstream.record.RecordDecoder;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares the events that a consumer reads from Kafka with {@code conntrack -E} on the same real traffic. */
class EventsOracleIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int ROUNDS = 12;
    private static final int DIRECTIONAL_ZONE = 42;
    private static final String TOPIC = "conntrack.events";

    @TempDir
    private Path folder;

    @Test
    void eventsEqualThoseOfConntrack() throws Exception {
        List<OracleEvent> ours = new ArrayList<>();
        List<OracleEvent> theirs = new ArrayList<>();
        FreshNamespace.run(() -> {
            DemoNetwork network = DemoNetwork.create();
            ConntrackRuleset.builder()
                    .name("oracle")
                    .originalZone(address("127.0.8.1"), DIRECTIONAL_ZONE)
                    .build()
                    .install();
            try (EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of())) {
                broker.start();
                theirs.addAll(collectBesideConntrack(network, broker));
                ours.addAll(readBack(broker, theirs.size()));
            }
        });
        assertThat(ours).hasSameSizeAs(theirs).containsExactlyInAnyOrderElementsOf(theirs);
        assertMixedTraffic(theirs);
    }

    /** Checks that the traffic had the intended mix. */
    private static void assertMixedTraffic(List<OracleEvent> events) {
        assertThat(events.stream().map(OracleEvent::type)).contains("NEW", "UPDATE", "DESTROY");
        assertThat(events.stream().map(OracleEvent::protocol)).contains(1, 6, 17, 58);
        assertThat(events.stream().map(OracleEvent::zone)).contains(0, 1, 2, 7, DIRECTIONAL_ZONE, 65_535);
        assertThat(events).anyMatch(OracleEvent::translated);
        assertThat(events).anyMatch(OracleEvent::assured).anyMatch(OracleEvent::unreplied);
        assertThat(events).anyMatch(event -> event.counters().size() == 4);
    }

    private List<OracleEvent> collectBesideConntrack(DemoNetwork network, EmbeddedBroker broker) throws Exception {
        Path out = folder.resolve("conntrack.txt");
        Path err = folder.resolve("conntrack.err");
        Process conntrack = new ProcessBuilder("conntrack", "-E", "-o", "id,extended")
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        try {
            await().atMost(SOON)
                    .failFast("conntrack has ended", () -> !conntrack.isAlive())
                    .until(() -> !eventSockets().isEmpty());
            NetlinkRow theirs = eventSockets().get(0); // there is no other socket yet
            collect(network, broker, out);
            assertThat(eventSockets())
                    .filteredOn(row -> row.portId() == theirs.portId())
                    .containsExactly(theirs); // and no drops
        } finally {
            conntrack.destroy();
            conntrack.waitFor();
        }
        assertThat(err).content().doesNotContain("ENOBUFS").contains("flow events have been shown");
        try (Stream<String> lines = Files.lines(out)) {
            return lines.map(OracleEvent::ofConntrack).toList();
        }
    }

    private void collect(DemoNetwork network, EmbeddedBroker broker, Path theirs) throws Exception {
        try (Collector collector = Collector.start(configuration(broker), new Collector.Program("test", "digest"));
                ConntrackTable table = ConntrackTable.open(null);
                DemoTraffic traffic = DemoTraffic.open(network)) {
            for (int round = 0; round < ROUNDS; round++) {
                traffic.round();
                sendToAClosedPort();
                awaitRead(theirs, collector);
            }
            // A dump makes the kernel end expired entries.
            await().pollInterval(Duration.ofMillis(100)).atMost(SOON).until(() -> entries(table) == 0);
            assertThat(collector.stop()).isTrue();
            awaitRead(theirs, collector);
            assertThat(collector.totals().lostByKernel()).isZero();
        }
    }

    /** Waits until both have read all events, so that conntrack's buffer cannot overflow. */
    private static void awaitRead(Path out, Collector collector) {
        await().pollInterval(Duration.ofMillis(20)).atMost(SOON).until(() -> {
            long received = collector.totals().received();
            try (Stream<String> lines = Files.lines(out)) {
                return lines.count() == received;
            }
        });
    }

    /** A socket in {@code /proc/net/netlink}. */
    private record NetlinkRow(long portId, long drops) {}

    /** The sockets of our namespace that have joined the groups NEW, UPDATE and DESTROY. */
    private static List<NetlinkRow> eventSockets() throws IOException {
        try (Stream<String> rows = Files.lines(Path.of("/proc/thread-self/net/netlink"))) {
            return rows.skip(1)
                    .map(row -> row.trim().split(" +", -1))
                    .filter(row -> row[1].equals("12") && Long.parseLong(row[3], 16) == 7)
                    .map(row -> new NetlinkRow(Long.parseLong(row[2]), Long.parseLong(row[8])))
                    .toList();
        }
    }

    private static long entries(ConntrackTable table) throws NetlinkException {
        table.dump(DumpFilter.ALL, entry -> {});
        return table.stats().entries();
    }

    private static void sendToAClosedPort() throws IOException {
        try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(address("127.0.0.1"), 0))) {
            socket.send(new DatagramPacket(new byte[1], 1, address("127.0.8.1"), 9));
        }
    }

    private CollectorConfig configuration(EmbeddedBroker broker) throws Exception {
        Map<String, String> settings = new HashMap<>();
        settings.put("kafka.bootstrap.servers", broker.bootstrapServers());
        settings.put("host.id", "oracle");
        settings.put("events", "new,update,destroy");
        settings.put("snapshot", "false");
        settings.put("reconcile.interval-seconds", "0");
        settings.put("spool.directory", folder.resolve("spool").toString());
        settings.put("http.listen", "off");
        settings.put("shutdown.timeout-seconds", "30");
        return Configuration.load(new ConfigSources(Optional.empty(), Map.of(), settings, HostFacts.current(), true))
                .collector();
    }

    private static List<OracleEvent> readBack(EmbeddedBroker broker, int count) throws Exception {
        List<OracleEvent> events = new ArrayList<>();
        ReadConfig config = new ReadConfig(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                TOPIC,
                EventFilter.NONE,
                true,
                OptionalLong.of(count),
                OptionalInt.of(20));
        try (TopicReader reader = TopicReader.open(config, new RecordDecoder(), (place, problem) -> {
            throw new AssertionError(place, problem);
        })) {
            reader.run(event -> events.add(OracleEvent.of(event)));
        }
        return events;
    }

    private static InetAddress address(String literal) {
        return FreshNamespace.ip(literal);
    }
}
