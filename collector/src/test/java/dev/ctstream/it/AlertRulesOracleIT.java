package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.MetricReference;
import dev.ctstream.broker.BrokerServer;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TestBroker;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.metrics.StageMetric;
import dev.ctstream.netlink.FreshNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prometheus' own promtool judges the metrics of a busy collector, and the alert rules. */
class AlertRulesOracleIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int FLOWS = 5_000;
    private static final String RULES = "deploy/prometheus/ctstream.rules.yml";
    private static final String TESTS = "deploy/prometheus/ctstream.rules.test.yml";

    @TempDir
    private Path folder;

    @Test
    void promtoolHasNoComplaintAboutTheRules() throws Exception {
        assertThat(promtool("", "check", "rules", RULES)).contains("SUCCESS");
    }

    @Test
    void everyAlertFiresOnItsFaultAndEndsWithIt() throws Exception {
        assertThat(promtool("", "test", "rules", TESTS)).contains("SUCCESS");
    }

    @Test
    void promtoolHasNoComplaintAboutAScrapeOfABusyCollector() throws Exception {
        FreshNamespace.run(() -> {
            int port = BrokerServer.freePort();
            try (EmbeddedBroker broker = TestBroker.temporary(Map.of())) {
                broker.start();
                try (LaunchedProgram run = LaunchedProgram.start(
                        folder,
                        Map.of(),
                        List.of(),
                        "run",
                        "-D",
                        "kafka.bootstrap.servers=" + broker.bootstrapServers(),
                        "-D",
                        "http.listen=127.0.0.1:" + port,
                        "-D",
                        "heartbeat.interval-seconds=1",
                        "-D",
                        "spool.directory=" + folder.resolve("spool"))) {
                    run.awaitStderr("Kafka: connected");
                    createFlows();
                    String acknowledged = "ctstream_publish_acknowledged_events_total " + (double) FLOWS;
                    await().atMost(SOON)
                            .until(() -> metrics(port).contains(acknowledged)
                                    && metrics(port)
                                            .contains("ctstream_table_entries{netns=\"host\"} " + (double) FLOWS));
                    String text = metrics(port);
                    assertThat(promtool(text, "check", "metrics")).isEmpty();
                    List<String> names = MetricReference.all().stream()
                            .map(StageMetric::description)
                            .map(metric -> metric.name())
                            .toList();
                    assertThat(described(text)).containsExactlyInAnyOrderElementsOf(names);
                }
            }
        });
    }

    private static void createFlows() throws IOException {
        try (ConntrackTable table = ConntrackTable.open(null)) {
            for (int i = 0; i < FLOWS; i++) {
                TupleSpec original = new TupleSpec(
                        FreshNamespace.ip("10.1.0.1"),
                        FreshNamespace.ip("10.2.0.1"),
                        new TupleSpec.Ports(6, 1 + i, 80));
                table.create(FlowSpec.of(original)
                        .zone(ZoneScope.both(i % 5))
                        .timeoutSeconds(600)
                        .status(IpsStatus.IPS_CONFIRMED)
                        .build());
            }
        }
    }

    private static String metrics(int port) throws IOException {
        String answer = LaunchedProgram.get(port, "/metrics");
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    /** The names in the lines of HELP. */
    private static List<String> described(String text) {
        return text.lines()
                .filter(line -> line.startsWith("# HELP "))
                .map(line -> line.split(" ", -1)[2])
                .toList();
    }

    /** Runs it; returns what it said. Debian's package prometheus has it. */
    private String promtool(String input, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("promtool"));
        command.addAll(List.of(arguments));
        Path in = Files.writeString(folder.resolve("in"), input);
        Path out = folder.resolve("out");
        Process process = new ProcessBuilder(command)
                .redirectInput(in.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String said = Files.readString(out);
        assertThat(process.exitValue()).as(said).isZero();
        return said;
    }
}
