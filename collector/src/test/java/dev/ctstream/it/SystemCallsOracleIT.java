package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.broker.BrokerServer;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.NotifyStandIn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The system calls of a run, traced with strace from the launcher's first line to the end, against the unit file's filter,
 * which systemd-analyze spells out.
 */
class SystemCallsOracleIT {
    private static final Duration SOON = Duration.ofMinutes(2); // under strace
    private static final Path UNIT = Path.of("deploy/systemd/ctstream.service");
    private static final Pattern CALL = Pattern.compile("^\\d+ +(\\w+)\\(|<\\.\\.\\. (\\w+) resumed>");
    private static final int FLOWS = 50;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"self", "all"})
    void theUnitPermitsWhatARunDoes(String netns) throws Exception {
        Set<String> calls = trace(netns);
        assertThat(calls).contains("recvmmsg", "epoll_wait", "fdatasync", "connect", "clone3", "execve");
        if (netns.equals("all")) {
            assertThat(calls).contains("setns");
        }
        Set<String> permitted = permitted();
        assertThat(permitted).hasSizeBetween(200, 300).doesNotContain("ptrace", "mount", "reboot", "bpf", "keyctl");
        calls.removeAll(permitted);
        // The check of the clock asks; without an answer it does not know. ProtectClock forbids it anyway.
        assertThat(calls).containsExactly("clock_adjtime");
    }

    /** The names of all calls of a run that does everything once. */
    private Set<String> trace(String netns) throws Exception {
        Path trace = folder.resolve("trace");
        try (TestNamespace namespace = TestNamespace.create();
                ConntrackTable table = ConntrackTable.open(namespace.handle())) {
            namespace.run(() -> {
                try (EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of());
                        NotifyStandIn systemd = new NotifyStandIn(folder.resolve("notify"))) {
                    broker.start();
                    run(netns, broker.bootstrapServers(), trace, table, systemd);
                }
            });
        }
        Set<String> calls = new TreeSet<>();
        try (Stream<String> lines = Files.lines(trace, StandardCharsets.ISO_8859_1)) {
            lines.map(CALL::matcher)
                    .filter(Matcher::find)
                    .forEach(call -> calls.add(call.group(1) == null ? call.group(2) : call.group(1)));
        }
        return calls;
    }

    private void run(String netns, String servers, Path trace, ConntrackTable table, NotifyStandIn systemd)
            throws Exception {
        int http = BrokerServer.freePort();
        List<String> command = new ArrayList<>(List.of("strace", "-f", "-D", "-qq", "-o", trace.toString()));
        command.add(LaunchedProgram.launcher(folder).toString());
        command.add("run");
        for (String key : List.of(
                "kafka.bootstrap.servers=" + servers,
                "netns=" + netns,
                "events=new,update,destroy",
                "http.listen=127.0.0.1:" + http,
                "host.id=traced",
                "reconcile.interval-seconds=1",
                "heartbeat.interval-seconds=1",
                "spool.sync-interval-millis=100",
                "batch.linger-millis=50",
                "spool.directory=" + folder.resolve("spool-" + netns))) {
            command.addAll(List.of("-D", key));
        }
        Map<String, String> environment =
                Map.of("NOTIFY_SOCKET", folder.resolve("notify").toString(), "WATCHDOG_USEC", "300000");
        List<String> told = new ArrayList<>();
        try (LaunchedProgram run = LaunchedProgram.of(folder, environment, command)) {
            awaitStderr(run, "Kafka: connected");
            createFlows(table);
            await().atMost(SOON)
                    .until(() -> LaunchedProgram.get(http, "/status").contains("\"received\":" + FLOWS));
            assertThat(LaunchedProgram.get(http, "/metrics")).startsWith("HTTP/1.1 200");
            assertThat(LaunchedProgram.get(http, "/")).startsWith("HTTP/1.1 200");
            run.signal("HUP");
            awaitStderr(run, "configuration read again");
            run.signal("USR1");
            await().atMost(SOON).until(() -> told.addAll(systemd.received()) && told.contains("WATCHDOG=1"));
            await().atMost(SOON)
                    .until(() -> LaunchedProgram.get(http, "/metrics")
                            .contains("ctstream_publish_acknowledged_events_total "));
            run.terminate();
            assertThat(run.exitCode()).as(run::err).isZero();
        }
    }

    private static void awaitStderr(LaunchedProgram run, String text) {
        await(text).atMost(SOON).until(() -> run.err().contains(text));
    }

    private static void createFlows(ConntrackTable table) throws Exception {
        for (int i = 1; i <= FLOWS; i++) {
            TupleSpec original = new TupleSpec(
                    FreshNamespace.ip("10.1.0.1"), FreshNamespace.ip("10.2.0.1"), new TupleSpec.Ports(6, i, 80));
            table.create(FlowSpec.of(original)
                    .zone(ZoneScope.both(0))
                    .timeoutSeconds(600)
                    .status(IpsStatus.IPS_CONFIRMED)
                    .build());
        }
    }

    /** What the unit's lines of SystemCallFilter permit, in their order: the first says what kind of list it is. */
    private static Set<String> permitted() throws IOException, InterruptedException {
        Set<String> permitted = new TreeSet<>(calls("@default")); // always permitted, systemd.exec(5)
        for (String line : Files.readAllLines(UNIT)) {
            if (!line.startsWith("SystemCallFilter=")) {
                continue;
            }
            String list = line.substring(line.indexOf('=') + 1);
            boolean forbidden = list.startsWith("~");
            for (String word : list.substring(forbidden ? 1 : 0).split(" ", -1)) {
                Set<String> calls = word.startsWith("@") ? calls(word) : Set.of(word);
                if (forbidden) {
                    permitted.removeAll(calls);
                } else {
                    permitted.addAll(calls);
                }
            }
        }
        return permitted;
    }

    /** The calls of a group, and of the groups in it. */
    private static Set<String> calls(String group) throws IOException, InterruptedException {
        Process analyze = new ProcessBuilder("systemd-analyze", "syscall-filter", group)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> lines = analyze.inputReader(StandardCharsets.UTF_8).lines().toList();
        assertThat(analyze.waitFor()).isZero();
        Set<String> calls = new TreeSet<>();
        for (String line : lines) {
            String word = line.strip();
            if (word.startsWith("@") && line.startsWith(" ")) {
                calls.addAll(calls(word));
            } else if (line.startsWith(" ") && !word.startsWith("#")) {
                calls.add(word);
            }
        }
        return calls;
    }
}
