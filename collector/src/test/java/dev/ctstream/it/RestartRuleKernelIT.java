package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.FlowMaker;
import dev.ctstream.read.TopicSequences;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.FlowFollower;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Flows that end while no collector runs: {@code verify} and {@link FlowFollower} report exactly these as ended by the
 * restart.
 */
class RestartRuleKernelIT {
    /** Flows {@code [0, 100)} are in zone 0, {@code [100, 200)} in zone 1 and so on. */
    private static final int IN_ZONE = 100;

    private static final int ZONES = 4;

    @TempDir
    private Path folder;

    private FaultSite site;
    private FlowMaker maker;
    private ConntrackTable table;
    private final Set<Long> endedMeanwhile = new TreeSet<>();

    @BeforeEach
    void open() throws Exception {
        site = FaultSite.open(folder, 1);
        maker = FlowMaker.in(site.namespace(0).handle());
        table = ConntrackTable.open(site.namespace(0).handle());
    }

    @AfterEach
    void close() {
        table.close();
        maker.close();
        site.close();
    }

    @Test
    void restartEndsFlowsThatEndedWhileNoCollectorRan() throws Exception {
        site.startCollector();
        for (int zone = 0; zone < ZONES; zone++) {
            maker.create(zone * IN_ZONE, IN_ZONE, zone, 600);
            awaitReceived((zone + 1) * IN_ZONE); // the smallest receive buffer holds 332 events
        }
        maker.delete(0, 10, 0); // observed
        awaitPublished(ZONES * IN_ZONE + 10);
        site.killCollector();

        endWhileStopped(50, 20, 0);
        endWhileStopped(IN_ZONE, IN_ZONE, 1); // the whole zone, so the next run has no stream for it
        endWhileStopped(2 * IN_ZONE, 30, 2);
        maker.create(2 * IN_ZONE, 10, 2, 600); // the same tuples again, but other flows
        maker.create(ZONES * IN_ZONE, 40, ZONES, 600); // started and alive
        maker.create((ZONES + 1) * IN_ZONE, 40, 0, 600); // started and ended, never observed
        maker.delete((ZONES + 1) * IN_ZONE, 40, 0);

        site.startCollector();
        awaitPublished(0);
        maker.delete(10, 20, 0); // observed
        maker.delete(3 * IN_ZONE, 5, 3);
        awaitPublished(25);
        site.stopCollector();
        verify();
        follow();
    }

    private void endWhileStopped(int from, int count, int zone) throws Exception {
        maker.delete(from, count, zone);
        for (long flow = from; flow < from + count; flow++) {
            endedMeanwhile.add(FlowMaker.sourcePort((int) flow) - 1L);
        }
    }

    private void awaitReceived(int events) {
        await().atMost(FaultSite.PATIENCE).until(() -> site.metric("ctstream_receive_events_total") >= events);
    }

    /** Waits until the snapshot and {@code events} more events are received and acknowledged by Kafka. */
    private void awaitPublished(int events) {
        awaitReceived(events);
        await().atMost(FaultSite.PATIENCE)
                .until(() -> site.metric("ctstream_control_dumps_total") > 0
                        && site.metric("ctstream_spool_unacknowledged_batches") == 0);
    }

    private void verify() throws Exception {
        FaultSite.Verdict verdict = site.verifyTopics();
        assertThat(verdict.exitCode()).as(verdict::stderr).isZero();
        JsonNode flows = verdict.report().path("flows");
        Set<Long> alive = new HashSet<>();
        table.dump(DumpFilter.ALL, entry -> alive.add(entry.id()));
        System.out.printf(
                "restart rule: %d flows, ended: observed %d, by the restart %d; open %d, in the table %d%n",
                flows.path("opened_new").asLong()
                        + flows.path("opened_existing").asLong(),
                flows.path("closed_observed").asLong(),
                flows.path("closed_by_restart").asLong(),
                flows.path("open").asLong(),
                alive.size());
        assertThat(flows.path("closed_by_restart").asLong()).isEqualTo(endedMeanwhile.size());
        assertThat(flows.path("closed_observed").asLong()).isEqualTo(10 + 25);
        assertThat(flows.path("closed_inferred").asLong()).isZero();
        assertThat(flows.path("opened_new").asLong()).isEqualTo(ZONES * IN_ZONE);
        assertThat(flows.path("opened_existing").asLong()).isEqualTo(10 + 40);
        assertThat(flows.path("open").asLong()).isEqualTo(alive.size());
    }

    /** Applies the consumer's rule to both topics. */
    private void follow() throws Exception {
        Map<Long, Long> flowOfKey = new HashMap<>();
        Set<Long> ended = new TreeSet<>();
        FlowFollower follower = new FlowFollower(100, 1 << 20, new FlowFollower.Listener() {
            @Override
            public void onEvent(DecodedRecord event, long flowKey) {
                flowOfKey.put(flowKey, event.number("source_port").orElseThrow() - 1);
            }

            @Override
            public void onEndedByRestart(long flowKey, String hostId, String netns, long streamEpoch) {
                assertThat(ended.add(flowOfKey.getOrDefault(flowKey, -1L))).isTrue();
            }
        });
        for (String topic : new String[] {"conntrack.events", "conntrack.control"}) {
            TopicSequences.walk(site.broker().bootstrapServers(), topic, event -> {
                follower.accept(event);
                return true;
            });
        }
        assertThat(ended).isEqualTo(endedMeanwhile);
        assertThat(follower.openFlows()).isEqualTo(ZONES * IN_ZONE + 50 - 35 - endedMeanwhile.size());
    }
}
