package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.conntrack.EventLoad;
import dev.ctstream.netlink.Mounts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A loss is owed until Kafka has the record that declares it: a small spool turns over several times while there is no
 * broker, or loses its directory, or cannot publish its control records, and afterwards every numbered event is in the
 * topic or declared. The count is taken from the records, without {@code verify}.
 *
 * <p>The forms that take longer run with {@code mvn verify -Powed-losses}.
 */
class OwedLossesKernelIT {
    private static final boolean LONG = Boolean.getBoolean("owed.long");
    private static final int EVENTS = 40_000;
    private static final int EVENTS_PER_SECOND = 8_000;
    private static final int DISK_BYTES = 2_560 << 10;
    private static final int KILLS = 3;
    private static final Duration RED_WITHIN = Duration.ofSeconds(7); // 6, and the time of one request
    private static final Duration STANDS_STILL = Duration.ofSeconds(19);

    @TempDir
    private Path folder;

    private FaultSite site;

    @BeforeEach
    void open() throws IOException {
        site = FaultSite.open(folder, 1);
        site.set("spool.max-bytes", "1048576");
        site.set("spool.segment-bytes", "65536");
    }

    @AfterEach
    void close() {
        site.close();
    }

    /** What happens while there is no broker. */
    private enum Trouble {
        /** The spool turns over. */
        SMALL_SPOOL,
        /** The disk is full before the spool is. */
        FULL_DISK,
        /** The collector is killed three times. */
        KILLED
    }

    static Stream<Arguments> troubles() {
        List<Trouble> troubles = LONG ? List.of(Trouble.values()) : List.of(Trouble.SMALL_SPOOL);
        List<String> policies = LONG ? List.of("drop-oldest", "drop-newest") : List.of("drop-oldest");
        return troubles.stream().flatMap(trouble -> policies.stream().map(policy -> Arguments.of(trouble, policy)));
    }

    @ParameterizedTest
    @MethodSource("troubles")
    void everyNumberedEventIsThereOrDeclaredAfterAnOutage(Trouble trouble, String whenFull) throws Exception {
        site.set("spool.when-full", whenFull);
        site.stopBroker();
        switch (trouble) {
            case SMALL_SPOOL -> turnOver();
            case FULL_DISK -> fillDisk();
            case KILLED -> killThreeTimes();
        }
    }

    private void turnOver() throws Exception {
        site.startCollector();
        load(EVENTS);
        NumberedEvents events = drain();
        assertThat(events.numbered()).isGreaterThanOrEqualTo(EVENTS);
        assertThat(events.declared()).as("%s", events).isGreaterThan(EVENTS / 2);
        assertThat(events.thereAndDeclared()).as("%s", events).isZero();
        assertThat(events.kinds()).as("%s", events).containsKey("GAP spool");
    }

    private void fillDisk() throws Exception {
        Files.createDirectories(site.spool());
        Mounts.tmpfs(site.spool(), DISK_BYTES);
        try {
            Files.setPosixFilePermissions(site.spool(), PosixFilePermissions.fromString("rwx------"));
            site.set("spool.max-bytes", "1 GiB");
            site.startCollector();
            load(2 * EVENTS);
            NumberedEvents events = drain();
            assertThat(events.declared()).as("%s", events).isPositive();
        } finally {
            site.collector().close();
            Mounts.unmount(site.spool());
        }
    }

    private void killThreeTimes() throws Exception {
        site.startCollector();
        for (int i = 0; i < KILLS; i++) {
            load(EVENTS / 2);
            site.killCollector();
            site.startCollector();
        }
        load(EVENTS / 2);
        NumberedEvents events = drain();
        assertThat(events.kinds().get("GAP restart")).as("%s", events).isGreaterThanOrEqualTo(KILLS);
        assertThat(events.declared()).as("%s", events).isPositive();
    }

    static Stream<Boolean> withAndWithoutABroker() {
        return LONG ? Stream.of(true, false) : Stream.of(false);
    }

    @ParameterizedTest
    @MethodSource("withAndWithoutABroker")
    void aSpoolDirectoryThatIsRemovedUnderLoadIsMadeAgain(boolean withBroker) throws Exception {
        removeUnderLoad(withBroker);
    }

    private void removeUnderLoad(boolean withBroker) throws Exception {
        site.set("spool.max-bytes", "1 GiB");
        if (!withBroker) {
            site.stopBroker();
        }
        site.startCollector();
        try (EventLoad load = EventLoad.start(site.namespace(0).handle(), EVENTS_PER_SECOND)) {
            awaitOffered(load, EVENTS / 4);
            delete(site.spool());
            await().atMost(FaultSite.PATIENCE)
                    .until(() -> Files.exists(site.spool().resolve("state")));
            awaitOffered(load, EVENTS / 2);
            load.stop();
        }
        NumberedEvents events = drain();
        assertThat(site.collector().err()).contains("was removed").contains("there again");
        if (!withBroker) {
            assertThat(events.kinds()).as("%s", events).containsKey("GAP damage");
        }
    }

    static Stream<Boolean> onlyInTheLongForm() {
        return LONG ? Stream.of(true) : Stream.empty();
    }

    /** Needs root and a file system with attributes, such as ext4; {@code chattr} is the test's own tool. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("onlyInTheLongForm")
    void aPositionThatCannotBeStoredDeclaresNothingThatIsInTheTopic(boolean ignored) throws Exception {
        site.startCollector();
        Path state = site.spool().resolve("state");
        tool("chattr", "+i", state.toString());
        try {
            load(EVENTS);
            await().atMost(FaultSite.PATIENCE)
                    .until(() -> !site.status()
                            .at("/components/spool-position/ready")
                            .asBoolean(true));
            assertThat(site.status().at("/ready").asBoolean()).isFalse();
            site.killCollector();
        } finally {
            tool("chattr", "-i", state.toString());
        }
        site.startCollector();
        NumberedEvents events = drain();
        assertThat(events.thereAndDeclared()).as("%s", events).isZero();
    }

    /** Needs root and a loop device; {@code mkfs.ext4}, {@code mount} and {@code fsfreeze} are the test's own tools. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("onlyInTheLongForm")
    void aDiskThatStandsStillIsRedWithinSixSecondsAndExactAfterwards(boolean ignored) throws Exception {
        Path image = folder.resolve("disk.img");
        tool("truncate", "-s", "256M", image.toString());
        tool("mkfs.ext4", "-q", image.toString());
        Files.createDirectories(site.spool());
        tool("mount", "-o", "loop", image.toString(), site.spool().toString());
        try {
            Files.setPosixFilePermissions(site.spool(), PosixFilePermissions.fromString("rwx------"));
            site.set("spool.max-bytes", "128 MiB");
            site.startCollector();
            try (EventLoad load = EventLoad.start(site.namespace(0).handle(), 5 * EVENTS_PER_SECOND)) {
                awaitOffered(load, EVENTS);
                tool("fsfreeze", "-f", site.spool().toString());
                try {
                    long began = System.nanoTime();
                    await().atMost(RED_WITHIN)
                            .pollInterval(Duration.ofMillis(50))
                            .until(() -> site.status()
                                    .at("/components/spool-thread/ready")
                                    .isBoolean());
                    System.out.printf("owed losses: red after %.1f s%n", (System.nanoTime() - began) / 1e9);
                    assertThat(site.status().at("/ready").asBoolean()).isFalse();
                    await().pollDelay(STANDS_STILL).atMost(FaultSite.PATIENCE).until(() -> true);
                } finally {
                    tool("fsfreeze", "-u", site.spool().toString());
                }
                load.stop();
            }
            NumberedEvents events = drain();
            assertThat(events.kinds()).as("%s", events).containsKey("GAP handover");
        } finally {
            site.collector().close();
            tool("umount", site.spool().toString());
        }
    }

    private static void tool(String... command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
    }

    @Test
    void aControlTopicThatRefusesTheRecordsHoldsUpNoEventAndGetsAllOfThemInOrderLater() throws Exception {
        site.set("spool.max-bytes", "1 GiB");
        try (Admin admin =
                Admin.create(Map.of("bootstrap.servers", site.broker().bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic("conntrack.control", 3, (short) 1)
                            .configs(Map.of("max.message.bytes", "200"))))
                    .all()
                    .get();
            site.startCollector();
            load(EVENTS / 4);
            await().atMost(FaultSite.PATIENCE)
                    .until(() -> site.metric("ctstream_publish_acknowledged_events_total") >= EVENTS / 4.0);
            await().atMost(FaultSite.PATIENCE)
                    .until(() ->
                            site.status().at("/components/kafka-control/ready").isBoolean());
            assertThat(site.status().at("/components/kafka-control/ready").asBoolean())
                    .isFalse();
            assertThat(site.status().at("/components/kafka-control/reason").asText())
                    .contains("conntrack.control")
                    .contains("max.message.bytes");
            assertThat(site.status().at("/ready").asBoolean()).isFalse();
            long lines = site.collector()
                    .err()
                    .lines()
                    .filter(line -> line.contains("level=WARN") || line.contains("level=ERROR"))
                    .filter(line -> line.contains("conntrack.control"))
                    .count();
            assertThat(lines).isBetween(1L, 3L);
            ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "conntrack.control");
            admin.incrementalAlterConfigs(Map.of(
                            topic,
                            List.of(new AlterConfigOp(
                                    new ConfigEntry("max.message.bytes", "1000000"), AlterConfigOp.OpType.SET))))
                    .all()
                    .get();
        }
        NumberedEvents events = drain();
        assertThat(events.there()).isEqualTo(events.numbered());
        assertThat(events.kinds()).doesNotContainKey("GAP rejected");
    }

    /** Makes this many events and waits until the collector has them all. */
    private void load(int events) throws Exception {
        double before = Math.max(0, site.metric("ctstream_receive_events_total"));
        try (EventLoad load = EventLoad.start(site.namespace(0).handle(), EVENTS_PER_SECOND)) {
            awaitOffered(load, events);
            load.stop();
            await().atMost(FaultSite.PATIENCE)
                    .until(() -> site.metric("ctstream_receive_events_total")
                                    + site.metric("ctstream_receive_kernel_dropped_events_total")
                            >= before + load.offered());
        }
    }

    private static void awaitOffered(EventLoad load, long events) {
        await().pollInterval(Duration.ofMillis(10)).atMost(FaultSite.PATIENCE).until(() -> load.offered() >= events);
    }

    /** Starts the broker if it is away; publishes everything; {@code verify} never says undeclared meanwhile. */
    private NumberedEvents drain() throws Exception {
        site.startBroker();
        List<FaultSite.Verdict> meanwhile = new ArrayList<>();
        await().atMost(FaultSite.PATIENCE).pollInterval(Duration.ofMillis(200)).until(() -> {
            if (site.metric("ctstream_publish_acknowledged_events_total") > 0) {
                meanwhile.add(site.verifyTopics());
            }
            return site.metric("ctstream_spool_unacknowledged_batches") == 0;
        });
        assertThat(meanwhile)
                .allSatisfy(verdict -> assertThat(
                                verdict.report().path("undeclared").asLong(-1))
                        .as(verdict::stderr)
                        .isZero());
        site.stopCollector();
        NumberedEvents events = NumberedEvents.read(site.broker().bootstrapServers());
        System.out.println("owed losses: " + events);
        assertThat(events.nowhere()).as("%s", events).isEmpty();
        assertThat(events.controlStreamsWithHoles()).isEmpty();
        FaultSite.Verdict verdict = site.verifyTopics();
        assertThat(verdict.exitCode()).as(verdict::stderr).isZero();
        return events;
    }

    /** As {@code rm -rf}, while the collector goes on creating files. */
    private static void delete(Path directory) {
        await().atMost(FaultSite.PATIENCE).pollDelay(Duration.ZERO).until(() -> {
            try (Stream<Path> all = Files.walk(directory)) {
                for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
                return true;
            } catch (IOException | UncheckedIOException e) {
                return false; // a file has just come or gone
            }
        });
    }
}
