package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.ChosenProcesses;
import dev.ctstream.Collector;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TestBroker;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.HostFacts;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.FlowMaker;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.netlink.Forger;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.NamedNamespaces;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.nftables.ConntrackRuleset;
import dev.ctstream.read.TopicSequences;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Namespaces come and go while a collector runs. */
class NamespacesKernelIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final long SECOND_NANOS = 1_000_000_000;
    private static final long LIFE_NANOS = 100_000_000;

    private static EmbeddedBroker broker;

    @TempDir
    private Path folder;

    private final Map<String, String> settings = new HashMap<>();
    private NamedNamespaces names;
    private ChosenProcesses processes;
    private String topic;

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
    void prepare() throws IOException {
        names = new NamedNamespaces();
        processes = new ChosenProcesses(folder.resolve("processes"));
        topic = "ns" + System.nanoTime();
        settings.putAll(Map.of(
                "kafka.bootstrap.servers",
                broker.bootstrapServers(),
                "topic.events",
                topic,
                "topic.control",
                topic + ".control",
                "topic.partitions",
                "3",
                "host.id",
                "it-host",
                "http.listen",
                "off",
                "shutdown.timeout-seconds",
                "30",
                "spool.directory",
                folder.resolve("spool").toString()));
    }

    @AfterEach
    void uncover() throws IOException {
        names.close();
    }

    private Collector start(String netns) throws Exception {
        settings.put("netns", netns);
        ConfigSources sources = new ConfigSources(Optional.empty(), Map.of(), settings, HostFacts.current(), true);
        return processes.start(Configuration.load(sources).collector());
    }

    private static Optional<EventSocket> socket(Collector collector, String netns) {
        return collector.namespaces().sockets().stream()
                .filter(socket -> socket.netns().equals(netns))
                .findFirst();
    }

    /** Waits until the receive thread has taken all but a few events of the namespace. */
    private static void awaitReceived(EventSocket socket, long mostQueuedBytes) {
        await().pollInterval(Duration.ofMillis(1))
                .atMost(SOON)
                .until(() -> socket.socket().queuedBytes() <= mostQueuedBytes);
    }

    private static void awaitObserved(Collector collector, String netns) {
        await().pollInterval(Duration.ofMillis(5))
                .atMost(SOON)
                .until(() -> socket(collector, netns).isPresent());
    }

    private static void awaitGone(Collector collector, String netns) {
        await().pollInterval(Duration.ofMillis(5))
                .atMost(SOON)
                .until(() -> socket(collector, netns).isEmpty());
    }

    /** The control records of a kind, as fields. */
    private List<Map<String, String>> control(String kind, String... fields) throws Exception {
        List<Map<String, String>> found = new ArrayList<>();
        TopicSequences.walk(broker.bootstrapServers(), topic + ".control", record -> {
            if (record.text("kind").equals(kind)) {
                Map<String, String> one = new TreeMap<>();
                for (String field : fields) {
                    one.put(field, String.valueOf(record.value(field)));
                }
                found.add(one);
            }
            return true;
        });
        return found;
    }

    /** An event, as far as these tests look at it. */
    private record Event(
            String netns, String netnsId, String type, String origin, long sequence, String packets, String flow) {
        boolean opens() {
            return type.equals("NEW") || type.equals("EXISTING");
        }

        boolean ends() {
            return type.equals("DESTROY");
        }
    }

    private List<Event> events() throws Exception {
        List<Event> events = new ArrayList<>();
        TopicSequences.walk(broker.bootstrapServers(), topic, record -> {
            events.add(new Event(
                    record.text("netns"),
                    record.text("netns_id"),
                    record.text("event_type"),
                    record.text("origin"),
                    record.number("sequence").orElseThrow(),
                    String.valueOf(record.value("packets_original")),
                    record.text("source_address") + ":" + record.value("source_port") + "/" + record.value("ct_id")));
            return true;
        });
        return events;
    }

    private static void assertEveryFlowHasEnded(List<Event> events) {
        Map<String, Long> open = new HashMap<>();
        for (Event event : events) {
            String flow = event.netnsId + " " + event.flow;
            if (event.opens()) {
                open.merge(flow, 1L, Long::sum);
            } else if (event.ends()) {
                open.remove(flow);
            }
        }
        assertThat(open).isEmpty();
    }

    private void assertVerified() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = Main.execute(
                new Console(out, new PrintStream(err, true, StandardCharsets.UTF_8), Map.of(), false, false),
                "verify",
                "--bootstrap-server",
                broker.bootstrapServers(),
                "--topic",
                topic,
                "--control-topic",
                topic + ".control");
        assertThat(exitCode)
                .as(out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8))
                .isZero();
    }

    private static void create(String netns, int from, int count) throws IOException {
        try (NetworkNamespace namespace = NamedNamespaces.open(netns);
                FlowMaker maker = FlowMaker.in(namespace)) {
            maker.create(from, count, 0, 600);
        }
    }

    /** Sends so many packets from one port to a port of the same namespace. */
    private static void sendPackets(String netns, int packets) throws IOException {
        try (NetworkNamespace namespace = NamedNamespaces.open(netns)) {
            namespace.<Boolean>call(() -> {
                FreshNamespace.perform(() -> {
                    InetAddress loopback = InetAddress.getLoopbackAddress();
                    try (DatagramSocket socket = new DatagramSocket(20_000, loopback)) {
                        for (int i = 0; i < packets; i++) {
                            socket.send(new DatagramPacket(new byte[4], 4, loopback, 9));
                        }
                    }
                });
                return true;
            });
        }
    }

    @Test
    void aListedNameThatIsMissingIsWaitedForAndSubscribedWithinASecond() throws Exception {
        try (Collector collector = start("blue")) {
            assertThat(collector.namespaces().sockets()).isEmpty();
            assertThat(Objects.requireNonNull(collector.health().components().get("namespaces"))
                            .reason())
                    .startsWith("0 observed; waits for blue: ");
            long begin = System.nanoTime();
            names.add("blue");
            awaitObserved(collector, "blue");
            assertThat(System.nanoTime() - begin).isLessThan(SECOND_NANOS);
            create("blue", 0, 100);
            await().atMost(SOON).until(() -> collector.totals().acknowledged() == 100);
            assertThat(collector.stop()).isTrue();
        }
        assertThat(control("STARTED", "netns", "reason", "netns_path"))
                .contains(Map.of("netns", "blue", "reason", "namespace-added", "netns_path", "/var/run/netns/blue"));
        assertVerified();
    }

    @Test
    void aNamespaceDeletedUnderTrafficEndsEveryFlowThatWasAnnounced() throws Exception {
        names.add("blue");
        NamedNamespaces.veth("blue", "peer-of-blue");
        try (Collector collector = start("blue")) {
            try (NetworkNamespace blue = NamedNamespaces.open("blue")) {
                ConntrackRuleset.builder().build().install(blue);
            }
            sendPackets("blue", 5);
            create("blue", 0, 1000);
            await().atMost(SOON).until(() -> collector.totals().received() >= 1001);
            AtomicBoolean enough = new AtomicBoolean();
            AtomicInteger created = new AtomicInteger(1000);
            CompletableFuture<Void> traffic = CompletableFuture.runAsync(() -> {
                try (NetworkNamespace blue = NamedNamespaces.open("blue");
                        FlowMaker maker = FlowMaker.in(blue)) {
                    while (!enough.get()) {
                        maker.create(created.getAndAdd(10), 10, 0, 600);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            await().atMost(SOON).until(() -> collector.totals().received() >= 3000);
            names.delete("blue");
            awaitGone(collector, "blue");
            enough.set(true);
            traffic.join();
            long begin = System.nanoTime();
            await().pollInterval(Duration.ofMillis(5))
                    .atMost(SOON)
                    .until(() -> !NamedNamespaces.hasLink("peer-of-blue"));
            assertThat(System.nanoTime() - begin).isLessThan(2 * SECOND_NANOS);
            assertThat(collector.stop()).isTrue();
        }
        List<Event> events = events();
        assertEveryFlowHasEnded(events);
        assertThat(events.stream().filter(event -> event.ends() && event.packets.equals("5")))
                .as("the last counters of the flow of five packets")
                .hasSize(1);
        assertThat(control("STOPPED", "netns", "reason", "flows_live"))
                .contains(Map.of("netns", "blue", "reason", "namespace-removed", "flows_live", "0"));
        assertVerified();
    }

    @Test
    void aNamespaceMadeAgainUnderItsNameHasStreamsOfItsOwn() throws Exception {
        names.add("blue");
        try (Collector collector = start("blue")) {
            for (int life = 1; life <= 3; life++) {
                long before = collector.totals().received();
                awaitObserved(collector, "blue");
                create("blue", 0, 50);
                await().atMost(SOON).until(() -> collector.totals().received() == before + 50);
                EventSocket old = socket(collector, "blue").orElseThrow();
                names.delete("blue");
                if (life < 3) {
                    names.add("blue");
                    await().atMost(SOON)
                            .until(() -> socket(collector, "blue")
                                    .filter(now -> now.index() != old.index())
                                    .isPresent());
                }
            }
            awaitGone(collector, "blue");
            assertThat(collector.stop()).isTrue();
        }
        Map<String, List<Long>> sequences = new TreeMap<>();
        events().forEach(event -> sequences
                .computeIfAbsent(event.netnsId, id -> new ArrayList<>())
                .add(event.sequence));
        assertThat(sequences).hasSize(3).allSatisfy((id, of) -> {
            assertThat(of).hasSize(100).startsWith(0L).isSorted();
        });
        assertEveryFlowHasEnded(events());
        assertVerified();
    }

    @Test
    void oneNamespaceByTwoNamesIsObservedOnceUnderTheLeast() throws Exception {
        names.add("red");
        names.link("red", "blue");
        names.link("red", "host"); // that is what the collector's own is called
        try (Collector collector = start("red,blue,/var/run/netns/host")) {
            assertThat(collector.namespaces().sockets()).hasSize(1);
            assertThat(socket(collector, "blue")).isPresent();
        }
    }

    @Test
    void allNamespacesAreTheNamedThoseOfProcessesAndTheOwn() throws Exception {
        names.add("host");
        names.add("red");
        String inode;
        try (NetworkNamespace unnamed = NamedNamespaces.open("host")) {
            inode = Long.toString(unnamed.inode());
        }
        Process process;
        try (NetworkNamespace red = NamedNamespaces.open("red")) {
            process = red.call(NamespacesKernelIT::sleeper);
        }
        processes.add(process);
        try (Collector collector = start("all")) {
            assertThat(processes.present().keySet()).containsExactlyInAnyOrder("host", inode, "red");
            assertThat(socket(collector, "host")).as("the own one").isPresent();
            assertThat(socket(collector, inode)).as("a file named host").isPresent();
            assertThat(socket(collector, "red")).isPresent();
            names.delete("red");
            create("host", 0, 10);
            names.add("green");
            awaitObserved(collector, "green"); // so it has seen that red has no name
            assertThat(socket(collector, "red")).as("a process is in it").isPresent();
            process.destroyForcibly().waitFor();
            awaitGone(collector, "red");
            try (NetworkNamespace namespace = NetworkNamespace.create()) {
                process = namespace.call(NamespacesKernelIT::sleeper);
                processes.add(process);
                awaitObserved(collector, Long.toString(namespace.inode()));
            }
            process.destroyForcibly().waitFor();
            assertThat(collector.stop()).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertVerified();
    }

    /** Others than the own one share {@code netns.receive-buffer-total-bytes}; their number counts as a power of two. */
    @Test
    void receiveBuffersAreDividedAmongNamespaces() throws Exception {
        settings.put("netns.receive-buffer-bytes", "1 MiB");
        settings.put("netns.receive-buffer-total-bytes", "4 MiB");
        names.add("first");
        try (Collector collector = start("all")) {
            int each = 1 << 20;
            for (int count = 1; count <= 20; count++) {
                String name = count == 1 ? "first" : "n" + count;
                if (count > 1) {
                    names.add(name);
                }
                awaitObserved(collector, name);
                List<Long> granted = collector.namespaces().sockets().stream()
                        .filter(socket -> !socket.netns().equals("host"))
                        .map(socket -> socket.grant().effectiveBytes() / 2L)
                        .toList();
                assertThat(granted).hasSize(count);
                each = Math.max(320 << 10, Math.min(1 << 20, (4 << 20) / Integer.highestOneBit(2 * count - 1)));
                assertThat(granted).as("%d namespaces", count).containsOnly((long) each);
            }
            assertThat(each).isEqualTo(320 << 10);
            assertThat(socket(collector, "host").orElseThrow().grant().effectiveBytes() / 2)
                    .as("the own one has no part in it")
                    .isEqualTo(128 << 20);
        }
    }

    /** The last records of a namespace wait in the spool, or for a new run. */
    @ParameterizedTest
    @ValueSource(strings = {"the broker is away", "the topic is created again"})
    void aNamespaceEndsWhile(String what) throws Exception {
        names.add("blue");
        names.add("stays");
        try (Collector collector = start("blue,stays");
                Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            create("stays", 0, 50);
            create("blue", 0, 200);
            await().atMost(SOON).until(() -> collector.totals().acknowledged() == 250);
            boolean away = what.contains("broker");
            if (away) {
                broker.stop();
            } else {
                admin.deleteTopics(List.of(topic)).all().get();
            }
            create("blue", 1_000, 200);
            names.delete("blue");
            awaitGone(collector, "blue");
            names.add("blue"); // another one
            awaitObserved(collector, "blue");
            create("blue", 0, 10);
            if (away) {
                broker.start();
            } else {
                admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1)))
                        .all()
                        .get();
                create("stays", 100, 1);
                await().atMost(SOON)
                        .until(() -> control("STOPPED", "reason").stream()
                                .anyMatch(stopped -> stopped.containsValue("topic-changed")));
            }
            await().atMost(SOON).until(() -> collector.unacknowledgedBatches() == 0);
            assertThat(collector.stop()).isTrue();
        } finally {
            if (broker.pid() < 0) {
                broker.start();
            }
        }
        assertThat(control("STOPPED", "netns", "reason", "flows_live"))
                .contains(Map.of("netns", "blue", "reason", "namespace-removed", "flows_live", "0"));
        assertThat(control("GAP", "cause")).isEmpty();
        assertVerified();
    }

    @Test
    void statusShowsTheBusiestNamespacesAndZones() throws Exception {
        settings.put("http.listen", "127.0.0.1:0");
        settings.put("heartbeat.interval-seconds", "1");
        for (int i = 0; i < 25; i++) {
            names.add("n" + i);
        }
        try (Collector collector = start("all")) {
            for (int i = 0; i < 25; i++) {
                create("n" + i, 0, 10 + i);
            }
            await().atMost(SOON)
                    .until(() -> busiest(collector, "busiest_namespaces")
                            .equals(IntStream.rangeClosed(5, 24)
                                            .mapToObj(i -> "n" + (29 - i) + " " + (39 - i))
                                            .collect(Collectors.joining(","))
                                    + ",other 60"));
            assertThat(busiest(collector, "busiest_zones"))
                    .startsWith("n24 34,")
                    .endsWith(",other 60");
        }
    }

    /** Names and living flows. */
    private static String busiest(Collector collector, String field) throws IOException {
        String[] listening = collector.listening().split(":", -1);
        String answer = LaunchedProgram.get(Integer.parseInt(listening[1]), "/status");
        JsonNode status = new ObjectMapper().readTree(answer.substring(answer.indexOf("\r\n\r\n") + 4));
        List<String> shown = new ArrayList<>();
        status.path(field)
                .forEach(one -> shown.add(one.path("netns").asText() + " "
                        + one.path("live_flows").asLong()));
        return String.join(",", shown);
    }

    /** Nothing of a namespace that has ended stays: no series, no stream. Those that are many have no label of their own. */
    @Test
    void namespacesThatHaveEndedLeaveNothingBehind() throws Exception {
        int count = Integer.getInteger("test.ended", 150);
        names.add("stays");
        try (Collector collector = start("all")) {
            awaitObserved(collector, "stays");
            for (int i = 0; i < count; i++) {
                names.add("n" + i);
            }
            await().atMost(SOON).until(() -> collector.namespaces().sockets().size() == count + 2);
            for (int i = 0; i < count; i++) {
                create("n" + i, 0, 2);
            }
            await().atMost(SOON).until(() -> collector.totals().received() == 2L * count);
            assertThat(series(collector)).isEqualTo(4 * 101);
            for (int i = 0; i < count; i++) {
                names.delete("n" + i);
            }
            await().atMost(SOON).until(() -> collector.namespaces().sockets().size() == 2);
            await().atMost(SOON).until(() -> collector.unacknowledgedBatches() == 0);
            await().atMost(SOON).until(() -> series(collector) == 4 * 3); // host, stays, other
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(collector.metrics().prometheusText())
                            .containsPattern("\nctstream_spool_kept_streams 2.0\n"));
            assertThat(collector.health().components().keySet()).noneMatch(component -> component.matches(".*/n\\d+"));
            assertThat(collector.stop()).isTrue();
        }
        assertVerified();
    }

    private static long series(Collector collector) {
        return collector
                .metrics()
                .prometheusText()
                .lines()
                .filter(line -> line.startsWith("ctstream_receive_") && line.contains("netns=\""))
                .count();
    }

    /** Its streams begin anew, so its identity must be another one. */
    @Test
    void aNamespaceThatIsObservedAgainHasAnotherIdentity() throws Exception {
        names.add("blue");
        try (NetworkNamespace kept = NamedNamespaces.open("blue");
                Collector collector = start("blue")) {
            create("blue", 0, 20);
            await().atMost(SOON).until(() -> collector.totals().acknowledged() == 20);
            String first = socket(collector, "blue").orElseThrow().netnsId();
            names.delete("blue");
            awaitGone(collector, "blue");
            names.give("blue", kept);
            awaitObserved(collector, "blue");
            assertThat(socket(collector, "blue").orElseThrow().netnsId()).startsWith(first + ":");
            create("blue", 100, 20);
            await().atMost(SOON).until(() -> collector.totals().received() == 40);
            assertThat(collector.stop()).isTrue();
        }
        assertVerified();
    }

    private static Process sleeper() {
        try {
            return new ProcessBuilder("sleep", "600").start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Root of a container floods its namespace, fills its part of the ledger, uses many zones, and forges messages. */
    @Test
    void aHostileNamespaceTakesNothingFromTheOthers() throws Exception {
        int zones = 5_000;
        int inZone = 20;
        settings.put("ledger.max-flows", "40000");
        settings.put("snapshot", "false");
        names.add("quiet");
        names.add("hostile");
        long quietFlows = 0;
        try (Collector collector = start("quiet,hostile");
                NetworkNamespace hostile = NamedNamespaces.open("hostile");
                Forger forger = Forger.in(hostile, NfGenMsg.NFNLGRP_CONNTRACK_NEW)) {
            EventSocket attacked = socket(collector, "hostile").orElseThrow();
            EventSocket quiet = socket(collector, "quiet").orElseThrow();
            CompletableFuture<Void> attack = CompletableFuture.runAsync(() -> {
                try (FlowMaker maker = FlowMaker.in(hostile)) {
                    for (int zone = 1; zone <= zones; zone++) {
                        maker.create(inZone * zone, inZone, zone, 600);
                        for (int i = 0; forger.learned() && i < 5; i++) {
                            forger.toSocket(attacked.socket().portId());
                        }
                        if (!forger.learned()) {
                            assertThat(forger.learn()).isTrue();
                        }
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            try (NetworkNamespace namespace = NamedNamespaces.open("quiet");
                    FlowMaker maker = FlowMaker.in(namespace)) {
                while (!attack.isDone() || quietFlows < 5_000) {
                    maker.create((int) quietFlows, 50, 0, 600);
                    quietFlows += 50;
                    awaitReceived(quiet, quiet.grant().effectiveBytes() / 4);
                }
            }
            attack.join();
            awaitReceived(quiet, 0);
            awaitReceived(attacked, 0);
            assertThat(attacked.foreignTotal()).isPositive();
            assertThat(collector.stop()).isTrue();
        }
        String[] fields = {"netns", "events_received", "lost_total", "flows_live", "flows_untracked"};
        Map<String, Map<String, String>> stopped = control("STOPPED", fields).stream()
                .collect(Collectors.toMap(of -> String.valueOf(of.get("netns")), of -> of));
        assertThat(Objects.requireNonNull(stopped.get("quiet")))
                .containsEntry("events_received", Long.toString(quietFlows))
                .containsEntry("lost_total", "0")
                .containsEntry("flows_live", Long.toString(Math.min(quietFlows, 10_000)));
        Map<String, String> hostile = Objects.requireNonNull(stopped.get("hostile"));
        long received = Long.parseLong(hostile.get("events_received"));
        assertThat(received + Long.parseLong(hostile.get("lost_total"))).isEqualTo((long) zones * inZone);
        assertThat(received).as("it may have 4096 streams").isLessThanOrEqualTo(4096L * inZone);
        assertThat(Long.parseLong(hostile.get("flows_live")))
                .as("a quarter of the ledger")
                .isLessThanOrEqualTo(10_000);
        assertVerified();
    }

    /** Overlapping addresses and equal zones; some live for 100 ms, some until the end. */
    @Test
    void twoHundredNamespacesWithTrafficComeAndGo() throws Exception {
        int count = Integer.getInteger("test.namespaces", 200);
        int workers = 4;
        settings.put("heartbeat.interval-seconds", "2");
        names.add("first"); // so that there is a directory of names
        Map<String, Integer> offered = new ConcurrentHashMap<>(); // by netns_id
        try (Collector collector = start("all")) {
            List<CompletableFuture<Void>> all = new ArrayList<>();
            AtomicInteger next = new AtomicInteger();
            for (int worker = 0; worker < workers; worker++) {
                all.add(CompletableFuture.runAsync(() -> {
                    for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                        live("n" + i, i, offered);
                    }
                }));
            }
            all.forEach(CompletableFuture::join);
            long begin = System.nanoTime();
            await().pollInterval(Duration.ofMillis(5))
                    .atMost(SOON)
                    .until(() -> IntStream.range(0, count)
                            .noneMatch(i -> socket(collector, "n" + i).isPresent()));
            await().pollInterval(Duration.ofMillis(5))
                    .atMost(SOON)
                    .until(() ->
                            !Files.readString(Path.of("/proc/self/net/dev")).contains("peer"));
            assertThat(System.nanoTime() - begin).isLessThan(2 * SECOND_NANOS);
            assertThat(collector.stop()).isTrue();
        }
        List<Event> events = events();
        assertEveryFlowHasEnded(
                events.stream().filter(event -> event.netns.startsWith("n")).toList());
        Map<String, Set<String>> flows = new HashMap<>();
        events.stream()
                .filter(event -> event.netns.startsWith("n") && event.opens())
                .forEach(event -> flows.computeIfAbsent(event.netnsId, id -> new HashSet<>())
                        .add(event.flow));
        assertThat(flows.keySet()).isSubsetOf(offered.keySet());
        flows.forEach(
                (id, of) -> assertThat(of).as(id).hasSizeLessThanOrEqualTo(Objects.requireNonNull(offered.get(id))));
        long observed = flows.size();
        assertThat(observed).as("of %s namespaces", count).isGreaterThan(count / 2);
        assertVerified();
    }

    /** Makes a namespace with a veth pair, raises events in it, and deletes it. */
    private void live(String name, int number, Map<String, Integer> offered) {
        try {
            names.add(name);
            long begin = System.nanoTime();
            if (number % 10 == 0) {
                NamedNamespaces.veth(name, "peer" + number);
            }
            int flows = 5 + number % 20;
            try (NetworkNamespace namespace = NamedNamespaces.open(name);
                    ConntrackTable table = ConntrackTable.open(namespace);
                    FlowMaker maker = FlowMaker.in(namespace)) {
                offered.put(table.netnsId(), 2 * flows);
                maker.create(0, flows, number % 3, 600);
                await().pollInterval(Duration.ofMillis(5)).until(() -> System.nanoTime() - begin >= LIFE_NANOS);
                maker.create(1000, flows, number % 3, 600);
                maker.delete(1000, flows / 2, number % 3);
            }
            names.delete(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
