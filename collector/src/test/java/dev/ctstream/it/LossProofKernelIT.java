package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ctstream.conntrack.EventLoad;
import dev.ctstream.conntrack.Overrun;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.read.TopicSequences;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs {@code ctstream verify} on the output of real processes: a receive buffer of 31 events overrun in three
 * namespaces, the broker killed twice, the collector killed once. Then runs it on copies with missing records.
 */
class LossProofKernelIT {
    private static final int NAMESPACES = 3;
    private static final int FLOWS = Integer.getInteger("test.flows", 8_000);
    private static final long SEED = Long.getLong("test.seed", 1);
    private static final String RECEIVED = "ctstream_receive_events_total";
    private static final String DROPS = "ctstream_receive_kernel_dropped_events_total";
    private static final String HEARTBEATS = "ctstream_control_heartbeats_total";

    @TempDir
    private static Path folder;

    private static FaultSite site;
    private static TopicCopy topic;
    /** Events of each namespace: before the kill, while everything was counted, and until the collector was dead. */
    private static final Map<String, Long> DROPPED_BEFORE = new HashMap<>();

    private static final Map<String, Long> OFFERED_BEFORE = new HashMap<>();
    private static final long OFFERED_AFTER = 2L * FLOWS;

    @BeforeAll
    static void fill() throws Exception {
        site = FaultSite.open(folder, NAMESPACES);
        site.set("socket.receive-buffer-bytes", "20000");
        site.startCollector();
        offerAndKillTheBroker(SEED);
        storeDropsSoFar();
        killUnderLoad();
        site.set("batch.max-events", "4"); // so that a stream has a middle, however few events are received
        site.startCollector();
        offerAndKillTheBroker(SEED + 1);
        site.stopCollector();
        topic = TopicCopy.of(site.broker().bootstrapServers(), "conntrack.events");
    }

    @AfterAll
    static void close() {
        site.close();
    }

    private static List<TestNamespace> namespaces() {
        return IntStream.range(0, NAMESPACES).mapToObj(site::namespace).toList();
    }

    /** Returns when the collector has received every offered event or counted it as lost. */
    private static void offerAndKillTheBroker(long seed) throws Exception {
        CompletableFuture<Void> load = CompletableFuture.runAsync(() -> {
            try {
                Overrun.offer(namespaces(), seed, FLOWS);
            } catch (NetlinkException e) {
                throw new CompletionException(e);
            }
        });
        site.broker().kill();
        site.broker().start();
        load.get(FaultSite.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        await().atMost(FaultSite.PATIENCE)
                .until(() -> site.metric(RECEIVED) + site.metric(DROPS) == NAMESPACES * OFFERED_AFTER);
    }

    /** Stores the drops so far. They are declared by now, and the declaration is in the spool. */
    private static void storeDropsSoFar() throws Exception {
        site.status().path("namespaces").forEach(one -> {
            DROPPED_BEFORE.put(
                    one.path("netns").asText(), one.path("lost_by_kernel").asLong());
            OFFERED_BEFORE.put(one.path("netns").asText(), OFFERED_AFTER);
        });
        double heartbeats = site.metric(HEARTBEATS);
        await().atMost(FaultSite.PATIENCE).until(() -> site.metric(HEARTBEATS) >= heartbeats + 2 * NAMESPACES);
    }

    private static void killUnderLoad() throws Exception {
        List<EventLoad> loads = new ArrayList<>();
        try {
            for (TestNamespace namespace : namespaces()) {
                loads.add(EventLoad.start(namespace.handle(), 5_000));
            }
            await().atMost(FaultSite.PATIENCE).until(() -> loads.stream().allMatch(load -> load.offered() > 5_000));
            site.killCollector();
            for (int i = 0; i < NAMESPACES; i++) {
                loads.get(i).stop();
                long offered = loads.get(i).offered();
                OFFERED_BEFORE.merge(site.namespace(i).handle().label(), offered, Long::sum);
            }
        } finally {
            loads.forEach(EventLoad::close);
        }
    }

    private static FaultSite.Verdict verify(String events) throws Exception {
        return site.verify("--bootstrap-server", site.broker().bootstrapServers(), "--topic", events);
    }

    /** Number of events received from the kernel, per run and namespace. */
    private static Map<String, Long> received() throws Exception {
        Map<String, Map<String, Long>> first = new HashMap<>();
        TopicSequences.walk(site.broker().bootstrapServers(), "conntrack.events", event -> {
            if (event.text("origin").equals("kernel")) {
                String run = event.text("netns") + " " + event.text("stream_epoch");
                first.computeIfAbsent(run, name -> new HashMap<>())
                        .put(event.zone() + "#" + event.text("sequence"), 1L); // once each
            }
            return true;
        });
        Map<String, Long> counts = new HashMap<>();
        first.forEach((run, events) -> counts.put(run, (long) events.size()));
        return counts;
    }

    @Test
    void everyLossIsDeclaredAndDeclaredLossesAreExact() throws Exception {
        FaultSite.Verdict verdict = verify("conntrack.events");
        assertThat(verdict.exitCode()).as(verdict::stderr).isZero();
        assertThat(verdict.report().path("undeclared").asLong(-1)).isZero();
        Map<String, Long> received = received();
        int stopped = 0;
        long sum = 0;
        for (JsonNode run : verdict.report().path("runs")) {
            String netns = run.path("netns").asText();
            if (netns.equals("host")) { // the collector's own namespace, which is not observed
                assertThat(run.path("kernel_lost").asLong()).isZero();
                continue;
            }
            long there =
                    received.getOrDefault(netns + " " + run.path("stream_epoch").asText(), -1L);
            long lost = run.path("kernel_lost").asLong();
            sum += lost;
            System.out.printf(
                    "loss proof: %s %s: in the topic %d, declared as lost by the kernel %d%n",
                    netns, run.path("end").asText(), there, lost);
            assertThat(run.path("loss_exact").asBoolean()).isTrue();
            assertThat(lost).isPositive();
            if (run.path("end").asText().equals("stopped")) {
                stopped++;
                assertThat(there + lost).as(netns).isEqualTo(OFFERED_AFTER);
                assertThat(run.path("kernel_lost_in_gaps").asLong()).isEqualTo(lost);
            } else {
                assertThat(lost).isGreaterThanOrEqualTo(DROPPED_BEFORE.getOrDefault(netns, 0L));
                assertThat(there + lost).isLessThanOrEqualTo(OFFERED_BEFORE.getOrDefault(netns, 0L));
                assertThat(run.path("end").asText()).isEqualTo("unclean");
            }
        }
        assertThat(stopped).isEqualTo(NAMESPACES);
        assertThat(verdict.report().path("runs")).hasSize(2 * (NAMESPACES + 1));
        assertThat(verdict.report().path("totals").path("kernel_lost").asLong()).isEqualTo(sum);
        assertThat(verdict.report().path("totals").path("declared_lost").asLong())
                .isEqualTo(sum + verdict.report().path("lost").path("restart").asLong());
    }

    @Test
    void namesABatchMissingFromTheMiddleOfAStream() throws Exception {
        TopicCopy.Batch middle = middle();
        topic.write("lacks-a-batch", middle::sameEvents);
        assertNames(verify("lacks-a-batch"), "hole", middle, middle.last());

        Path events = site.export("lacks-a-batch");
        Path control = site.export("conntrack.control");
        assertNames(
                site.verify("--file", events.toString(), "--file", control.toString()), "hole", middle, middle.last());
    }

    @Test
    void namesAMissingTailOfAStream() throws Exception {
        TopicCopy.Batch middle = middle();
        Predicate<TopicCopy.Batch> tail = batch -> batch.sameStream(middle) && batch.first() >= middle.first();
        topic.write("lacks-a-tail", tail);
        assertNames(verify("lacks-a-tail"), "tail", middle, lastOf(middle));
    }

    @Test
    void namesAMissingStream() throws Exception {
        TopicCopy.Batch middle = middle();
        TopicCopy.Batch first = topic.batches().stream()
                .filter(batch -> batch.sameStream(middle) && batch.first() == 0)
                .findFirst()
                .orElseThrow();
        topic.write("lacks-a-stream", first::sameStream);
        assertNames(verify("lacks-a-stream"), "stream", first, lastOf(first));
    }

    /** A batch from the middle of its stream, from the run that ended cleanly. */
    private static TopicCopy.Batch middle() {
        long epoch =
                topic.batches().stream().mapToLong(TopicCopy.Batch::epoch).max().orElseThrow();
        List<TopicCopy.Batch> ofRun = topic.batches().stream()
                .filter(batch -> batch.epoch() == epoch && batch.first() > 0)
                .toList();
        Map<String, Long> last = new HashMap<>();
        ofRun.forEach(batch -> last.merge(stream(batch), batch.last(), Math::max));
        List<TopicCopy.Batch> inner = ofRun.stream()
                .filter(batch -> batch.last() < last.getOrDefault(stream(batch), 0L))
                .toList();
        return inner.get(inner.size() / 2);
    }

    private static String stream(TopicCopy.Batch ofRun) {
        return ofRun.netns() + " " + ofRun.zone();
    }

    private static long lastOf(TopicCopy.Batch stream) {
        return topic.batches().stream()
                .filter(stream::sameStream)
                .mapToLong(TopicCopy.Batch::last)
                .max()
                .orElseThrow();
    }

    private static void assertNames(FaultSite.Verdict verdict, String kind, TopicCopy.Batch from, long last) {
        assertThat(verdict.exitCode()).as(verdict::stderr).isEqualTo(1);
        assertThat(verdict.report().path("undeclared").asLong()).isEqualTo(last - from.first() + 1);
        assertThat(verdict.report().path("holes")).singleElement().satisfies(hole -> {
            assertThat(hole.path("kind").asText()).isEqualTo(kind);
            assertThat(hole.path("netns").asText()).isEqualTo(from.netns());
            assertThat(hole.path("ct_zone").asInt()).isEqualTo(from.zone());
            assertThat(hole.path("stream_epoch").asLong()).isEqualTo(from.epoch());
            assertThat(hole.path("first_sequence").asLong()).isEqualTo(from.first());
            assertThat(hole.path("last_sequence").asLong()).isEqualTo(last);
        });
    }
}
