package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.broker.BrokerServer;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.Capabilities;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.WithoutCapability;
import dev.ctstream.nftables.ConntrackRuleset;
import dev.ctstream.read.TopicContents;
import dev.ctstream.read.TopicSequences;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ctstream run} as a process, in one namespace with a broker, as an operator sees it. */
class RunKernelIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration PROMISED = Duration.ofSeconds(5);
    /** A JVM that has just started on an overloaded machine needs some extra seconds. */
    private static final Duration SLACK = Duration.ofSeconds(3);

    private static final String NOBODY = "127.0.0.1:1";
    /** Fits into the smallest default receive buffer of a kernel, even if the collector reads late. */
    private static final int FLOWS_AT_ONCE = 100;

    private static TestNamespace namespace;
    private static EmbeddedBroker broker;

    @TempDir
    private Path folder;

    private ConntrackTable table;
    private int flows;

    @BeforeAll
    static void startBroker() throws IOException {
        namespace = TestNamespace.create();
        broker = EmbeddedBroker.temporary(Map.of());
        namespace.run(() -> broker.start());
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
        namespace.close();
    }

    @BeforeEach
    void openTable() throws NetlinkException {
        table = ConntrackTable.open(namespace.handle());
    }

    @AfterEach
    void emptyNamespace() throws Exception {
        namespace.run(() -> ConntrackRuleset.builder().build().remove());
        table.flush(new Flush.Everything());
        table.close();
    }

    @Test
    void exitsWith3WithoutThePrivilege() throws Exception {
        namespace.run(() -> {
            try (LaunchedProgram run = WithoutCapability.call(
                    Capabilities.CAP_NET_ADMIN, () -> run("kafka.bootstrap.servers=" + NOBODY))) {
                assertThat(run.exitCode()).isEqualTo(3);
                assertThat(run.err())
                        .contains(
                                "privilege (CAP_NET_ADMIN): missing: EPERM (1) Operation not permitted, wanted to subscribe")
                        .contains("CAP_NET_ADMIN")
                        .contains("cap_add NET_ADMIN")
                        .doesNotContain("\tat ");
                assertThat(run.out()).isEmpty();
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"all", "blue", "/proc/1/ns/net", "self,blue"})
    void exitsWith3WithoutThePrivilegeToEnterOtherNamespaces(String netns) throws Exception {
        namespace.run(() -> {
            try (LaunchedProgram run = WithoutCapability.call(
                    Capabilities.CAP_SYS_ADMIN, () -> run("kafka.bootstrap.servers=" + NOBODY, "netns=" + netns))) {
                assertThat(run.exitCode()).as(run::err).isEqualTo(3);
                assertThat(run.err().lines().filter(line -> line.startsWith("ctstream: ")))
                        .singleElement()
                        .asString()
                        .contains(
                                "privilege (CAP_SYS_ADMIN): missing: EPERM",
                                "to enter other network namespaces",
                                "or set netns=self");
            }
        });
    }

    @Test
    void exitsWith2AndSuggestsTheNearestKey() throws Exception {
        namespace.run(() -> {
            try (LaunchedProgram run = run("kafka.bootstrap.servers=" + NOBODY, "spool.max-byte=1 GiB")) {
                assertThat(run.exitCode()).isEqualTo(2);
                assertThat(run.err()).contains("spool.max-byte ").contains("spool.max-bytes");
            }
        });
    }

    @Test
    void isNotReadyButContinuesWhileTrackingIsInactive() throws Exception {
        namespace.run(() -> {
            int port = BrokerServer.freePort();
            try (LaunchedProgram run = run(
                    "kafka.bootstrap.servers=" + broker.bootstrapServers(),
                    "topic.events=inactive",
                    "http.listen=127.0.0.1:" + port)) {
                assertThat(run.awaitStderr("connection tracking is inactive")).contains("level=WARN");
                run.awaitStderr("Kafka: connected");
                await().atMost(SOON)
                        .until(() -> LaunchedProgram.get(port, "/livez").startsWith("HTTP/1.1 200"));
                assertThat(LaunchedProgram.get(port, "/readyz"))
                        .startsWith("HTTP/1.1 503")
                        .contains("connection tracking is inactive");

                ConntrackRuleset.builder()
                        .notrackWithin(InetAddress.getLoopbackAddress()) // the broker's own traffic
                        .build()
                        .install();
                await().atMost(SOON)
                        .until(() -> LaunchedProgram.get(port, "/readyz").startsWith("HTTP/1.1 200"));
                run.awaitStderr("connections are tracked now");
                sendDatagram();
                await().atMost(SOON)
                        .until(() ->
                                flowsFrom("127.0.0.2", TopicContents.read(broker.bootstrapServers(), "inactive")) > 0);
                run.terminate();
                assertThat(run.exitCode()).as(run::err).isZero();
                TopicContents contents = TopicContents.read(broker.bootstrapServers(), "inactive");
                assertThat(flowsFrom("127.0.0.2", contents))
                        .as("%s, %s", contents.events(), run.err())
                        .isOne();
            }
        });
    }

    /**
     * Flows of the source that have a NEW event; a record may stand in the topic twice when the machine was slow. The
     * kernel tracks a moment before the rule that exempts the broker holds, so there may be flows of other sources.
     */
    private static long flowsFrom(String source, TopicContents contents) {
        return contents.flows("NEW").stream()
                .filter(flow -> flow.source().equals(source))
                .distinct()
                .count();
    }

    private static void sendDatagram() throws IOException {
        try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(FreshNamespace.ip("127.0.0.2"), 0))) {
            socket.send(new DatagramPacket(new byte[1], 1, FreshNamespace.ip("127.0.0.3"), 9));
        }
    }

    @Test
    void publishesEverythingAndEndsInTimeOnSigterm() throws Exception {
        namespace.run(() -> {
            int port = BrokerServer.freePort();
            try (LaunchedProgram run = run(
                    "kafka.bootstrap.servers=" + broker.bootstrapServers(),
                    "topic.events=terminated",
                    "batch.linger-millis=30000",
                    "http.listen=127.0.0.1:" + port)) {
                run.awaitStderr("Kafka: connected");
                for (int round = 0; round < 5; round++) {
                    createFlows();
                    await().pollInterval(Duration.ofMillis(10))
                            .atMost(SOON)
                            .until(() -> LaunchedProgram.get(port, "/status").contains("\"received\":" + flows + ","));
                }
                createFlows();
                long begin = System.nanoTime();
                run.terminate();
                assertThat(run.exitCode()).as(run::err).isZero();
                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(PROMISED);
                assertThat(run.awaitStderr(" started "))
                        .contains(
                                "version=",
                                "java=" + Runtime.version(),
                                "configuration=no file",
                                "http=127.0.0.1:" + port,
                                "spool=" + spool());
                assertThat(run.awaitStderr(" stopped, "))
                        .contains(
                                "everything is published",
                                "published_events=" + flows,
                                "unpublished_batches=0",
                                "lost_events=0");
            }
            TopicContents contents = TopicContents.read(broker.bootstrapServers(), "terminated");
            assertThat(contents.flows("NEW")).hasSize(flows).doesNotHaveDuplicates();
            contents.assertGapFree();
        });
    }

    private void createFlows() throws NetlinkException {
        for (int i = 0; i < FLOWS_AT_ONCE; i++) {
            TupleSpec original = new TupleSpec(
                    FreshNamespace.ip("10.1.0.1"), FreshNamespace.ip("10.2.0.1"), new TupleSpec.Ports(6, ++flows, 80));
            table.create(FlowSpec.of(original)
                    .zone(ZoneScope.both(i % 5))
                    .timeoutSeconds(600)
                    .status(IpsStatus.IPS_CONFIRMED)
                    .build());
        }
    }

    @ParameterizedTest
    @CsvSource({NOBODY + ",no broker answers", "no-such-host.invalid:9092,no-such-host.invalid"})
    void reportsAMissingBrokerSoonAndContinues(String servers, String words) throws Exception {
        namespace.run(() -> {
            int port = BrokerServer.freePort();
            try (LaunchedProgram run = run("kafka.bootstrap.servers=" + servers, "http.listen=127.0.0.1:" + port)) {
                OffsetDateTime reported = timeOf(run.awaitStderr("level=WARN thread=ctstream-publish"));
                assertThat(run.err()).contains(words);
                OffsetDateTime subscribed = timeOf(run.awaitStderr("subscribed: "));
                assertThat(Duration.between(subscribed, reported)).isLessThan(PROMISED.plus(SLACK));
                createFlows();
                await().atMost(SOON)
                        .until(() -> LaunchedProgram.get(port, "/status").contains("\"received\":" + flows + ","));
                assertThat(LaunchedProgram.get(port, "/readyz"))
                        .startsWith("HTTP/1.1 503")
                        .contains("kafka");
                assertThat(LaunchedProgram.get(port, "/livez")).startsWith("HTTP/1.1 200");
                run.terminate();
                assertThat(run.exitCode()).as(run::err).isZero();
                assertThat(run.awaitStderr(" stopped, "))
                        .contains("the rest stays in the spool", "published_events=0", "lost_events=0")
                        .doesNotContain("unpublished_batches=0");
            }
        });
    }

    private static OffsetDateTime timeOf(String line) {
        return OffsetDateTime.parse(line.substring("time=".length(), line.indexOf(' ')));
    }

    @Test
    void refusesASpoolThatAnotherCollectorUses() throws Exception {
        namespace.run(() -> {
            try (LaunchedProgram first = run("kafka.bootstrap.servers=" + NOBODY, "http.listen=off")) {
                first.awaitStderr("level=WARN thread=ctstream-publish"); // it is running
                try (LaunchedProgram second = run("kafka.bootstrap.servers=" + NOBODY, "http.listen=off")) {
                    assertThat(second.exitCode()).isEqualTo(1);
                    assertThat(second.err().lines().filter(line -> line.startsWith("ctstream: ")))
                            .singleElement()
                            .asString()
                            .contains(spool() + " is in use by another collector");
                }
                assertThat(first.isAlive()).isTrue();
            }
        });
    }

    /** The connection of this process to the broker stands for those of other programs. */
    @ParameterizedTest
    @CsvSource({"keep", "drop"})
    void ownConnectionsAreKeptOrDroppedAndThoseOfOtherProgramsAreKept(String own) throws Exception {
        namespace.run(() -> {
            String topic = "own-connections-" + own;
            int brokerPort = Integer.parseInt(broker.bootstrapServers().split(":", -1)[1]);
            int port = BrokerServer.freePort();
            ConntrackRuleset.builder().build().install();
            long others;
            try (LaunchedProgram run = run(
                    "kafka.bootstrap.servers=" + broker.bootstrapServers(),
                    "topic.events=" + topic,
                    "events=new,update,destroy",
                    "reconcile.interval-seconds=1", // each dump has the entries of the collector's connections
                    "filter.own-connections=" + own,
                    "http.listen=127.0.0.1:" + port)) {
                run.awaitStderr("Kafka: connected");
                try (Socket other = new Socket(InetAddress.getLoopbackAddress(), brokerPort)) {
                    others = other.getLocalPort();
                    awaitDumps(port, 2);
                }
                table.flush(new Flush.Everything()); // the connections' next packets make them again
                awaitDumps(port, 2);
                run.terminate();
                assertThat(run.exitCode()).as(run::err).isZero();
            }
            List<String> events = new ArrayList<>();
            Set<Long> sources = new HashSet<>();
            TopicSequences.walk(broker.bootstrapServers(), topic, record -> {
                long source = record.number("source_port").orElse(-1L);
                long destination = record.number("destination_port").orElse(-1L);
                if (source == brokerPort || destination == brokerPort) {
                    long client = source == brokerPort ? destination : source;
                    sources.add(client);
                    if (client == others) {
                        events.add(record.text("event_type"));
                    }
                }
                return true;
            });
            assertThat(events).startsWith("NEW").contains("DESTROY");
            if (own.equals("drop")) {
                assertThat(sources).containsExactly(others);
            } else {
                assertThat(sources).hasSizeGreaterThan(1);
            }
        });
    }

    private static void awaitDumps(int port, int count) {
        double before = dumps(port);
        await().atMost(SOON).until(() -> dumps(port) >= before + count);
    }

    private static double dumps(int port) {
        return LaunchedProgram.get(port, "/metrics")
                .lines()
                .filter(line -> line.startsWith("ctstream_control_dumps_total "))
                .mapToDouble(line -> Double.parseDouble(line.split(" ", -1)[1]))
                .findFirst()
                .orElse(0);
    }

    private LaunchedProgram run(String... settings) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("run"));
        arguments.addAll(List.of("-D", "host.id=it-host", "-D", "spool.directory=" + spool()));
        for (String setting : settings) {
            arguments.addAll(List.of("-D", setting));
        }
        return LaunchedProgram.start(folder, Map.of(), List.of(), arguments.toArray(String[]::new));
    }

    private Path spool() {
        return folder.resolve("spool");
    }
}
