package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ctstream.cli.demo.DemoNetwork;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.read.TopicSequences;
import dev.ctstream.record.DecodedRecord;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A collector starts during mixed real traffic. Every connection that was open then or opened later, and has ended, is
 * closed in the topic; no live connection is.
 *
 * <p>Long form: {@code -Dclosure.seconds=60}. The traffic then goes on while the collector starts. It also ends
 * connections opened without a listener ({@code nf_conntrack_events=0}), for which the kernel sends no events, and
 * waits until they are closed as inferred.
 */
class LiveClosureKernelIT {
    private static final int SECONDS = Integer.getInteger("closure.seconds", 6);
    private static final boolean LONG = SECONDS >= 60;
    /** Connections to each server that are open from before the collector's start until the end or longer. */
    private static final int STANDING = 10;

    private static final Duration INFERRED_WITHIN = Duration.ofMinutes(8);
    private static final long BETWEEN_ROUNDS_NANOS = TimeUnit.MILLISECONDS.toNanos(LONG ? 40 : 120);

    @TempDir
    private Path folder;

    private final AtomicBoolean enough = new AtomicBoolean();
    private final AtomicBoolean paused = new AtomicBoolean();
    private final List<Runnable> silent = new ArrayList<>();
    private final Map<MixedTraffic.Key, TopicFlow> topic = new HashMap<>();
    private FaultSite site;
    private ConntrackTable table;

    /** The events of a connection in the topic. */
    private static final class TopicFlow {
        int opened;
        int closed;
        int inferred;
    }

    @BeforeEach
    void open() throws Exception {
        site = FaultSite.open(folder, 1);
        site.set("reconcile.interval-seconds", "10");
        table = ConntrackTable.open(site.namespace(0).handle());
    }

    @AfterEach
    void close() {
        table.close();
        site.close();
    }

    @Test
    void closesEndedConnectionsAndNoLiveOnes() throws Exception {
        CompletableFuture<MixedTraffic> ready = new CompletableFuture<>();
        CompletableFuture<Void> traffic = CompletableFuture.runAsync(() -> inside(ready));
        ready.get(FaultSite.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        if (!LONG) {
            pause();
        }
        final long before = System.nanoTime();
        site.startCollector();
        long after = System.nanoTime();
        paused.set(false);
        await().atMost(Duration.ofSeconds(SECONDS).plus(FaultSite.PATIENCE))
                .pollInterval(Duration.ofMillis(50))
                .failFast("the traffic has ended", traffic::isDone)
                .until(() -> entries().size() > 0 // a dump ends expired entries before they are too many for a buffer
                        && System.nanoTime() - after > TimeUnit.SECONDS.toNanos(SECONDS));
        enough.set(true);
        traffic.get(FaultSite.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        try (MixedTraffic made = ready.get()) {
            Set<MixedTraffic.Key> alive = awaitEnds(made);
            site.stopCollector();
            TopicSequences.walk(site.broker().bootstrapServers(), "conntrack.events", this::take);
            compare(made, alive, before, after);
            verify(alive.size());
        }
    }

    /**
     * Stops the traffic while the collector starts: a small receive buffer would overflow, and closing lost flows takes
     * more than a minute.
     */
    private void pause() {
        paused.set(true);
        int open = (STANDING + 1) * silent.size() + MixedTraffic.KEPT;
        await().atMost(FaultSite.PATIENCE).until(() -> entries().size() == open);
    }

    /**
     * Runs the traffic on a thread in the namespace: before and during the collector's start, and until there is
     * enough.
     */
    private void inside(CompletableFuture<MixedTraffic> ready) {
        try {
            site.namespace(0).call(() -> {
                try {
                    MixedTraffic traffic = MixedTraffic.open(DemoNetwork.create());
                    site.namespace(0).sysctl("nf_conntrack_events", "0");
                    silent.addAll(traffic.open());
                    site.namespace(0).sysctl("nf_conntrack_events", "1");
                    List<Runnable> standing = new ArrayList<>();
                    for (int i = 0; i < STANDING; i++) {
                        standing.addAll(traffic.open());
                    }
                    for (int round = 0; !enough.get(); round++) {
                        if (!paused.get()) {
                            traffic.round();
                        }
                        LockSupport.parkNanos(BETWEEN_ROUNDS_NANOS);
                        if (round == 30) {
                            ready.complete(traffic);
                        }
                    }
                    standing.subList(0, standing.size() / 2).forEach(Runnable::run);
                    if (LONG) {
                        silent.forEach(Runnable::run);
                    }
                } catch (IOException e) {
                    throw new CompletionException(e);
                }
                return 0;
            });
        } catch (NetlinkException | RuntimeException e) {
            ready.completeExceptionally(e);
            throw new CompletionException(e);
        }
    }

    /**
     * Waits until the kernel has only entries in use, and the collector has closed all flows that the kernel no longer
     * has.
     */
    private Set<MixedTraffic.Key> awaitEnds(MixedTraffic made) throws Exception {
        Set<MixedTraffic.Key> used = new HashSet<>();
        made.connections().stream()
                .filter(connection -> connection.endNanos == 0)
                .forEach(connection -> used.add(connection.key));
        assertThat(used).isNotEmpty();
        await().atMost(FaultSite.PATIENCE).until(() -> entries().equals(used));
        if (LONG) {
            await().atMost(INFERRED_WITHIN)
                    .until(() -> site.metric("ctstream_track_inferred_flows_total") >= silent.size());
        }
        await().atMost(FaultSite.PATIENCE).until(() -> site.metric("ctstream_track_live_flows") == used.size());
        return used;
    }

    private Set<MixedTraffic.Key> entries() throws NetlinkException {
        Set<MixedTraffic.Key> keys = new HashSet<>();
        table.dump(DumpFilter.ALL, entry -> keys.add(key(entry)));
        return keys;
    }

    private static MixedTraffic.Key key(FlowEvent entry) {
        int protocol = entry.original().protocol();
        boolean echo = protocol == 1 || protocol == 58;
        return new MixedTraffic.Key(
                protocol,
                address(entry, entry.original().sourceOffset()),
                echo ? entry.original().icmpId() : entry.original().sourcePort(),
                address(entry, entry.original().destinationOffset()));
    }

    private static String address(FlowEvent entry, int offset) {
        byte[] bytes = new byte[entry.original().addressLengthBytes()];
        entry.buffer().get(offset, bytes);
        try {
            return InetAddress.getByAddress(bytes).getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private boolean take(DecodedRecord event) {
        MixedTraffic.Key key = new MixedTraffic.Key(
                event.number("protocol").orElseThrow(),
                DemoNetwork.address(event.text("source_address")).getHostAddress(),
                event.number("source_port").or(() -> event.number("icmp_id")).orElseThrow(),
                DemoNetwork.address(event.text("destination_address")).getHostAddress());
        TopicFlow told = topic.computeIfAbsent(key, of -> new TopicFlow());
        if (!event.text("event_type").equals("DESTROY")) {
            told.opened++;
        } else if (event.text("origin").equals("inferred")) {
            told.inferred++;
        } else {
            told.closed++;
        }
        return true;
    }

    private void compare(MixedTraffic made, Set<MixedTraffic.Key> alive, long before, long after) {
        int openAtStart = 0;
        int later = 0;
        for (MixedTraffic.Connection connection : made.connections()) {
            TopicFlow told = topic.getOrDefault(connection.key, new TopicFlow());
            boolean wasOpen =
                    connection.beginNanos < before && (connection.endNanos == 0 || connection.endNanos > after);
            boolean wasOpenedLater = connection.beginNanos > after;
            openAtStart += wasOpen ? 1 : 0;
            later += wasOpenedLater ? 1 : 0;
            if (wasOpen || wasOpenedLater) {
                assertThat(told.opened).as("%s begins", connection.key).isEqualTo(1);
            }
            if (alive.contains(connection.key)) {
                assertThat(told.opened).as("%s begins", connection.key).isEqualTo(1);
                assertThat(told.closed + told.inferred)
                        .as("%s lives", connection.key)
                        .isZero();
            } else if (told.opened > 0) {
                assertThat(told.closed + told.inferred)
                        .as("%s ends", connection.key)
                        .isEqualTo(1);
            }
        }
        System.out.printf(
                "live closure: %d connections, open at the start %d, opened later %d, still open %d; closed: observed %d,"
                        + " inferred %d%n",
                made.connections().size(),
                openAtStart,
                later,
                alive.size(),
                topic.values().stream().mapToInt(told -> told.closed).sum(),
                topic.values().stream().mapToInt(told -> told.inferred).sum());
        assertThat(openAtStart).isGreaterThanOrEqualTo((STANDING + 1) * silent.size());
        assertThat(later).isPositive();
        Set<MixedTraffic.Key> unknown = new HashSet<>(topic.keySet());
        made.connections().forEach(connection -> unknown.remove(connection.key));
        assertThat(unknown).isEmpty();
    }

    private void verify(int alive) throws IOException {
        FaultSite.Verdict verdict = site.verifyTopics();
        assertThat(verdict.exitCode()).as(verdict::stderr).isZero();
        JsonNode flows = verdict.report().path("flows");
        assertThat(flows.path("open").asInt()).isEqualTo(alive);
        long lost = verdict.report().path("totals").path("kernel_lost").asLong(); // by a small buffer
        assertThat(flows.path("closed_inferred").asLong() - (LONG ? silent.size() : 0))
                .isBetween(0L, lost);
        assertThat(flows.path("repeated").asInt()).isZero();
    }
}
