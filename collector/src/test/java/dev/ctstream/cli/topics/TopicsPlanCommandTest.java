package dev.ctstream.cli.topics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.publish.WantedTopic;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ctstream topics plan} without a cluster. */
class TopicsPlanCommandTest {
    private static final String[] FLEET = {"--hosts", "2000", "--events-per-second", "50"};

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private int plan(String... options) {
        out.reset();
        err.reset();
        String[] arguments = new String[options.length + 4]; // this host has an id wherever the test runs
        arguments[0] = "topics";
        arguments[1] = "plan";
        arguments[2] = "-D";
        arguments[3] = "host.id=planner";
        System.arraycopy(options, 0, arguments, 4, options.length);
        Console console = new Console(
                out,
                new PrintStream(err, true, StandardCharsets.UTF_8),
                Map.of("STATE_DIRECTORY", folder.toString()),
                false,
                false);
        return Main.execute(console, arguments);
    }

    private int planFleet(String... more) {
        String[] options = Arrays.copyOf(FLEET, FLEET.length + more.length);
        System.arraycopy(more, 0, options, FLEET.length, more.length);
        return plan(options);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void thePlanSaysPartitionsSkewBytesRequestsHeartbeatsAndSettings() {
        assertThat(planFleet("--zones", "4000", "--retention", "7d")).isZero();
        assertThat(out())
                .contains("2000 hosts, 100000 events/s")
                .containsPattern("partitions +\\d+ for each topic")
                .containsPattern("skew +1\\.\\d\\d \\(maximum over mean\\)")
                .containsPattern("bytes +\\d.* MB/s, .* TB a day, .* TB in 7 days")
                .containsPattern("requests +\\d+ produce requests/s, \\d+ for each of 3 brokers")
                .containsPattern("heartbeats +200 records/s")
                .contains("retention.ms=604800000", "topic.partitions=")
                .doesNotContain("host-local");
        assertThat(err()).isEmpty();
    }

    @Test
    void thePlanSaysThatZonesLookHostLocal() {
        assertThat(planFleet("--zones", "3", "--partitions", "12")).isZero();
        assertThat(out())
                .contains("zones look host-local", "mean over maximum load is 0.25", "partition.zone.width=*=all");
        assertThat(planFleet("--partitions", "12")).isZero();
        assertThat(out()).doesNotContain("host-local");
    }

    @Test
    void jsonIsOneObjectWithTheSameNumbers() throws IOException {
        assertThat(planFleet("--zones", "3", "--partitions", "12", "--brokers", "5", "-o", "json"))
                .isZero();
        assertThat(out().lines()).hasSize(1);
        JsonNode plan = new ObjectMapper().readTree(out());
        assertThat(plan.path("hosts").asLong()).isEqualTo(2000);
        assertThat(plan.path("partitions").asInt()).isEqualTo(12);
        assertThat(plan.path("brokers").asInt()).isEqualTo(5);
        assertThat(plan.path("zones_look_host_local").asBoolean()).isTrue();
        assertThat(plan.path("mean_over_maximum_at_width_1").asDouble()).isBetween(0.249, 0.251);
        assertThat(plan.path("heartbeats_per_second").asDouble()).isEqualTo(200);
        assertThat(plan.path("topics").get(1).path("topic").asText()).isEqualTo("conntrack.control");
    }

    /** Reads what is written here, and nothing else of YAML: mappings of two spaces, numbers, quoted strings. */
    @Test
    void strimziHasOneKafkaTopicForEachTopic() {
        assertThat(planFleet(
                        "-o",
                        "strimzi",
                        "--cluster",
                        "fleet",
                        "-D",
                        "topic.replication-factor=3",
                        "--partitions",
                        "24"))
                .isZero();
        List<Map<String, Object>> resources = resources(out());
        assertThat(resources).hasSize(2);
        for (int i = 0; i < 2; i++) {
            String topic = List.of("conntrack.events", "conntrack.control").get(i);
            assertThat(resources.get(i))
                    .isEqualTo(Map.ofEntries(
                            Map.entry("apiVersion", "kafka.strimzi.io/v1"),
                            Map.entry("kind", "KafkaTopic"),
                            Map.entry("metadata.name", topic),
                            Map.entry("metadata.labels.strimzi.io/cluster", "fleet"),
                            Map.entry("spec.topicName", topic),
                            Map.entry("spec.partitions", 24L),
                            Map.entry("spec.replicas", 3L),
                            Map.entry("spec.config.cleanup.policy", "delete"),
                            Map.entry("spec.config.retention.ms", 604_800_000L),
                            Map.entry("spec.config.message.timestamp.type", "CreateTime"),
                            Map.entry("spec.config.max.message.bytes", 1_048_588L),
                            Map.entry("spec.config.min.insync.replicas", 2L)));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "conntrack.events, conntrack.events",
        "Conn_Track, conn-track",
        "_x_, x",
        "a..b, a.b",
        "._-, topic",
        "A-.-B, a.b"
    })
    void aResourceHasANameThatKubernetesTakes(String topic, String name) {
        assertThat(StrimziTopics.resourceName(topic))
                .isEqualTo(name)
                .matches("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
        assertThat(resources(StrimziTopics.of(List.of(new WantedTopic(topic, 1, -1, Map.of("a", "b: \"c\""))), "x"))
                        .get(0))
                .containsEntry("spec.topicName", topic)
                .containsEntry("spec.config.a", "b: \"c\"");
    }

    private static List<Map<String, Object>> resources(String yaml) {
        return List.of(yaml.split("(?m)^---\n")).stream()
                .map(TopicsPlanCommandTest::resource)
                .toList();
    }

    private static Map<String, Object> resource(String yaml) {
        Map<String, Object> values = new LinkedHashMap<>();
        String[] path = new String[4];
        int depth = 0;
        for (String line : yaml.lines().toList()) {
            int indent = line.length() - line.stripLeading().length();
            assertThat(line).matches(" *[A-Za-z./]+:( (\\d+|[A-Za-z./0-9]+|\"([^\"\\\\]|\\\\.)*\"))?");
            assertThat(indent % 2).isZero();
            assertThat(indent / 2).isLessThanOrEqualTo(depth);
            String key = line.strip().substring(0, line.strip().indexOf(':'));
            String value = line.strip().substring(key.length() + 1).strip();
            path[indent / 2] = key;
            depth = value.isEmpty() ? indent / 2 + 1 : indent / 2;
            if (!value.isEmpty()) {
                String name = String.join(".", Arrays.asList(path).subList(0, indent / 2 + 1));
                assertThat(values.put(name, value(value))).as(name).isNull();
            }
        }
        return values;
    }

    private static Object value(String text) {
        if (text.matches("\\d+")) {
            return Long.parseLong(text);
        }
        return text.startsWith("\"")
                ? text.substring(1, text.length() - 1).replace("\\\"", "\"").replace("\\\\", "\\")
                : text;
    }

    @Test
    void aFleetIsReadFromCsv() throws IOException {
        Path file = folder.resolve("fleet.csv");
        Files.writeString(
                file, "class,hosts,events_per_second,zones,namespaces\ncompute,1800,40,20,1\nedge,200,500,0,2\n");
        assertThat(plan("--fleet", file.toString())).isZero();
        assertThat(out()).contains("2000 hosts, 172000 events/s", "compute", "edge");

        Files.writeString(file, "class,hosts,events_per_second\na,0,1\nb,2,-1\n");
        assertThat(plan("--fleet", file.toString())).isEqualTo(2);
        assertThat(err())
                .contains(
                        file + ": line 2: hosts: '0' is not a whole number in 1..10000000",
                        file + ": line 3: events_per_second: '-1'");
        assertThat(plan("--fleet", folder.resolve("none").toString())).isEqualTo(2);
        assertThat(err()).contains("--fleet " + folder.resolve("none"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--hosts 0 --events-per-second 1",
                "--hosts -5 --events-per-second 1",
                "--hosts 99999999999999999999 --events-per-second 1",
                "--hosts 10",
                "--hosts 10 --events-per-second many",
                "--hosts 10 --events-per-second -1",
                "--hosts 10 --events-per-second 1 --zones 65536",
                "--hosts 10 --events-per-second 1 --zones 65535 --namespaces 100",
                "--hosts 10 --events-per-second 1 --retention 7",
                "--hosts 10 --events-per-second 1 --retention 0d",
                "--hosts 10 --events-per-second 1 --retention 7y",
                "--hosts 10 --events-per-second 1 --retention 999999999w",
                "--hosts 10 --events-per-second 1 --partitions 0",
                "--hosts 10 --events-per-second 1 --brokers 0",
                "--hosts 10 --events-per-second 1 -o yaml",
                "--hosts 10 --events-per-second 1 -o strimzi --cluster A_B",
                "--hosts 10 --events-per-second 1 --fleet x.csv",
                "--hosts 10 --events-per-second 1 -D record.layout=event",
                "--hosts 10 --events-per-second 1 -D partition.zone.width=*=0",
                "--hosts 10 --events-per-second 1 --command-config x",
                "--namespaces 3",
                "-D http.listen=off"
            })
    void wrongOptionsAreNamedAndNothingIsPrinted(String options) {
        assertThat(plan(options.split(" "))).as(err()).isEqualTo(2);
        assertThat(out()).isEmpty();
        assertThat(err()).startsWith("ctstream: ").doesNotContain("unexpected", "Exception");
    }

    @Test
    void withoutACollectorTheRateOfThisHostIsUnknown() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        assertThat(plan("--zones", "0", "-D", "http.listen=127.0.0.1:" + free)).isEqualTo(2);
        assertThat(err())
                .contains("no collector answers at 127.0.0.1:" + free, "--events-per-second", "--hosts", "--fleet");
    }

    @Test
    void thisHostIsPlannedWithGivenNumbersWithoutACollector() {
        assertThat(plan("--events-per-second", "120", "--zones", "0", "-D", "http.listen=off"))
                .isZero();
        assertThat(out()).contains("this host", "1 host, 120 events/s");
    }
}
