package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ctstream.conntrack.EventLoad;
import dev.ctstream.read.TopicSequences;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The broker stops under a steady load and comes back: the spool grows, the collector's memory does not, and the
 * backlog drains in order.
 *
 * <p>Long form, which also checks rates and memory: {@code mvn verify -Pcrash-matrix -Dit.test=OutageKernelIT
 * -Doutage.minutes=10}, on an otherwise idle machine.
 */
class OutageKernelIT {
    private static final int MINUTES = Integer.getInteger("outage.minutes", 0);
    private static final boolean LONG = MINUTES > 0;
    private static final int EVENTS_PER_SECOND = 20_000;
    private static final Duration WARM_UP = LONG ? Duration.ofMinutes(1) : Duration.ofSeconds(2);
    private static final Duration OUTAGE = LONG ? Duration.ofMinutes(MINUTES) : Duration.ofSeconds(5);
    private static final Duration DRAIN = OUTAGE.plus(FaultSite.PATIENCE);
    /** Upper bound of open and in-flight batches at this load. */
    private static final int FEW_BATCHES = 30;

    private static final String RECEIVED = "ctstream_receive_events_total";
    private static final String DROPS = "ctstream_receive_kernel_dropped_events_total";
    private static final String ACKNOWLEDGED = "ctstream_publish_acknowledged_events_total";
    private static final String BACKLOG = "ctstream_spool_unacknowledged_batches";
    private static final double MIB = 1 << 20;

    @TempDir
    private Path folder;

    private FaultSite site;
    private EventLoad load;
    private double mostRssBytes;
    private double mostSpoolBytes;

    @BeforeEach
    void open() throws IOException {
        site = FaultSite.open(folder, 1);
        site.set("spool.max-bytes", "64 GiB");
        site.startCollector();
        load = EventLoad.start(site.namespace(0).handle(), EVENTS_PER_SECOND);
    }

    @AfterEach
    void close() {
        load.close();
        site.close();
    }

    @Test
    void backlogWaitsOnDiskAndDrainsInOrder() throws Exception {
        observe(WARM_UP, () -> false);
        await().atMost(FaultSite.PATIENCE).until(() -> site.metric(ACKNOWLEDGED) > 0);
        double rssBefore = mostRssBytes;

        site.broker().stop();
        mostRssBytes = 0;
        final double receivedBefore = site.metric(RECEIVED);
        final long begin = System.nanoTime();
        observe(OUTAGE, () -> false);
        double eventsPerSecond = (site.metric(RECEIVED) - receivedBefore) / seconds(begin);
        System.out.printf(
                "outage: %.0f s, %.0f events/s in, spool %.0f MiB, RSS before %.0f MiB, most during %.0f MiB%n",
                seconds(begin), eventsPerSecond, mostSpoolBytes / MIB, rssBefore / MIB, mostRssBytes / MIB);

        final double growthBytes = mostRssBytes - rssBefore;
        double drainPerSecond = drain();
        System.out.printf(
                "outage: drained at %.0f events/s, %.1f times the incoming rate; RSS most until then %.0f MiB%n",
                drainPerSecond, drainPerSecond / eventsPerSecond, mostRssBytes / MIB);
        compare();
        if (LONG) {
            assertThat(eventsPerSecond).isGreaterThan(EVENTS_PER_SECOND * 0.99);
            assertThat(growthBytes).isLessThan(50 * MIB);
            assertThat(drainPerSecond).isGreaterThan(5 * eventsPerSecond);
        }
    }

    /** Starts the broker and waits until only live events are left; returns the events acknowledged per second. */
    private double drain() throws IOException {
        double before = site.metric(ACKNOWLEDGED);
        final long start = System.nanoTime();
        site.broker().start();
        observe(DRAIN, () -> site.metric(ACKNOWLEDGED) > before);
        assertThat(site.metric(ACKNOWLEDGED)).isGreaterThan(before);
        final double first = site.metric(ACKNOWLEDGED);
        final long begin = System.nanoTime();
        System.out.printf("outage: acknowledged again %.1f s after the broker's start%n", seconds(start));
        observe(DRAIN, () -> site.metric(BACKLOG) <= FEW_BATCHES);
        assertThat(site.metric(BACKLOG)).isLessThanOrEqualTo(FEW_BATCHES);
        return (site.metric(ACKNOWLEDGED) - first) / seconds(begin);
    }

    private void compare() throws Exception {
        load.stop();
        await().atMost(FaultSite.PATIENCE).until(() -> site.metric(RECEIVED) + site.metric(DROPS) >= load.offered());
        double received = site.metric(RECEIVED);
        double drops = site.metric(DROPS);
        assertThat(received + drops).isEqualTo((double) load.offered());
        site.stopCollector();

        TopicSequences topic = TopicSequences.read(site.broker().bootstrapServers(), "conntrack.events");
        long published = TopicSequences.countEvents(topic.streams());
        FaultSite.Verdict verdict = site.verifyTopics();
        JsonNode totals = verdict.report().path("totals");
        long lost = verdict.report().path("undeclared").asLong()
                + totals.path("declared_lost").asLong()
                - totals.path("kernel_lost").asLong();
        System.out.printf(
                "outage: offered %d, receive drops %.0f, published %d, lost %d, reordered %d, duplicates %d%n",
                load.offered(), drops, published, lost, topic.reordered(), topic.duplicates());
        assertThat(verdict.exitCode()).as(verdict::stderr).isZero();
        assertThat(lost).isZero();
        assertThat(published).isEqualTo(totals.path("present").asLong());
        assertThat((double) published).isGreaterThanOrEqualTo(received); // dumps after drops add events
        topic.streams()
                .forEach((stream, sequences) ->
                        assertThat(sequences.nextClearBit(0)).as(stream).isEqualTo(sequences.length()));
        assertThat(topic.reordered()).isZero();
        if (LONG) {
            assertThat(drops).isZero();
        }
    }

    /** Observes memory and disk until the condition holds, at most for {@code atMost}. */
    private void observe(Duration atMost, BooleanSupplier condition) {
        long end = System.nanoTime() + atMost.toNanos();
        await().pollInterval(Duration.ofMillis(200))
                .atMost(atMost.plus(FaultSite.PATIENCE))
                .until(() -> {
                    mostRssBytes = Math.max(mostRssBytes, rssBytes());
                    mostSpoolBytes = Math.max(mostSpoolBytes, site.metric("ctstream_spool_size_bytes"));
                    return condition.getAsBoolean() || System.nanoTime() - end >= 0;
                });
    }

    private double rssBytes() {
        Path status = Path.of("/proc", Long.toString(site.collector().pid()), "status");
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double seconds(long sinceNanos) {
        return (System.nanoTime() - sinceNanos) / 1e9;
    }
}
