package dev.ctstream.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.FlowMaker;
import dev.ctstream.conntrack.SubscriptionConfig;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.metrics.Check;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.TrackConfig;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The records at the start and the end of a run, and those in between. */
class ControlKernelIT {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int HEARTBEAT_MILLIS = 100;
    private static final RunIdentity EARLIER = new RunIdentity("host-1", "boot-0", 77);

    private TestNamespace namespace;

    private static TrackConfig config(boolean manageSysctls) {
        return new TrackConfig(false, 0, 1_000, HEARTBEAT_MILLIS, manageSysctls, TrackConfig.Timing.DEFAULT);
    }

    @BeforeEach
    void open() throws NetlinkException {
        namespace = TestNamespace.create();
    }

    @AfterEach
    void close() {
        namespace.close();
    }

    @Test
    void aRunReportsItsStartItsEndAndHeartbeatsEvenWhenIdle() throws Exception {
        try (TrackHarness harness = new TrackHarness(config(false));
                FlowMaker maker = FlowMaker.in(namespace.handle())) {
            harness.start();
            harness.add(namespace, "host", BUFFER_BYTES);
            maker.create(0, 25, 3, 600);
            harness.await("events", () -> harness.count("host") == 25);
            long before = harness.control("HEARTBEAT").size();
            harness.await("heartbeats", () -> harness.control("HEARTBEAT").size() >= before + 4);
            harness.stop();
            verifyStarted(harness.control("STARTED").get(0));
            List<GenericRecord> reports = harness.control("HEARTBEAT");
            GenericRecord last = reports.get(reports.size() - 1);
            verifyReport(last);
            assertThat((List<?>) last.get("streams")).isEmpty(); // no stream advanced
            GenericRecord stopped = harness.control("STOPPED").get(0);
            verifyReport(stopped);
            assertThat(stopped.get("streams_complete")).isEqualTo(true);
            assertThat((List<?>) stopped.get("streams")).singleElement().satisfies(stream -> {
                assertThat(((GenericRecord) stream).get("ct_zone")).isEqualTo(3);
                assertThat(((GenericRecord) stream).get("next_sequence")).isEqualTo(25L);
            });
            assertThat(harness.kinds("host")).containsExactly("STARTED", "STOPPED");
            verifyControlSequences(harness);
        }
    }

    /** Otherwise a run that is killed early leaves events that no record attributes to a run. */
    @Test
    void startedPrecedesEventsThatWaitedInTheSocket() throws Exception {
        int flows = 1_500; // three batches at once
        try (TrackHarness harness = new TrackHarness(config(false));
                FlowMaker maker = FlowMaker.in(namespace.handle())) {
            SubscriptionConfig subscription = new SubscriptionConfig(true, false, true, BUFFER_BYTES, false);
            EventSocket socket = EventSocket.open(namespace.handle(), "host", subscription);
            maker.create(0, flows, 3, 600);
            harness.add(new ObservedNamespace(socket, namespace.handle()), "start");
            harness.start(); // so that the first pass reads all events
            harness.await("events", () -> harness.count("host") == flows);
            harness.stop();
            assertThat(harness.order().stream().filter(kind -> !kind.equals("HEARTBEAT")))
                    .startsWith("STARTED", TrackHarness.EVENTS);
        }
    }

    private static void verifyStarted(GenericRecord started) {
        assertThat(started.get("reason")).hasToString("start");
        assertThat(started.get("previous_epoch")).isNull();
        assertThat((Long) started.get("receive_buffer_bytes")).isPositive();
        assertThat(started.get("sysctl_events")).isEqualTo(1);
        assertThat(started.get("sysctls_changed")).isNull();
    }

    private static void verifyReport(GenericRecord report) {
        assertThat(report.get("events_sequenced")).isEqualTo(25L);
        assertThat(report.get("events_received")).isEqualTo(25L);
        assertThat(report.get("stream_count")).isEqualTo(1);
        assertThat(report.get("lost_total")).isEqualTo(0L);
        assertThat(report.get("kernel_drops")).isEqualTo(0L);
        assertThat(report.get("loss_exact")).isEqualTo(true);
        assertThat(report.get("flows_live")).isEqualTo(25L);
        assertThat(report.get("table_count")).isEqualTo(25L);
        assertThat((Long) report.get("table_max")).isPositive();
        assertThat((Map<?, ?>) report.get("cpu_stats")).isNotEmpty();
        assertThat(report.get("delivery_mode")).hasToString("counted");
        assertThat(String.valueOf(report.get("clock_state"))).isIn("synchronized", "unsynchronized");
        assertThat(report.get("clock_step_ns")).isNotNull();
    }

    private static void verifyControlSequences(TrackHarness harness) {
        long expected = 0;
        for (GenericRecord record : harness.control()) {
            assertThat(record.get("control_sequence")).isEqualTo(expected++);
        }
    }

    @Test
    void anUncleanEndOfThePreviousRunIsReportedAndDeclared() throws Exception {
        RunDescription.PreviousRun previous = new RunDescription.PreviousRun(EARLIER, 1_000, false, List.of());
        try (TrackHarness harness = new TrackHarness(config(false), DeliveryGuard.Limits.DEFAULT, previous)) {
            harness.start();
            harness.add(namespace, "host", BUFFER_BYTES);
            harness.stop();
            assertThat(harness.kinds("host")).containsExactly("STARTED", "GAP", "STOPPED");
            GenericRecord started = harness.control("STARTED").get(0);
            assertThat(started.get("previous_epoch")).isEqualTo(77L);
            assertThat(started.get("previous_boot_id")).hasToString("boot-0");
            assertThat(started.get("preceding_epoch")).isEqualTo(77L);
            GenericRecord gap = harness.control("GAP").get(0);
            assertThat(gap.get("cause")).hasToString("restart");
            assertThat(gap.get("lost_count")).isNull();
            assertThat(gap.get("gap_stream_epoch")).isEqualTo(77L);
            assertThat(gap.get("gap_boot_id")).hasToString("boot-0");
            assertThat(gap.get("gap_netns")).hasToString("host");
            assertThat(gap.get("gap_netns_id")).isEqualTo(gap.get("netns_id"));
            assertThat(gap.get("window_start_ns")).isEqualTo(1_000L);
            assertThat(gap.get("window_end_ns")).isEqualTo(started.get("stream_epoch"));
        }
    }

    @Test
    void aCleanEndOfThePreviousRunIsNamedAndDeclaresNothing() throws Exception {
        RunDescription.PreviousRun previous = new RunDescription.PreviousRun(EARLIER, 1_000, true, List.of());
        try (TrackHarness harness = new TrackHarness(config(false), DeliveryGuard.Limits.DEFAULT, previous)) {
            harness.start();
            harness.add(namespace, "host", BUFFER_BYTES);
            harness.stop();
            assertThat(harness.kinds("host")).containsExactly("STARTED", "STOPPED");
            GenericRecord started = harness.control("STARTED").get(0);
            assertThat(started.get("preceding_epoch")).isEqualTo(77L);
            assertThat(started.get("preceding_boot_id")).hasToString("boot-0");
            assertThat(started.get("previous_epoch")).isNull();
        }
    }

    @Test
    void aNamespaceThatIsAddedLaterDeclaresNoRestart() throws Exception {
        RunDescription.PreviousRun previous = new RunDescription.PreviousRun(EARLIER, 1_000, false, List.of());
        try (TrackHarness harness = new TrackHarness(config(false), DeliveryGuard.Limits.DEFAULT, previous)) {
            harness.start();
            harness.add(namespace, "later", SubscriptionConfig.standard(), "namespace-added");
            harness.stop();
            assertThat(harness.kinds("later")).containsExactly("STARTED", "STOPPED");
            GenericRecord started = harness.control("STARTED").get(0);
            assertThat(started.get("preceding_epoch")).isEqualTo(77L);
            assertThat(started.get("previous_epoch")).isNull();
        }
    }

    @Test
    void withAFullOutboxStartedIsAwaitedAndHeartbeatsAreLeftOut() throws Exception {
        try (TrackHarness harness = new TrackHarness(config(false))) {
            StreamId filler = StreamId.control("filler", "0");
            ControlRecord mode = new ControlRecord.Mode("counted", "reliable", "filler");
            while (harness.outbox.offer(filler, mode, 0)) {
                Thread.onSpinWait();
            }
            CompletableFuture<Void> added = CompletableFuture.runAsync(() -> {
                try {
                    harness.add(namespace, "host", BUFFER_BYTES);
                } catch (NetlinkException e) {
                    throw new UncheckedIOException(e);
                }
            });
            harness.startAllButSpool();
            await().during(Duration.ofMillis(3 * HEARTBEAT_MILLIS))
                    .atMost(Duration.ofMinutes(1))
                    .until(() -> !added.isDone() && harness.metric("ctstream_control_heartbeats_total") == 0);
            harness.startSpool();
            added.get(1, TimeUnit.MINUTES);
            harness.await("heartbeat", () -> !harness.control("HEARTBEAT").isEmpty());
            harness.stop();
            assertThat(harness.control("STARTED", "host").get(0).get("control_sequence"))
                    .isEqualTo(0L);
            assertThat(harness.kinds("host")).containsExactly("STARTED", "STOPPED");
            assertThat(harness.kinds("filler")).hasSize(ControlOutbox.CAPACITY);
        }
    }

    @Test
    void closingTheReporterEndsTheWaitForTheOutbox() throws Exception {
        try (TrackHarness harness = new TrackHarness(config(false))) {
            ControlRecord mode = new ControlRecord.Mode("counted", "reliable", "filler");
            while (harness.outbox.offer(StreamId.control("filler", "0"), mode, 0)) {
                Thread.onSpinWait();
            }
            try (EventSocket socket = EventSocket.open(namespace.handle(), "host", SubscriptionConfig.standard())) {
                ObservedNamespace observed = new ObservedNamespace(socket, namespace.handle());
                CompletableFuture<Void> added =
                        CompletableFuture.runAsync(() -> harness.control.added(observed, "start"));
                harness.control.close();
                added.get(1, TimeUnit.MINUTES);
                assertThat(harness.control.stopped("stop", 50)).isFalse();
            }
            harness.start();
        }
    }

    @Test
    void sysctlsThatTheRecordsNeedAreReportedOrSet() throws Exception {
        namespace.sysctl("nf_conntrack_events", "2");
        namespace.sysctl("nf_conntrack_acct", "0");
        namespace.sysctl("nf_conntrack_timestamp", "0");
        assertThat(Check.remarks(Sysctls.checks("blue", Sysctls.read(namespace.handle()), false)))
                .containsExactly(
                        "nf_conntrack_events (netns blue): 2, wanted 1: a flow that starts while no collector runs raises no"
                                + " event, also not at its end; sysctl -w net.netfilter.nf_conntrack_events=1 in that"
                                + " namespace, or set sysctl.manage=true",
                        "nf_conntrack_acct (netns blue): 0, wanted 1: new flows have no packet and byte counters; sysctl -w"
                                + " net.netfilter.nf_conntrack_acct=1 in that namespace, or set sysctl.manage=true",
                        "nf_conntrack_timestamp (netns blue): 0, wanted 1: new flows have no start, stop and event times;"
                                + " sysctl -w net.netfilter.nf_conntrack_timestamp=1 in that namespace, or set"
                                + " sysctl.manage=true");
        assertThat(Check.remarks(Sysctls.checks("blue", Sysctls.read(namespace.handle()), true)))
                .isEmpty();
        try (TrackHarness harness = new TrackHarness(config(true))) {
            harness.start();
            harness.add(namespace, "host", BUFFER_BYTES);
            harness.stop();
            GenericRecord started = harness.control("STARTED").get(0);
            assertThat(started.get("sysctl_events")).isEqualTo(1);
            assertThat(started.get("sysctl_acct")).isEqualTo(1);
            assertThat(started.get("sysctl_timestamp")).isEqualTo(1);
            assertThat(String.valueOf(started.get("sysctls_changed")))
                    .contains("nf_conntrack_events", "2", "nf_conntrack_acct", "nf_conntrack_timestamp", "0");
        }
        assertThat(Check.remarks(Sysctls.checks("blue", Sysctls.read(namespace.handle()), false)))
                .isEmpty();
    }

    @Test
    void entriesOfTheTableAreCountedPerNamespace() throws NetlinkException {
        SubscriptionConfig subscription = new SubscriptionConfig(true, false, true, BUFFER_BYTES, false);
        try (EventSocket socket = EventSocket.open(namespace.handle(), "test", subscription);
                TableCounters counters =
                        new TableCounters(new ObservedNamespace(socket, namespace.handle()), StageClock.HOST);
                FlowMaker maker = FlowMaker.in(namespace.handle());
                ConntrackTable table = ConntrackTable.open(namespace.handle())) {
            assertThat(counters.read().count()).isEqualTo(0);
            maker.create(0, 7, 0, 600);
            assertThat(counters.read().count()).isEqualTo(7);
            assertThat(counters.read().max()).isEqualTo(table.stats().maxEntries());
        }
    }

    @Test
    void anotherReliableSocketMakesLossesAnUpperBound() throws Exception {
        try (TrackHarness harness = new TrackHarness(config(false)).start();
                NetlinkSocket other = NetlinkSocket.open(namespace.handle(), NetlinkSocket.NETLINK_NETFILTER)) {
            harness.add(namespace, "host", BUFFER_BYTES);
            harness.await("exact", () -> lastHeartbeatExact(harness, true));
            other.setOption(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_BROADCAST_ERROR, 1);
            harness.await("upper bound", () -> lastHeartbeatExact(harness, false));
        }
    }

    private static boolean lastHeartbeatExact(TrackHarness harness, boolean exact) {
        List<GenericRecord> reports = harness.control("HEARTBEAT");
        return !reports.isEmpty()
                && reports.get(reports.size() - 1).get("loss_exact").equals(exact);
    }
}
