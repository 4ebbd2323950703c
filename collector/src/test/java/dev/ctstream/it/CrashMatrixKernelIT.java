package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ctstream.conntrack.EventLoad;
import dev.ctstream.netlink.Clock;
import dev.ctstream.read.TopicSequences;
import dev.ctstream.spool.AppendedBatches;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code kill -9} of the collector, of the broker and of both, at random moments under load: everything appended to the
 * spool is in the topics, at least once and in order, and {@code ctstream verify} proves it.
 *
 * <p>The appended batches are read from the segment files ({@link AppendedBatches}), not from the collector or the
 * topics.
 *
 * <p>Long form: {@code mvn verify -Pcrash-matrix -Dcrash.minutes=10}.
 */
class CrashMatrixKernelIT {
    private static final int MINUTES = Integer.getInteger("crash.minutes", 0);
    private static final int ROUNDS = Integer.getInteger("crash.rounds", 1);
    private static final long SEED = Long.getLong("crash.seed", System.nanoTime());
    private static final int EVENTS_PER_SECOND = 6_000;
    private static final int MOST_EVENTS_BETWEEN = 15_000;
    /**
     * Two seconds of load: the spool stores its position twice in that time, and must not store a position too far
     * ahead.
     */
    private static final int BACKLOG = 2 * EVENTS_PER_SECOND;

    @TempDir
    private Path folder;

    private final Random random = new Random(SEED);
    private final Map<Kill, Integer> kills = new EnumMap<>(Kill.class);
    private final List<Long> collectorKills = new ArrayList<>();
    private FaultSite site;
    private EventLoad load;
    private AppendedBatches appended;

    private enum Kill {
        COLLECTOR,
        BROKER,
        BOTH
    }

    @BeforeEach
    void open() throws IOException {
        System.out.printf("crash matrix: seed %d (-Dcrash.seed=%d)%n", SEED, SEED);
        site = FaultSite.open(folder, 1);
        site.set("spool.segment-bytes", "2 MiB"); // so that segments come and go
        appended = AppendedBatches.watch(site.spool(), folder.resolve("seen"));
        load = EventLoad.start(site.namespace(0).handle(), EVENTS_PER_SECOND);
    }

    @AfterEach
    void close() {
        load.close();
        appended.close();
        site.close();
    }

    @Test
    void everyAppendedBatchReachesTheTopicsDespiteKills() throws Exception {
        site.startCollector();
        killInRounds();
        load.stop();
        site.stopCollector();
        appended.read();
        compare();
    }

    private void killInRounds() throws Exception {
        long end = System.nanoTime() + Duration.ofMinutes(MINUTES).toNanos();
        List<Kill> kinds = new ArrayList<>(List.of(Kill.COLLECTOR, Kill.BROKER, Kill.BOTH));
        for (int round = 0; round < ROUNDS || System.nanoTime() < end; round++) {
            Collections.shuffle(kinds, random);
            for (Kill kind : kinds) {
                awaitSomeLoad();
                perform(kind, round % 2 == 1);
                kills.merge(kind, 1, Integer::sum);
            }
        }
    }

    /** Waits for a random moment, which may be during the start of a collector or a broker. */
    private void awaitSomeLoad() {
        awaitLoad(0);
    }

    private void awaitLoad(int atLeast) {
        long until = load.offered() + atLeast + random.nextInt(MOST_EVENTS_BETWEEN);
        await().pollInterval(Duration.ofMillis(5)).atMost(FaultSite.PATIENCE).until(() -> load.offered() >= until);
    }

    private void perform(Kill kind, boolean atOnce) throws Exception {
        if (kind != Kill.COLLECTOR) {
            site.broker().kill();
        }
        if (kind == Kill.BOTH && !atOnce) {
            awaitLoad(BACKLOG); // which the collector cannot deliver
        }
        if (kind != Kill.BROKER) {
            site.killCollector();
            collectorKills.add(Clock.realtimeNanos());
            appended.read();
            site.launchCollector();
        }
        if (kind != Kill.COLLECTOR) {
            if (!atOnce) {
                awaitSomeLoad();
            }
            site.broker().start();
        }
    }

    private void compare() throws Exception {
        String servers = site.broker().bootstrapServers();
        TopicSequences topics = TopicSequences.read(servers, "conntrack.events", "conntrack.control");
        Map<String, BitSet> lost = TopicSequences.missing(appended.streams(), topics.streams());
        FaultSite.Verdict verdict = site.verifyTopics();
        List<JsonNode> windows = new ArrayList<>();
        verdict.report()
                .path("runs")
                .forEach(run -> run.path("restart_windows_ns").forEach(windows::add));
        print(topics, lost, verdict.report(), windows);

        assertThat(lost).isEmpty();
        assertThat(TopicSequences.missing(topics.streams(), appended.streams())).isEmpty();
        assertThat(topics.reordered()).isZero();
        topics.streams()
                .forEach((stream, sequences) ->
                        assertThat(sequences.nextClearBit(0)).as(stream).isEqualTo(sequences.length()));
        for (long kill : collectorKills) {
            assertThat(windows)
                    .as("the window of the kill at %d", kill)
                    .anyMatch(window -> start(window) <= kill && kill <= end(window));
        }
        assertThat(verdict.exitCode()).as(verdict::stderr).isZero();
        assertThat(verdict.report().path("proven").asBoolean())
                .as(verdict::stderr)
                .isTrue();
        assertThat(verdict.report().path("undeclared").asLong(-1)).isZero();
    }

    private void print(TopicSequences topics, Map<String, BitSet> lost, JsonNode report, List<JsonNode> windows) {
        System.out.printf(
                "crash matrix: events appended %d, published %d, lost %d, reordered %d, duplicates %d%n",
                TopicSequences.countEvents(appended.streams()),
                TopicSequences.countEvents(topics.streams()),
                TopicSequences.countEvents(lost),
                topics.reordered(),
                topics.duplicates());
        System.out.printf(
                "crash matrix: kills: collector %d, broker %d, both %d%n",
                kills.get(Kill.COLLECTOR), kills.get(Kill.BROKER), kills.get(Kill.BOTH));
        System.out.printf(
                "crash matrix: verify: undeclared %d, kernel losses declared %d, flows ended by a restart %d%n",
                report.path("undeclared").asLong(),
                report.path("totals").path("kernel_lost").asLong(),
                report.path("flows").path("closed_by_restart").asLong());
        for (JsonNode window : windows) {
            System.out.printf(
                    "crash matrix: restart window %s + %.3f s%n",
                    Instant.ofEpochSecond(0, start(window)), (end(window) - start(window)) / 1e9);
        }
    }

    private static long start(JsonNode window) {
        return window.get(0).asLong();
    }

    private static long end(JsonNode window) {
        return window.get(1).asLong();
    }
}
