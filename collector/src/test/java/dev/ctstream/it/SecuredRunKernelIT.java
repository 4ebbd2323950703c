package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.broker.BrokerServer;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.config.HostFacts;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.publish.SecuredBroker;
import dev.ctstream.record.RegistryStandIn;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.kafka.common.acl.AclOperation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A busy {@code ctstream run} with SCRAM over TLS, a password that a provider reads from a file, a token for a schema
 * registry; and its support bundle.
 */
class SecuredRunKernelIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String PASSWORD = "f1rst-Passw0rd";
    private static final String SECOND = "sec0nd-Passw0rd";
    private static final String TOKEN = "t0ken.of-the.registry";
    private static final String HOST_ID = "it-bundle-host";
    private static final int FLOWS = 100;

    /** An address as anyone would look for it. */
    private static final List<Pattern> ADDRESSES = List.of(
            Pattern.compile("(?<![\\d.])\\d{1,3}(\\.\\d{1,3}){3}(?![\\d.])"),
            Pattern.compile(
                    "(?i)(?<![0-9a-z:])(([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|([0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,6})?::"
                            + "([0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,6})?)(?![0-9a-z:])"),
            Pattern.compile("(?i)(?<![0-9a-f:-])[0-9a-f]{2}([:-][0-9a-f]{2}){5}(?![0-9a-f:-])"));

    @TempDir
    private Path folder;

    private TestNamespace namespace;
    private SecuredBroker broker;
    private RegistryStandIn registry;
    private ConntrackTable table;
    private int http;
    private int flows;

    @BeforeEach
    void startServers() throws Exception {
        namespace = TestNamespace.create();
        table = ConntrackTable.open(namespace.handle());
        Path certificates = Files.createDirectory(folder.resolve("certificates"));
        http = BrokerServer.freePort();
        SecuredBroker[] started = new SecuredBroker[1];
        RegistryStandIn[] listening = new RegistryStandIn[1];
        namespace.run(() -> {
            started[0] = SecuredBroker.withUsers(certificates);
            started[0].setPassword("collector", PASSWORD);
            started[0].grant(
                    "collector",
                    List.of("conntrack.events", "conntrack.control"),
                    AclOperation.WRITE,
                    AclOperation.DESCRIBE_CONFIGS,
                    AclOperation.CREATE);
            listening[0] = new RegistryStandIn();
        });
        broker = started[0];
        registry = listening[0];
        registry.authorization = "Bearer " + TOKEN;
    }

    @AfterEach
    void stopServers() throws Exception {
        registry.close();
        broker.close();
        table.close();
        namespace.close();
    }

    private Path configuration() throws IOException {
        password(PASSWORD);
        return Files.writeString(
                folder.resolve("ctstream.properties"),
                String.join(
                        "\n",
                        "kafka.bootstrap.servers=" + broker.bothListener(),
                        "kafka.security.protocol=SASL_SSL",
                        "kafka.sasl.mechanism=SCRAM-SHA-256",
                        "kafka.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required"
                                + " username=\"collector\" password=\"${file:" + passwordFile() + ":password}\";",
                        "kafka.config.providers=file",
                        "kafka.config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider",
                        "kafka.ssl.truststore.location=" + broker.store("right"),
                        "kafka.ssl.truststore.password=" + SecuredBroker.STORE_PASSWORD,
                        "schema.registry.url=" + registry.url(),
                        "schema.registry.bearer.auth.token=" + TOKEN,
                        "filter.networks=!198.51.100.0/24,!2001:db8:77::/48",
                        "http.listen=127.0.0.1:" + http,
                        "http.hosts=collector.prod.example.net",
                        "batch.linger-millis=50",
                        "host.id=" + HOST_ID,
                        "spool.directory=" + folder.resolve("spool"),
                        ""));
    }

    private Path passwordFile() {
        return folder.resolve("kafka.properties");
    }

    private void password(String password) throws IOException {
        Files.writeString(passwordFile(), "password=" + password + "\n");
    }

    private void createFlows() throws Exception {
        for (int i = 0; i < FLOWS; i++) {
            boolean v6 = i % 2 == 1;
            TupleSpec original = new TupleSpec(
                    FreshNamespace.ip(v6 ? "2001:db8::11" : "203.0.113.11"),
                    FreshNamespace.ip(v6 ? "2001:db8::22" : "203.0.113.22"),
                    new TupleSpec.Ports(6, ++flows, 80));
            table.create(FlowSpec.of(original)
                    .zone(ZoneScope.both(i % 5))
                    .timeoutSeconds(600)
                    .status(IpsStatus.IPS_CONFIRMED)
                    .build());
        }
    }

    @Test
    void theSupportBundleOfABusyCollectorHasNoSecretAndNoAddress() throws Exception {
        Path file = configuration();
        namespace.run(() -> {
            try (LaunchedProgram run =
                    LaunchedProgram.start(folder, Map.of(), List.of(), "run", "--config", file + "")) {
                run.awaitStderr("Kafka: connected");
                createFlows();
                await().atMost(SOON)
                        .until(() -> LaunchedProgram.get(http, "/metrics")
                                .contains("ctstream_publish_acknowledged_events_total " + flows + ".0"));
                broker.setPassword("collector", SECOND);
                password(SECOND);
                run.signal("HUP");
                run.awaitStderr("Kafka: uses the new credentials");
                createFlows();
                Path log = Files.writeString(
                        folder.resolve("ctstream.log"),
                        run.err() + "from [2001:db8::11]:80 to 203.0.113.22 by 52:54:00:ab:cd:ef, " + SECOND + " of "
                                + passwordFile() + ", Authorization: Bearer " + TOKEN
                                + ", db.prod.example.net:5432, fe80::1%eth0\n");
                Path tar = folder.resolve("bundle.tar");
                try (LaunchedProgram bundle = bundle(file, log, tar)) {
                    createFlows();
                    assertThat(bundle.exitCode()).as(bundle::err).isZero();
                    assertThat(bundle.out()).isEmpty();
                    assertThat(bundle.err()).contains("ctstream: wrote " + tar + " with ");
                }
                check(read(tar));
                assertThat(Files.getPosixFilePermissions(tar)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
                ByteArrayOutputStream err = new ByteArrayOutputStream();
                assertThat(execute(new ByteArrayOutputStream(), err, "support-bundle", "--output", tar.toString()))
                        .isEqualTo(1);
                assertThat(err.toString(StandardCharsets.UTF_8)).contains("cannot write " + tar + ": EEXIST");
                run.terminate();
                assertThat(run.exitCode()).as(run::err).isZero();
                assertThat(run.err()).doesNotContain(PASSWORD, SECOND, TOKEN, SecuredBroker.STORE_PASSWORD);
            }
            assertThat(dump(file))
                    .contains("kafka.sasl.jaas.config=[hidden]", "schema.registry.bearer.auth.token=[hidden]")
                    .doesNotContain(PASSWORD, SECOND, TOKEN, SecuredBroker.STORE_PASSWORD);
        });
    }

    private LaunchedProgram bundle(Path file, Path log, Path tar) throws IOException {
        return LaunchedProgram.start(
                folder,
                Map.of(),
                List.of(),
                "support-bundle",
                "--config",
                file.toString(),
                "--log",
                log.toString(),
                "--output",
                tar.toString());
    }

    private void check(Map<String, String> files) throws IOException {
        assertThat(files.keySet())
                .containsExactlyInAnyOrder(
                        "README.txt",
                        "version.txt",
                        "configuration.properties",
                        "configuration-warnings.txt",
                        "status.json",
                        "readyz.txt",
                        "livez.txt",
                        "metrics.txt",
                        "spool.json",
                        "process.txt",
                        "doctor.json",
                        "sysctls.txt",
                        "kernel.txt",
                        "log.txt");
        List<String> forbidden = List.of(
                PASSWORD,
                SECOND,
                TOKEN,
                SecuredBroker.STORE_PASSWORD,
                HOST_ID,
                "127.0.0.1",
                "203.0.113.",
                "198.51.100.",
                "2001:db8",
                "fe80",
                "52:54:00",
                "prod.example.net");
        String node = HostFacts.current().nodeName();
        Pattern own = Pattern.compile("(?<![\\w.])(?!localhost)" + Pattern.quote(node) + "(?![\\w.])");
        files.forEach((name, text) -> {
            assertThat(text).as(name).isNotNull().doesNotContain(forbidden);
            assertThat(text).as(name).doesNotContainPattern(own);
            ADDRESSES.forEach(address -> assertThat(text).as(name).doesNotContainPattern(address));
        });
        ObjectMapper json = new ObjectMapper();
        assertThat(json.readTree(files.get("status.json"))
                        .at("/events/received")
                        .asInt())
                .isGreaterThanOrEqualTo(2 * FLOWS);
        assertThat(json.readTree(files.get("spool.json")).has("segments")).isTrue();
        String doctor = Objects.requireNonNull(files.get("doctor.json"));
        for (String line : doctor.lines().toList()) {
            assertThat(json.readTree(line).get("check")).as(line).isNotNull();
        }
        assertThat(doctor).contains("{\"check\":\"brokers\",\"scope\":\"ip4-loopback:");
        assertThat(files.get("metrics.txt")).contains("ctstream_receive_");
        assertThat(files.get("configuration.properties"))
                .contains(
                        "kafka.bootstrap.servers=ip4-loopback:",
                        "kafka.sasl.jaas.config=[hidden]\n",
                        "schema.registry.bearer.auth.token=[hidden]\n",
                        "http.hosts=host-",
                        "host.id=this-host-id\n");
        assertThat(files.get("sysctls.txt")).contains("net.netfilter.nf_conntrack_max = ");
        assertThat(files.get("log.txt"))
                .contains("Kafka: connected", "from [ip6-", "by mac-1, [hidden] of ", "Authorization: Bearer [hidden]");
    }

    private static Map<String, String> read(Path tar) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (InputStream file = Files.newInputStream(tar);
                TarArchiveInputStream in = new TarArchiveInputStream(file)) {
            for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                String name = entry.getName();
                files.put(name.substring(name.indexOf('/') + 1), new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        return files;
    }

    private static String dump(Path file) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(execute(out, new ByteArrayOutputStream(), "run", "--dump-config", "--config", file.toString()))
                .isZero();
        return out.toString(StandardCharsets.UTF_8);
    }

    private static int execute(ByteArrayOutputStream out, ByteArrayOutputStream err, String... arguments) {
        PrintStream said = new PrintStream(err, true, StandardCharsets.UTF_8);
        return Main.execute(new Console(out, said, Map.of(), false, false), arguments);
    }
}
