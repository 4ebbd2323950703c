package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.broker.BrokerServer;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.netlink.Capabilities;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.WithoutCapability;
import dev.ctstream.nftables.ConntrackRuleset;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code doctor}, {@code run --check} and the start of {@code run}: one list of checks. */
class DoctorKernelIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String NOBODY = "127.0.0.1:1";
    private static final ObjectMapper JSON = new ObjectMapper();

    private static TestNamespace namespace;
    private static EmbeddedBroker broker;

    @TempDir
    private Path folder;

    private Path spool;

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
    void goodHost() throws Exception {
        spool = folder.resolve("spool");
        for (String name : List.of("events", "acct", "timestamp")) {
            namespace.sysctl("nf_conntrack_" + name, "1");
        }
        namespace.run(() -> ConntrackRuleset.builder()
                .notrackWithin(InetAddress.getLoopbackAddress())
                .build()
                .install());
    }

    @AfterEach
    void removeRules() throws NetlinkException {
        namespace.run(() -> ConntrackRuleset.builder().build().remove());
    }

    @Test
    void doctorOnAGoodMachineFindsNothingThatFails() throws Exception {
        namespace.run(() -> {
            try (LaunchedProgram doctor = program("doctor", "kafka.bootstrap.servers=" + broker.bootstrapServers())) {
                assertThat(doctor.exitCode()).as(doctor.out()).isZero();
                // The machine that runs the test decides about its clock, its disk and its limits.
                List<String> warnings = doctor.out()
                        .lines()
                        .filter(line -> line.startsWith("warn"))
                        .filter(line -> !line.matches("warn +(clock|spool-room|descriptors) .*"))
                        .toList();
                assertThat(warnings).isEmpty();
                assertThat(doctor.out())
                        .contains("ok    native-library            jna: loaded and used\n")
                        .contains("ok    native-library            kafka.compression.type=zstd: loaded and used\n")
                        .contains("ok    ctnetlink                 netns host: answers, entries in the table: 0\n")
                        .contains("ok    nf_conntrack_events       netns host: 1\n")
                        .contains("ok    spool.directory           " + spool + ": it will be created\n")
                        .contains("ok    brokers                   " + broker.bootstrapServers() + ": ")
                        .contains(
                                "ok    topic                     topic conntrack.events: it does not exist yet; the collector"
                                        + " creates it with 12 partitions\n");
                assertThat(doctor.err()).contains("checks: 0 failed, ");
                assertThat(spool).doesNotExist();
            }
        });
    }

    @Test
    void doctorOnABadMachineNamesSixFaultsAtOnceWithTheirRemedies() throws Exception {
        namespace.sysctl("nf_conntrack_events", "2");
        namespace.sysctl("nf_conntrack_acct", "0");
        Files.createDirectory(spool);
        Files.setPosixFilePermissions(spool, PosixFilePermissions.fromString("rwxrwxrwx"));
        namespace.run(() -> {
            try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                String listen = "127.0.0.1:" + taken.getLocalPort();
                String[] keys = {"netns=self,nope", "http.listen=" + listen, "kafka.bootstrap.servers=" + NOBODY};
                try (LaunchedProgram doctor = program("doctor", keys);
                        LaunchedProgram check = program("run --check", keys);
                        LaunchedProgram json = program("doctor -o json", keys);
                        LaunchedProgram run = program("run", keys)) {
                    assertThat(doctor.exitCode()).isEqualTo(1);
                    assertThat(check.exitCode()).isEqualTo(1);
                    assertThat(json.exitCode()).isEqualTo(1);
                    assertThat(run.exitCode()).isEqualTo(1);
                    assertThat(doctor.out()).contains("""
                            warn  nf_conntrack_events       netns host: 2
                                  wanted: 1: a flow that starts while no collector runs raises no event, also not at its end
                                  remedy: sysctl -w net.netfilter.nf_conntrack_events=1, or set sysctl.manage=true
                            warn  nf_conntrack_acct         netns host: 0
                                  wanted: 1: new flows have no packet and byte counters
                                  remedy: sysctl -w net.netfilter.nf_conntrack_acct=1, or set sysctl.manage=true
                            """);
                    // Each of the two programs counts its own open descriptors.
                    String descriptors = "(descriptors +host: )\\d+ left";
                    assertThat(check.out().replaceAll(descriptors, "$1N left"))
                            .isEqualTo(doctor.out()
                                    .replaceAll("(?m)^ok +(configuration|zones) .*\n", "")
                                    .replaceAll(descriptors, "$1N left"));
                    Map<String, JsonNode> failed = byName(json.out(), "fail");
                    assertThat(failed).containsOnlyKeys("spool.directory", "http.listen", "brokers");
                    assertThat(text(failed, "spool.directory", "remedy")).isEqualTo("run chmod -R go-w " + spool);
                    assertThat(text(failed, "http.listen", "scope")).isEqualTo(listen);
                    assertThat(text(failed, "brokers", "found")).contains("no broker answers at");
                    assertThat(text(failed, "brokers", "remedy")).startsWith("check that Kafka runs there");
                    Map<String, JsonNode> warned = byName(json.out(), "warn");
                    assertThat(warned).containsKeys("nf_conntrack_events", "nf_conntrack_acct");
                    assertThat(text(warned, "namespace", "scope")).isEqualTo("netns nope");
                    assertThat(text(warned, "namespace", "found")).endsWith("run waits for it");
                    assertThat(text(warned, "namespace", "remedy")).contains("ip netns list");
                    assertThat(run.err())
                            .contains("ctstream: spool.directory (" + spool + "): ")
                            .contains("ctstream: http.listen (" + listen + "): ")
                            .doesNotContain("brokers");
                }
            }
        });
    }

    @Test
    void nativeLibrariesOnANoexecFolderEndTheStartWithARemedyThatHelps() throws Exception {
        Path noexec = Files.createDirectory(folder.resolve("noexec"));
        assertThat(exec("mount", "-t", "tmpfs", "-o", "noexec", "tmpfs", noexec.toString()))
                .as("a tmpfs can be mounted in the namespace of the tests")
                .isZero();
        try {
            namespace.run(() -> {
                List<String> jna = List.of("-Djna.tmpdir=" + noexec);
                List<String> codec = List.of("-Djava.io.tmpdir=" + noexec, "-Djna.tmpdir=" + folder);
                List<String> mended = List.of("-Djava.io.tmpdir=" + folder, "-Djna.tmpdir=" + folder);
                try (LaunchedProgram first = started(jna, "run", "kafka.bootstrap.servers=" + NOBODY);
                        LaunchedProgram second = started(codec, "run", "kafka.bootstrap.servers=" + NOBODY);
                        LaunchedProgram third = started(mended, "doctor")) {
                    assertThat(first.exitCode()).isEqualTo(1);
                    assertThat(first.err())
                            .contains("native-library (jna)")
                            .contains("CTSTREAM_JAVA_OPTS='-Djava.io.tmpdir=DIR -Djna.tmpdir=DIR'");
                    assertThat(second.exitCode()).isEqualTo(1);
                    assertThat(second.err())
                            .contains("native-library (kafka.compression.type=zstd)")
                            .contains("CTSTREAM_JAVA_OPTS='-Djava.io.tmpdir=DIR -Djna.tmpdir=DIR'");
                    assertThat(third.exitCode()).isZero();
                    assertThat(third.err()).contains("Kafka is not checked: kafka.bootstrap.servers is not set");
                }
            });
        } finally {
            assertThat(exec("umount", "-l", noexec.toString())).isZero();
        }
        assertThat(spool).doesNotExist();
    }

    @Test
    void aFullDiskIsAWarningBecauseTheCollectorCanStillSendWhatIsThere() throws Exception {
        Path full = Files.createDirectory(folder.resolve("full"));
        assertThat(exec("mount", "-t", "tmpfs", "-o", "nr_inodes=2", "tmpfs", full.toString()))
                .isZero();
        try {
            spool = Files.createDirectory(full.resolve("spool"));
            namespace.run(() -> {
                try (LaunchedProgram doctor = program("doctor")) {
                    assertThat(doctor.exitCode()).as(doctor.out()).isZero();
                    assertThat(doctor.out())
                            .contains("warn  spool.directory           " + spool
                                    + ": ENOSPC (28) No space left on device\n")
                            .contains("remedy: make room: events give way until then");
                }
            });
        } finally {
            assertThat(exec("umount", "-l", full.toString())).isZero();
        }
    }

    @Test
    void checksOfConfigurationAndPrivilegeHaveTheirOwnExitCodes() throws Exception {
        namespace.run(() -> {
            try (LaunchedProgram wrong = program("doctor -o json", "spool.max-byte=1");
                    LaunchedProgram unprivileged =
                            WithoutCapability.call(Capabilities.CAP_NET_ADMIN, () -> program("doctor -o json"))) {
                assertThat(wrong.exitCode()).isEqualTo(2);
                assertThat(byName(wrong.out(), "fail")).containsOnlyKeys("configuration");
                assertThat(unprivileged.exitCode()).isEqualTo(3);
                assertThat(text(byName(unprivileged.out(), "fail"), "privilege", "scope"))
                        .isEqualTo("CAP_NET_ADMIN");
            }
        });
    }

    @Test
    void doctorBesideARunningCollectorIsContentAndReadyzTellsTheSame() throws Exception {
        namespace.sysctl("nf_conntrack_events", "2");
        namespace.run(() -> {
            int port = BrokerServer.freePort();
            String[] keys = {
                "kafka.bootstrap.servers=" + broker.bootstrapServers(),
                "topic.events=beside",
                "heartbeat.interval-seconds=1",
                "http.listen=127.0.0.1:" + port
            };
            try (LaunchedProgram run = program("run", keys)) {
                await().atMost(SOON)
                        .until(() -> LaunchedProgram.get(port, "/readyz").startsWith("HTTP/1.1 200"));
                assertThat(LaunchedProgram.get(port, "/readyz"))
                        .contains("ready      sysctls/host: nf_conntrack_events (netns host): 2, wanted 1: ");
                assertThat(run.awaitStderr("nf_conntrack_events (netns host): 2"))
                        .contains("level=WARN");
                try (LaunchedProgram doctor = program("doctor", keys);
                        LaunchedProgram second = program("run", keys)) {
                    assertThat(doctor.exitCode()).as(doctor.out()).isZero();
                    assertThat(doctor.out())
                            .contains("ok    spool.directory           " + spool
                                    + ": in use by the collector that runs (process ")
                            .contains("ok    http.listen               127.0.0.1:" + port
                                    + ": in use by the collector that runs (process ");
                    assertThat(second.exitCode()).isEqualTo(1);
                    assertThat(second.err())
                            .contains("is in use by another collector")
                            .contains("http.listen (");
                }
                namespace.sysctl("nf_conntrack_events", "0");
                await().atMost(SOON)
                        .until(() -> LaunchedProgram.get(port, "/readyz").startsWith("HTTP/1.1 503"));
                assertThat(LaunchedProgram.get(port, "/readyz"))
                        .contains("not ready  sysctls/host: nf_conntrack_events (netns host): 0, wanted 1: new flows");
            }
        });
    }

    private LaunchedProgram program(String command, String... keys) throws IOException {
        return started(List.of(), command, keys);
    }

    private LaunchedProgram started(List<String> jvm, String command, String... keys) throws IOException {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("host.id", "doctor");
        all.put("http.listen", "off");
        all.put("spool.directory", spool.toString());
        all.put("spool.max-bytes", "8 MiB");
        all.put("spool.segment-bytes", "1 MiB");
        all.put("socket.receive-buffer-bytes", "64 KiB");
        for (String key : keys) {
            int equals = key.indexOf('=');
            all.put(key.substring(0, equals), key.substring(equals + 1));
        }
        List<String> arguments = new ArrayList<>(List.of(command.split(" ", -1)));
        all.forEach((key, value) -> arguments.addAll(List.of("-D", key + "=" + value)));
        return LaunchedProgram.start(folder, Map.of(), jvm, arguments.toArray(String[]::new));
    }

    private static Map<String, JsonNode> byName(String lines, String result) throws IOException {
        Map<String, JsonNode> checks = new LinkedHashMap<>();
        for (String line : lines.lines().toList()) {
            JsonNode check = JSON.readTree(line);
            List<String> names = new ArrayList<>();
            check.fieldNames().forEachRemaining(names::add);
            assertThat(names).containsExactly("check", "scope", "result", "found", "wanted", "remedy");
            if (check.get("result").asText().equals(result)) {
                checks.put(check.get("check").asText(), check);
            }
        }
        return checks;
    }

    private static String text(Map<String, JsonNode> checks, String name, String field) {
        return Objects.requireNonNull(checks.get(name), name).get(field).asText();
    }

    private static int exec(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }
}
