package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TestBroker;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.netlink.NetlinkException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changes are recorded in the control topic. */
class ChangeRecordBrokerIT {
    private static final String NOBODY = "kafka.bootstrap.servers=127.0.0.1:1";

    private static EmbeddedBroker broker;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() throws Exception {
        broker = TestBroker.temporary(Map.of());
        broker.start();
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    @AfterEach
    void flush() throws NetlinkException {
        try (ConntrackTable table = ConntrackTable.open(null)) {
            table.flush(new Flush.Everything());
        }
    }

    private int run(String... arguments) {
        return run(Map.of(), arguments);
    }

    private int run(Map<String, String> environment, String... arguments) {
        out.reset();
        err.reset();
        Console console =
                new Console(out, new PrintStream(err, true, StandardCharsets.UTF_8), environment, false, false);
        return Main.execute(console, arguments);
    }

    private String[] create(int port, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "entries",
                "create",
                "--protocol",
                "udp",
                "--source",
                "10.5.0.1",
                "--source-port",
                "" + port,
                "--destination",
                "10.5.0.2",
                "--destination-port",
                "2",
                "--timeout",
                "600",
                "--zone",
                "7"));
        arguments.addAll(List.of(more));
        return arguments.toArray(new String[0]);
    }

    @Test
    void everyChangeIsRecordedWithUserAndCommand() throws Exception {
        String servers = "kafka.bootstrap.servers=" + broker.bootstrapServers();
        Path config = folder.resolve("ctstream.properties");
        Files.writeString(config, servers + "\nhost.id=tester\n");
        assertThat(run(create(1, "--config", config.toString())))
                .as(err.toString(StandardCharsets.UTF_8))
                .isZero();
        assertThat(run(create(2, "-D", servers, "-D", "host.id=tester", "--require-record")))
                .isZero();
        assertThat(run("entries", "delete", "--zone", "7", "--source-port", "1", "--config", config.toString()))
                .isZero();
        assertThat(run("entries", "flush", "--zone", "7", "--config", config.toString()))
                .isZero();
        assertThat(run("zones", "allocate", "--from", "9", "--reserve", "--config", config.toString()))
                .isZero();
        assertThat(run("entries", "delete", "--zone", "1234", "--config", config.toString()))
                .isZero(); // nothing changed, so no record
        assertThat(run(
                        "read",
                        "--bootstrap-server",
                        broker.bootstrapServers(),
                        "--topic",
                        "conntrack.control",
                        "--from-beginning",
                        "--idle-seconds",
                        "3",
                        "-o",
                        "json"))
                .isZero();
        List<String> records = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(records)
                .hasSize(5)
                .allMatch(record -> record.contains("\"kind\":\"OPERATOR\"")
                        && record.contains("\"host_id\":\"tester\"")
                        && record.contains("\"affected_count\":1")
                        && record.contains("\"failed_count\":0")
                        && record.matches(".*\"requester_port_id\":\\d+.*")
                        && record.matches(".*\"user_id\":\\d+.*")
                        && record.matches(".*\"operator_host\":\"[^\"]+\".*")
                        && record.matches(".*\"host_name\":\"[^\"]+\".*")
                        && record.matches(".*\"netns_id\":\"[0-9:]+\".*")
                        && record.contains("\"log_index\":null"));
        assertThat(records)
                .anyMatch(record -> record.contains("\"operation\":\"create\"")
                        && record.contains("-D kafka.bootstrap.servers=...")
                        && !record.contains(broker.bootstrapServers()));
        assertThat(records)
                .anyMatch(record -> record.contains("\"operation\":\"delete\"")
                        && record.contains("\"filter\":\"--zone 7 --source-port 1\"")
                        && record.contains("\"command\":\"ctstream entries delete --zone 7"));
        assertThat(records).anyMatch(record -> record.contains("\"operation\":\"flush\""));
        assertThat(records)
                .anyMatch(record ->
                        record.contains("\"operation\":\"reserve\"") && record.contains("\"filter\":\"--zone 9\""));
    }

    @Test
    void theRecordHasTheHostIdThatACollectorWithTheSameConfigurationHas() throws Exception {
        Path config = Files.writeString(folder.resolve("one.properties"), "host.id=of-file\ntopic.control=operators\n");
        Map<String, String> broker =
                Map.of("CTSTREAM_KAFKA_BOOTSTRAP_SERVERS", ChangeRecordBrokerIT.broker.bootstrapServers());
        Map<String, String> named = new HashMap<>(broker);
        named.put("CTSTREAM_HOST_ID", "of-environment");
        named.put("CTSTREAM_TOPIC_CONTROL", "operators");
        assertThat(run(broker, create(11, "--config", config.toString()))).isZero();
        assertThat(run(named, create(12, "--config", config.toString()))).isZero();
        assertThat(run(named, create(13)))
                .as(err.toString(StandardCharsets.UTF_8))
                .isZero();
        assertThat(run(named, create(14, "-D", "host.id=of-line", "--require-record")))
                .isZero();
        assertThat(run(
                        "read",
                        "--bootstrap-server",
                        ChangeRecordBrokerIT.broker.bootstrapServers(),
                        "--topic",
                        "operators",
                        "--from-beginning",
                        "--count",
                        "4",
                        "-o",
                        "json"))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8).lines())
                .extracting(record -> record.replaceAll(".*\"host_id\":\"([^\"]*)\".*", "$1"))
                .containsExactlyInAnyOrder("of-file", "of-environment", "of-environment", "of-line");
    }

    @Test
    void withoutABrokerTheChangeIsMadeWithAWarning() {
        assertThat(run(create(3, "-D", NOBODY, "-D", "host.id=tester"))).isZero();
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("warning: the change will not be recorded: no broker answers at " + NOBODY);
        assertThat(run("entries", "count", "--zone", "7")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("1\n");
    }

    @Test
    void requireRecordRefusesAChangeThatCannotBeRecorded() {
        assertThat(run(create(4, "-D", NOBODY, "-D", "host.id=tester", "--require-record")))
                .isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("nothing was changed, because it cannot be recorded: no broker answers at " + NOBODY);
        assertThat(run("entries", "count")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("0\n");
    }
}
