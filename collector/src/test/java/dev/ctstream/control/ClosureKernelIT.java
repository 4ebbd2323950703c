package dev.ctstream.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FlowMaker;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.conntrack.SubscriptionConfig;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.nftables.ConntrackRuleset;
import dev.ctstream.track.TrackConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every announced flow is closed after its end, and no live flow is closed. */
class ClosureKernelIT {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int TINY_BUFFER_BYTES = 20_000;
    private static final long CLOSE_AFTER_MILLIS = 600;
    private static final int PACKET_FLOWS = 20;

    private TestNamespace namespace;
    private FlowMaker maker;

    private static TrackConfig config(long closeAfterMillis) {
        return new TrackConfig(
                true, 150, 100_000, 60_000, false, new TrackConfig.Timing(closeAfterMillis, 100, 200, 200));
    }

    @BeforeEach
    void open() throws NetlinkException {
        namespace = TestNamespace.create();
        maker = FlowMaker.in(namespace.handle());
    }

    @AfterEach
    void close() {
        maker.close();
        namespace.close();
    }

    private void flush() throws NetlinkException {
        try (ConntrackTable table = ConntrackTable.open(namespace.handle())) {
            table.flush(new Flush.Everything());
        }
    }

    /** The main case: the flows began without a listener, so the kernel never reports their end. */
    @Test
    void flowsThatBeganWithoutAListenerAreClosedWithTheirLastCounters() throws Exception {
        ConntrackRuleset.builder().build().install(namespace.handle());
        namespace.sysctl("nf_conntrack_events", "0");
        sendPackets(2);
        namespace.sysctl("nf_conntrack_events", "1");
        maker.create(0, 30, 0, 600); // these raise events
        try (TrackHarness harness = new TrackHarness(config(CLOSE_AFTER_MILLIS)).start()) {
            harness.add(namespace, "host", BUFFER_BYTES);
            harness.await("snapshot", () -> harness.events("EXISTING", "dump").size() == PACKET_FLOWS + 30);
            sendPackets(3); // the same flows: the last dump before the end shows 5 packets each
            harness.awaitDumps(2);
            flush();
            harness.await("closure", () -> harness.events("DESTROY", "inferred").size() == PACKET_FLOWS);
            harness.awaitDumps(3);
            harness.stop();
            List<TrackHarness.Event> inferred = harness.events("DESTROY", "inferred");
            assertThat(inferred).hasSize(PACKET_FLOWS).allSatisfy(event -> {
                assertThat(event.sourcePort()).isGreaterThanOrEqualTo(20_000);
                assertThat(event.record().get("packets_original")).isEqualTo(5L);
                assertThat(event.record().get("bytes_original")).isEqualTo(5L * (20 + 8 + 4));
                assertThat(event.record().get("start_time_ns")).isNotNull();
                assertThat(event.record().get("stop_time_ns")).isNull();
                assertThat(event.record().get("requester_port_id")).isEqualTo(0L);
            });
            assertThat(harness.events("DESTROY", "kernel")).hasSize(30);
            assertThat(harness.control("STOPPED").get(0).get("flows_live")).isEqualTo(0L);
        }
    }

    /** Sends {@code packets} packets of 4 bytes from each port, starting at port 20000. */
    private void sendPackets(int packets) throws NetlinkException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        namespace.call(() -> {
            for (int port = 20_000; port < 20_000 + PACKET_FLOWS; port++) {
                try (DatagramChannel channel = DatagramChannel.open(java.net.StandardProtocolFamily.INET)
                        .bind(new InetSocketAddress(loopback, port))) {
                    for (int i = 0; i < packets; i++) {
                        channel.send(ByteBuffer.allocate(4), new InetSocketAddress(loopback, 9));
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            return 0;
        });
    }

    @Test
    void flowsWhoseEndWasLostAreClosed() throws Exception {
        int flows = 3_000;
        try (TrackHarness harness = new TrackHarness(config(CLOSE_AFTER_MILLIS)).start()) {
            harness.add(namespace, "host", TINY_BUFFER_BYTES);
            harness.hanging = true;
            maker.create(0, flows, 0, 600); // most NEW are lost: the dump after the GAP finds the flows
            harness.hanging = false;
            harness.await(
                    "announcement",
                    () -> harness.events("NEW", "kernel").size()
                                    + harness.events("EXISTING", "dump").size()
                            == flows);
            harness.hanging = true;
            flush(); // most DESTROY are lost
            harness.hanging = false;
            harness.await("closure", () -> ended(harness).size() == flows);
            harness.awaitDumps(2);
            harness.stop();
            long inferred = harness.events("DESTROY", "inferred").size();
            assertThat(inferred).isPositive();
            assertThat(inferred + harness.events("DESTROY", "kernel").size()).isEqualTo(flows);
            GenericRecord stopped = harness.control("STOPPED").get(0);
            assertThat((Long) stopped.get("events_received") + (Long) stopped.get("lost_total"))
                    .isEqualTo(2L * flows);
            assertThat(stopped.get("flows_live")).isEqualTo(0L);
        }
    }

    private static Set<String> ended(TrackHarness harness) {
        Set<String> flows = new HashSet<>();
        harness.events(e -> e.type().equals("DESTROY"))
                .forEach(e -> flows.add(e.record().get("source_address") + ":" + e.sourcePort()));
        return flows;
    }

    /** New, deleted, expired and long-lived flows, some without events. No flow is closed before the kernel's DESTROY. */
    @Test
    void underChurnNoLiveFlowAndNoFlowWithAPendingDestroyIsClosed() throws Exception {
        long churnMillis = Long.getLong("test.churnMillis", 6_000);
        namespace.sysctl("nf_conntrack_events", "0");
        maker.create(10_000_000, 100, 0, 600); // no events, and they stay
        namespace.sysctl("nf_conntrack_events", "1");
        try (TrackHarness harness = new TrackHarness(config(3_000)).start()) {
            ObservedNamespace observed = harness.add(namespace, "host", BUFFER_BYTES);
            SplittableRandom random = new SplittableRandom(5);
            int next = 0;
            long start = System.nanoTime();
            while (System.nanoTime() - start < churnMillis * 1_000_000) {
                maker.create(next, 40, random.nextInt(3), 1 + random.nextInt(2)); // expire
                int zone = 3 + random.nextInt(3);
                maker.create(next + 40, 20, zone, 600);
                maker.delete(next + 40, 19, zone); // one stays
                next += 60;
                harness.awaitReceived(observed, next);
                LockSupport.parkNanos(20_000_000);
            }
            int ending = next - next / 60;
            // Expired entries end in bursts, which may overrun a small buffer. The end is then inferred later.
            harness.await(
                    "ends",
                    () -> harness.events(e -> e.type().equals("DESTROY")).size() >= ending);
            harness.awaitDumps(2);
            harness.stop();
            verifyChurn(harness, ending, 100 + next / 60);
        }
    }

    private static void verifyChurn(TrackHarness harness, int ending, long staying) {
        GenericRecord stopped = harness.control("STOPPED").get(0);
        long lost = (Long) stopped.get("lost_total");
        int inferred = harness.events("DESTROY", "inferred").size();
        System.out.printf(
                "churn: %d flows ended, %d inferred, %d events lost, %.0f dumps%n",
                ending, inferred, lost, harness.metric("ctstream_control_dumps_total"));
        assertThat(harness.events(e -> e.type().equals("DESTROY"))).hasSize(ending);
        assertThat(ended(harness)).hasSize(ending); // each flow once
        assertThat((long) inferred).isLessThanOrEqualTo(lost);
        assertThat(stopped.get("flows_live")).isEqualTo(staying);
    }

    @Test
    void removingANamespaceClosesItsFlows() throws Exception {
        maker.create(0, 500, 0, 600);
        try (TestNamespace other = TestNamespace.create();
                FlowMaker otherMaker = FlowMaker.in(other.handle());
                TrackHarness harness = new TrackHarness(config(70_000)).start()) {
            otherMaker.create(0, 40, 0, 600);
            ObservedNamespace observed = harness.add(namespace, "gone", BUFFER_BYTES);
            harness.add(other, "stays", SubscriptionConfig.standard(), "namespace-added");
            harness.await("snapshots", () -> harness.events("EXISTING", "dump").size() == 540);
            maker.create(500, 500, 9, 600);
            harness.await("NEW", () -> harness.events("NEW", "kernel").size() == 500);
            harness.remove(observed, true);
            harness.await("STOPPED", () -> harness.control("STOPPED", "gone").size() == 1);
            assertThat(harness.kinds("gone")).containsExactly("STARTED", "SNAPSHOT_BEGIN", "SNAPSHOT_END", "STOPPED");
            assertThat(harness.events("DESTROY", "inferred"))
                    .hasSize(1_000)
                    .allMatch(event -> event.netns().equals("gone"));
            GenericRecord stopped = harness.control("STOPPED", "gone").get(0);
            assertThat(stopped.get("reason")).hasToString("namespace-removed");
            assertThat(stopped.get("events_sequenced")).isEqualTo(2_000L);
            assertThat(stopped.get("flows_live")).isEqualTo(0L);
            harness.stop();
            assertThat(harness.control("STOPPED", "stays").get(0).get("flows_live"))
                    .isEqualTo(40L);
            assertThat(harness.events("DESTROY", "inferred")).hasSize(1_000); // a stop closes nothing
        }
    }
}
