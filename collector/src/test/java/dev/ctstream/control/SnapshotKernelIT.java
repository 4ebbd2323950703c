package dev.ctstream.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.FlowMaker;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.conntrack.SubscriptionConfig;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.track.TrackConfig;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Entries that were in the table before the start are announced once, even under churn. */
class SnapshotKernelIT {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int MANY = Integer.getInteger("test.entries", 250_000); // of 262 144
    private static final int CHURN = 50; // fits into the smallest buffer that hosts grant
    private static final TrackConfig CONFIG =
            new TrackConfig(true, 0, 1_000_000, 60_000, false, TrackConfig.Timing.DEFAULT);

    private TestNamespace namespace;
    private FlowMaker maker;

    @BeforeEach
    void open() throws NetlinkException {
        namespace = TestNamespace.create();
        maker = FlowMaker.in(namespace.handle());
    }

    @AfterEach
    void close() throws NetlinkException {
        try (ConntrackTable table = ConntrackTable.open(namespace.handle())) {
            table.flush(new Flush.Everything());
        }
        maker.close();
        namespace.close();
    }

    @Test
    void aFullTableIsAnnouncedWithoutLossUnderChurn() throws Exception {
        maker.create(0, MANY, 0, 600);
        long start;
        int rounds = 0;
        try (TrackHarness harness = new TrackHarness(CONFIG).start()) {
            start = System.nanoTime();
            ObservedNamespace observed = harness.add(namespace, "host", BUFFER_BYTES);
            while (harness.control("SNAPSHOT_END").isEmpty()) {
                maker.create(MANY, CHURN, 7, 600);
                maker.delete(MANY, CHURN, 7);
                rounds++;
                harness.awaitReceived(
                        observed, 2L * rounds * CHURN); // the buffer is small, and the machine may be busy
                assertThat(System.nanoTime() - start).isLessThan(TrackHarness.PATIENCE.toNanos());
            }
            System.out.printf(
                    "snapshot: %d entries in %d ms, along with %d events%n",
                    MANY, (System.nanoTime() - start) / 1_000_000, 2 * rounds * CHURN);
            harness.stop();
            verifyEnd(harness, MANY);
            verifyOnce(harness);
            verifyNothingLost(harness);
        }
    }

    private static void verifyEnd(TrackHarness harness, long entries) {
        verifyNoExistingFollows(harness);
        assertThat(harness.kinds("host")).containsExactly("STARTED", "SNAPSHOT_BEGIN", "SNAPSHOT_END", "STOPPED");
        GenericRecord begin = harness.control("SNAPSHOT_BEGIN").get(0);
        GenericRecord end = harness.control("SNAPSHOT_END").get(0);
        assertThat(begin.get("reason")).hasToString("start");
        assertThat(end.get("snapshot_id")).isEqualTo(begin.get("snapshot_id"));
        assertThat(end.get("snapshot_complete")).isEqualTo(true);
        long existing = harness.events("EXISTING", "dump").size();
        assertThat(end.get("entries")).isEqualTo(existing);
        assertThat(harness.events(e -> e.type().equals("EXISTING") && e.zone() == 0))
                .hasSize((int) entries);
        long inStreams = ((List<?>) end.get("streams"))
                .stream()
                        .mapToLong(stream -> (Long) ((GenericRecord) stream).get("event_count"))
                        .sum();
        assertThat(inStreams).isEqualTo(existing);
    }

    /** Batches and control records share one log_index, which is the order in which they are appended. */
    private static void verifyNoExistingFollows(TrackHarness harness) {
        for (GenericRecord end : harness.control("SNAPSHOT_END")) {
            Object id = end.get("snapshot_id");
            assertThat(harness.events(event -> id.equals(event.record().get("snapshot_id"))))
                    .allMatch(event -> event.logIndex() < (Long) end.get("log_index"));
        }
    }

    /** No flow is announced twice or after its end. */
    private static void verifyOnce(TrackHarness harness) {
        Map<String, String> state = new HashMap<>();
        for (TrackHarness.Event event : harness.events(e -> true)) {
            String flow = event.zone() + " " + event.record().get("source_address") + " " + event.sourcePort() + " "
                    + event.record().get("ct_id");
            String before = state.put(flow, event.type());
            if (event.type().equals("DESTROY")) {
                assertThat(before).as("%s", event).isIn("NEW", "EXISTING");
            } else {
                assertThat(before).as("%s", event).isIn(null, "DESTROY"); // ids may be reused
            }
        }
    }

    private static void verifyNothingLost(TrackHarness harness) {
        GenericRecord stopped = harness.control("STOPPED").get(0);
        assertThat(stopped.get("kernel_drops")).isEqualTo(0L);
        assertThat(stopped.get("events_dropped")).isEqualTo(0L);
        harness.sequences().forEach((stream, sequences) -> {
            for (int i = 0; i < sequences.size(); i++) {
                assertThat(sequences.get(i)).as(stream).isEqualTo(i);
            }
        });
    }

    @Test
    void aRequestAnnouncesEverythingAgain() throws Exception {
        maker.create(0, 100, 3, 600);
        try (TrackHarness harness = new TrackHarness(CONFIG).start()) {
            harness.add(namespace, "host", BUFFER_BYTES);
            harness.await(
                    "first snapshot", () -> harness.control("SNAPSHOT_END").size() == 1);
            maker.create(100, 50, 0, 600);
            harness.await("NEW", () -> harness.events("NEW", "kernel").size() == 50);
            harness.snapshots.request();
            harness.await(
                    "second snapshot", () -> harness.control("SNAPSHOT_END").size() == 2);
            GenericRecord begin = harness.control("SNAPSHOT_BEGIN").get(1);
            GenericRecord end = harness.control("SNAPSHOT_END").get(1);
            assertThat(begin.get("reason")).hasToString("request");
            assertThat(end.get("entries")).isEqualTo(150L);
            Object id = end.get("snapshot_id");
            assertThat((Long) id)
                    .isGreaterThan((Long) harness.control("SNAPSHOT_END").get(0).get("snapshot_id"));
            assertThat(harness.events(e -> id.equals(e.record().get("snapshot_id"))))
                    .as("all are there before SNAPSHOT_END")
                    .hasSize(150);
            verifyNoExistingFollows(harness);
        }
    }

    @Test
    void theTableOfFinishedFlowsHasNoOpenFlowsAndNoSnapshots() throws Exception {
        TrackConfig finished = new TrackConfig(
                true,
                100,
                1_000,
                60_000,
                false,
                TrackConfig.Interim.OFF,
                false,
                new TrackConfig.Timing(200, 200, 200, 200));
        maker.create(0, 100, 0, 600);
        try (TrackHarness harness = new TrackHarness(finished).start()) {
            SubscriptionConfig destroy = new SubscriptionConfig(false, false, true, BUFFER_BYTES, false);
            ObservedNamespace observed = harness.add(namespace, "host", destroy, "start");
            harness.await(
                    "the ledger",
                    () -> harness.tracker.namespace(observed.socket()).counts().live() == 100);
            harness.snapshots.request();
            harness.awaitDumps(3);
            maker.delete(0, 100, 0);
            harness.awaitReceived(observed, 100);
            harness.stop();
            assertThat(harness.events(e -> true))
                    .hasSize(100)
                    .allMatch(e -> e.type().equals("DESTROY"));
            assertThat(harness.events(e -> e.record().get("begin_sequence") != null))
                    .isEmpty();
            assertThat(harness.kinds("host")).containsExactly("STARTED", "STOPPED");
        }
    }

    @Test
    void flowsWithANewAreNotInTheFirstSnapshot() throws Exception {
        try (TrackHarness harness = new TrackHarness(CONFIG)) {
            harness.add(namespace, "host", BUFFER_BYTES);
            maker.create(0, 100, 0, 600); // after subscribing, before the first read
            harness.start();
            harness.await("snapshot", () -> harness.control("SNAPSHOT_END").size() == 1);
            harness.stop();
            assertThat(harness.control("SNAPSHOT_END").get(0).get("entries")).isEqualTo(0L);
            assertThat(harness.events("NEW", "kernel")).hasSize(100);
            assertThat(harness.events("EXISTING", "dump")).isEmpty();
        }
    }

    @Test
    void aFullLedgerForwardsAndCountsFlows() throws Exception {
        TrackConfig small = new TrackConfig(true, 100, 80, 60_000, false, new TrackConfig.Timing(200, 200, 200, 200));
        maker.create(0, 100, 0, 600);
        try (TrackHarness harness = new TrackHarness(small).start()) {
            harness.add(namespace, "host", BUFFER_BYTES);
            harness.await("snapshot", () -> harness.control("SNAPSHOT_END").size() == 1);
            maker.create(100, 10, 0, 600);
            harness.awaitDumps(3);
            maker.delete(0, 110, 0);
            harness.stop();
            assertThat(harness.events("EXISTING", "dump")).hasSize(100); // not again with each dump
            assertThat(harness.events("NEW", "kernel")).hasSize(10);
            assertThat(harness.events("DESTROY", "kernel")).hasSize(110);
            assertThat(harness.events("DESTROY", "inferred")).isEmpty();
            GenericRecord stopped = harness.control("STOPPED").get(0);
            assertThat(stopped.get("flows_untracked")).isEqualTo(30L);
            assertThat(stopped.get("flows_live")).isEqualTo(0L);
        }
    }

    @Test
    void dumpsShowAsManyEntriesAsTheKernelCounts() throws NetlinkException {
        maker.create(0, 1_000, 0, 600);
        Set<Long> ids = new HashSet<>();
        try (ConntrackTable table = ConntrackTable.open(namespace.handle())) {
            table.dump(DumpFilter.ALL, entry -> ids.add(entry.id()));
            assertThat(ids).hasSize(1_000);
            assertThat(table.stats().entries()).isEqualTo(1_000);
        }
    }
}
