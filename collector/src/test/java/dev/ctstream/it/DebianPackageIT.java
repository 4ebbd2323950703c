package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.broker.BrokerServer;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.netlink.NotifyStandIn;
import dev.ctstream.nftables.ConntrackRuleset;
import dev.ctstream.publish.SecuredBroker;
import dev.ctstream.read.TopicContents;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.common.acl.AclOperation;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Debian package in a clean Debian 12, from its installation to its purge, with a broker that demands TLS and SCRAM.
 * There is no systemd: the test runs the unit's command as the unit says, with its user and capabilities, the root
 * read-only, and {@code /tmp} without the right to execute. Needs root and debootstrap, for {@code mvn -Ppackage verify}.
 */
class DebianPackageIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String UNIT = "usr/lib/systemd/system/ctstream.service";
    private static final String CONFIGURATION = "etc/ctstream/ctstream.properties";
    private static final String TOPIC = "conntrack.events";
    private static final String NOTIFY = "@ctstream-package-it";
    private static final String LATER = "9.9.9";
    private static final int FIRST_PORT = 20_000;

    @TempDir
    private static Path folder;

    private static Path root;
    private static TestNamespace namespace;
    private static SecuredBroker broker;
    private static int port;
    /** The configuration as it was installed. */
    private static String shipped = "";

    private int flows;

    @BeforeAll
    static void prepare() throws Exception {
        assertThat(command("id", "--user").strip())
                .as("user id of the test, which installs a package and changes users: run it as root")
                .isEqualTo("0");
        root = cleanDebian();
        namespace = TestNamespace.create();
        broker = namespace.call(DebianPackageIT::securedBroker);
        namespace.run(() -> port = BrokerServer.freePort());
        namespace.run(() -> ConntrackRuleset.builder()
                .notrackWithin(InetAddress.getLoopbackAddress()) // the broker's own traffic
                .build()
                .install());
    }

    private static SecuredBroker securedBroker() {
        try {
            SecuredBroker started = SecuredBroker.withUsers(folder);
            started.setPassword("collector", "s3cret");
            started.grant(
                    "collector",
                    List.of(TOPIC, "conntrack.control"),
                    AclOperation.CREATE,
                    AclOperation.WRITE,
                    AclOperation.DESCRIBE,
                    AclOperation.DESCRIBE_CONFIGS);
            return started;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @AfterAll
    static void stop() throws Exception {
        if (broker != null) {
            broker.close();
        }
        if (namespace != null) {
            namespace.close();
        }
        if (root != null) {
            command("umount", root.resolve("proc").toString());
            command("rm", "-r", "--one-file-system", root.toString());
        }
    }

    /** A copy of a minimal Debian 12, which is downloaded once: {@code -Ddebian.root} or {@code target/debian}. */
    private static Path cleanDebian() throws Exception {
        Path kept = Path.of(System.getProperty("debian.root", System.getProperty("ctstream.home") + "/debian"));
        if (Files.notExists(kept.resolve("etc/debian_version"))) {
            String mirror = command("bash", "-c", "apt-get indextargets --format '$(REPO_URI)' | head -n 1")
                    .strip();
            command("debootstrap", "--variant=minbase", "bookworm", kept.toString(), mirror);
        }
        Path copy = Files.createTempDirectory("ctstream-debian-");
        command("cp", "--archive", "--reflink=auto", kept + "/.", copy.toString());
        command("mount", "-t", "proc", "proc", copy.resolve("proc").toString());
        // As systemd does at the first boot.
        Files.writeString(copy.resolve("etc/machine-id"), "0123456789abcdef0123456789abcdef\n");
        // What systemctl is called with. It is there, as on a machine that was booted with systemd.
        Files.createDirectories(copy.resolve("run/systemd/system"));
        Path systemctl = copy.resolve("usr/local/bin/systemctl");
        Files.writeString(systemctl, "#!/bin/sh\necho \"$*\" >>/run/systemctl\n");
        systemctl.toFile().setExecutable(true);
        return copy;
    }

    @Test
    void isInstalledRunUpgradedRemovedAndPurged() throws Exception {
        Set<String> before = files();
        Path built = built();
        install(built);
        assertThat(systemctl()).containsExactly("daemon-reload", "try-restart ctstream.service");
        assertThat(inside("stat", "-c", "%a %U %G", "/" + CONFIGURATION)).isEqualTo("640 root ctstream\n");
        assertThat(inside("stat", "-c", "%a %U %G", "/var/lib/ctstream")).isEqualTo("700 ctstream ctstream\n");
        Path notExecutable = root.resolve("usr/lib/ctstream/lib/native");
        assertThat(notExecutable).isNotEmptyDirectory();

        configure(broker.bothListener());
        String configured = Files.readString(root.resolve(CONFIGURATION));
        try (NotifyStandIn systemd = namespace.call(() -> new NotifyStandIn(NOTIFY))) {
            eventsFlowAndSystemdHearsOfIt(systemd);
            configure("127.0.0.1:1"); // nobody is there: what follows waits in the spool
            long waiting;
            try (LaunchedProgram run = start()) {
                awaitHeard(systemd, "READY=1");
                sendFlows(20);
                run.awaitStderr("no broker answers");
                await().atMost(SOON).until(() -> metric("ctstream_spool_unacknowledged_batches") > 0);
                waiting = flows;
                upgradeOver(run, built);
            }
            configure(broker.bothListener());
            assertThat(Files.readString(root.resolve(CONFIGURATION))).isEqualTo(configured);
            try (LaunchedProgram run = start()) {
                awaitHeard(systemd, "READY=1");
                await().atMost(SOON).until(() -> sources() == waiting);
                run.terminate();
                assertThat(run.exitCode()).as(run::err).isZero();
            }
        }
        aDowngradeIsRefused(built);

        inside("dpkg", "--remove", "ctstream");
        assertThat(systemctl()).contains("disable --now ctstream.service");
        assertThat(root.resolve(CONFIGURATION)).hasContent(configured);
        assertThat(root.resolve("var/lib/ctstream/state")).exists();
        assertThat(root.resolve("usr/bin/ctstream")).doesNotExist();
        inside("dpkg", "--purge", "ctstream");
        assertThat(files()).isEqualTo(before);
        assertThat(Files.readString(root.resolve("etc/passwd"))).doesNotContain("ctstream");
        assertThat(Files.readString(root.resolve("etc/group"))).doesNotContain("ctstream");
    }

    private void eventsFlowAndSystemdHearsOfIt(NotifyStandIn systemd) throws Exception {
        try (LaunchedProgram run = start()) {
            awaitHeard(systemd, "READY=1");
            sendFlows(20);
            await().atMost(SOON).until(() -> metric("ctstream_publish_acknowledged_events_total") >= flows);
            await().atMost(SOON).until(() -> sources() == flows);
            awaitHeard(systemd, "WATCHDOG=1");
            namespace.run(() -> assertThat(LaunchedProgram.get(port, "/readyz")).startsWith("HTTP/1.1 200"));
            namespace.run(() -> {
                try (LaunchedProgram doctor = LaunchedProgram.of(
                        folder, Map.of(), asService("/usr/bin/ctstream doctor --config /" + CONFIGURATION))) {
                    assertThat(doctor.exitCode())
                            .as(doctor.out() + doctor.err())
                            .isZero();
                    assertThat(doctor.out()).doesNotContain("\nfail ").contains("ok    native-library            jna");
                }
            });
            run.terminate();
            assertThat(run.exitCode()).as(run::err).isZero();
        }
        awaitHeard(systemd, "STOPPING=1\nSTATUS=publishing what was received");
    }

    /** A later version comes while this one runs with a backlog: systemd is asked to restart it, and nothing else changes. */
    private void upgradeOver(LaunchedProgram run, Path built) throws Exception {
        String configured = Files.readString(root.resolve(CONFIGURATION));
        Set<String> spool = files(root.resolve("var/lib/ctstream"));
        install(withVersion(built, LATER));
        assertThat(systemctl()).containsExactly("daemon-reload", "try-restart ctstream.service");
        assertThat(run.isAlive()).isTrue();
        assertThat(Files.readString(root.resolve(CONFIGURATION))).isEqualTo(configured);
        assertThat(inside("stat", "-c", "%a %U %G", "/" + CONFIGURATION)).isEqualTo("640 root ctstream\n");
        assertThat(files(root.resolve("var/lib/ctstream"))).containsAll(spool);
        run.terminate(); // as systemd does for try-restart
        assertThat(run.exitCode()).as(run::err).isZero();
    }

    private void aDowngradeIsRefused(Path built) throws Exception {
        Files.copy(built, root.resolve("tmp/older.deb"));
        Process dpkg = new ProcessBuilder(
                        "chroot",
                        root.toString(),
                        "env",
                        "PATH=/usr/sbin:/usr/bin",
                        "dpkg",
                        "--install",
                        "/tmp/older.deb")
                .redirectErrorStream(true)
                .start();
        String said = new String(dpkg.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(dpkg.waitFor()).isPositive();
        assertThat(said).contains("is older than the installed " + LATER, "remove the package");
        assertThat(inside("dpkg-query", "--show", "--showformat=${Version}", "ctstream"))
                .isEqualTo(LATER);
        Files.delete(root.resolve("tmp/older.deb"));
    }

    /** Starts the unit's command. */
    private static LaunchedProgram start() throws Exception {
        Map<String, String> environment =
                Map.of("STATE_DIRECTORY", "/var/lib/ctstream", "NOTIFY_SOCKET", NOTIFY, "WATCHDOG_USEC", "3000000");
        return namespace.call(() -> {
            try {
                return LaunchedProgram.of(folder, environment, asService(unit("ExecStart")));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** A command as the unit runs it: its user, capabilities and view of the files. */
    private static List<String> asService(String line) throws IOException {
        String capabilities =
                "-all,+" + unit("AmbientCapabilities").replace("CAP_", "").toLowerCase(Locale.ROOT);
        String become = String.join(
                " ",
                "exec chroot . setpriv --reuid",
                unit("User"),
                "--regid",
                unit("Group"),
                "--clear-groups --no-new-privs --bounding-set",
                capabilities,
                "--inh-caps",
                capabilities,
                "--ambient-caps",
                capabilities,
                line);
        return List.of(
                "unshare",
                "--mount",
                "env",
                "-u",
                "JAVA_HOME",
                "HOME=/var/lib/ctstream",
                "PATH=/usr/sbin:/usr/bin",
                "/bin/sh",
                "-ec",
                String.join(
                        "\n",
                        "cd " + root,
                        "mount --rbind . .",
                        "cd " + root,
                        "mount --bind var/lib/ctstream var/lib/ctstream",
                        "mount -o remount,ro,bind .",
                        "mount -t tmpfs -o noexec,nosuid,nodev tmp tmp",
                        "mount -t tmpfs -o noexec,nosuid,nodev tmp var/tmp",
                        become));
    }

    private static String unit(String key) throws IOException {
        return Files.readAllLines(root.resolve(UNIT)).stream()
                .filter(line -> line.startsWith(key + "="))
                .map(line -> line.substring(key.length() + 1))
                .findFirst()
                .orElseThrow();
    }

    private static void configure(String bootstrap) throws IOException {
        Path trust = root.resolve("etc/ctstream/trust.p12");
        Files.copy(broker.store("right"), trust, StandardCopyOption.REPLACE_EXISTING);
        trust.toFile().setReadable(true, false);
        if (shipped.isEmpty()) {
            shipped = Files.readString(root.resolve(CONFIGURATION));
        }
        String ours = String.join(
                "\n",
                "kafka.bootstrap.servers=" + bootstrap,
                "kafka.security.protocol=SASL_SSL",
                "kafka.sasl.mechanism=SCRAM-SHA-256",
                "kafka.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required"
                        + " username=\"collector\" password=\"s3cret\";",
                "kafka.ssl.truststore.location=/etc/ctstream/trust.p12",
                "kafka.ssl.truststore.password=" + SecuredBroker.STORE_PASSWORD,
                "topic.replication-factor=1",
                "http.listen=127.0.0.1:" + port,
                "");
        assertThat(shipped).contains("\nspool.directory=/var/lib/ctstream\n");
        Files.writeString(
                root.resolve(CONFIGURATION), shipped.replace("kafka.bootstrap.servers=localhost:9092\n", ours));
    }

    /** Makes flows of one packet from 127.0.0.2. */
    private void sendFlows(int count) throws Exception {
        namespace.run(() -> {
            for (int i = 0; i < count; i++) {
                try (DatagramSocket socket =
                        new DatagramSocket(new InetSocketAddress("127.0.0.2", FIRST_PORT + flows + i))) {
                    socket.send(new DatagramPacket(new byte[1], 1, new InetSocketAddress("127.0.0.3", 9)));
                }
            }
        });
        flows += count;
    }

    /** Ports of 127.0.0.2 that the topic has a NEW of. */
    private static long sources() throws Exception {
        return namespace.call(() -> {
            try {
                return TopicContents.read(broker.plain(), TOPIC).events().stream()
                        .filter(event -> event.type().equals("NEW"))
                        .filter(event -> event.flow().source().equals("127.0.0.2"))
                        .filter(event -> event.flow().protocol() == 17)
                        .map(event -> event.flow().port())
                        .distinct()
                        .count();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
    }

    private static double metric(String name) throws Exception {
        String metrics = namespace.call(() -> LaunchedProgram.get(port, "/metrics"));
        return metrics.lines()
                .filter(line -> line.startsWith(name))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    private static void awaitHeard(NotifyStandIn systemd, String state) {
        List<String> heard = new ArrayList<>();
        await(state).atMost(SOON).until(() -> {
            heard.addAll(systemd.received());
            return heard.contains(state);
        });
    }

    private static Path built() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("ctstream.home")))) {
            return files.filter(file -> file.toString().endsWith(".deb"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no Debian package: it is built by mvn -Ppackage"));
        }
    }

    /** The same package with another version. */
    private static Path withVersion(Path built, String version) throws Exception {
        Path unpacked = folder.resolve("unpacked");
        Path later = folder.resolve("later.deb");
        command("dpkg-deb", "--raw-extract", built.toString(), unpacked.toString());
        command(
                "sed",
                "-i",
                "s/^Version: .*/Version: " + version + "/",
                unpacked.resolve("DEBIAN/control").toString());
        command("dpkg-deb", "-Znone", "--root-owner-group", "--build", unpacked.toString(), later.toString());
        return later;
    }

    private static void install(Path deb) throws Exception {
        Files.copy(deb, root.resolve("tmp/ctstream.deb"), StandardCopyOption.REPLACE_EXISTING);
        inside("dpkg", "--install", "/tmp/ctstream.deb");
        Files.delete(root.resolve("tmp/ctstream.deb"));
    }

    /** What systemctl was called with since the last call of this method. */
    private static List<String> systemctl() throws IOException {
        Path calls = root.resolve("run/systemctl");
        List<String> lines = Files.exists(calls) ? Files.readAllLines(calls) : List.of();
        Files.deleteIfExists(calls);
        return lines;
    }

    private static Set<String> files() throws Exception {
        Set<String> names = files(root);
        // What dpkg and useradd keep of every package and user.
        names.removeIf(
                name -> name.matches(
                        "/(var/(log|lib/dpkg|cache)|run|tmp)/.*|/etc/(passwd|group|shadow|gshadow|subuid|subgid)-|/etc/\\.pwd\\.lock"));
        return names;
    }

    private static Set<String> files(Path top) throws Exception {
        Collection<String> lines = command("find", top.toString(), "-xdev", "-printf", "/%P\n")
                .lines()
                .toList();
        return new TreeSet<>(lines);
    }

    private static String inside(String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of("chroot", root.toString()));
        command.addAll(List.of(words));
        return command(command.toArray(String[]::new));
    }

    /** Runs a command to its end; returns what it printed. */
    private static String command(String... words) throws Exception {
        Path err = Files.createTempFile(folder, "err", ".txt");
        ProcessBuilder builder = new ProcessBuilder(words).redirectError(err.toFile());
        builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
        builder.environment().put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as("%s: %s%s", String.join(" ", words), out, Files.readString(err))
                .isZero();
        return out;
    }
}
