package dev.ctstream.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FlowMaker;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.conntrack.SubscriptionConfig;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.track.TrackConfig;
import java.util.List;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** delivery=reliable: every DESTROY arrives, and a stalled collector does not fill the table. */
class ReliableKernelIT {
    private static final int FLOWS = Integer.getInteger("test.flows", 100_000);
    private static final SubscriptionConfig RELIABLE = new SubscriptionConfig(true, false, true, 1 << 17, true);
    private static final TrackConfig CONFIG =
            new TrackConfig(true, 300, 300_000, 60_000, false, new TrackConfig.Timing(600, 200, 500, 500));

    private TestNamespace namespace;
    private FlowMaker maker;
    private ConntrackTable table;

    @BeforeEach
    void open() throws NetlinkException {
        namespace = TestNamespace.create();
        maker = FlowMaker.in(namespace.handle());
        table = ConntrackTable.open(namespace.handle());
    }

    @AfterEach
    void close() {
        table.close();
        maker.close();
        namespace.close();
    }

    @Test
    void everyDestroyArrivesAfterTheReaderStalled() throws Exception {
        try (TrackHarness harness = new TrackHarness(CONFIG).start()) {
            harness.add(namespace, "host", RELIABLE, "start");
            harness.hanging = true;
            maker.create(0, FLOWS, 0, 600);
            table.flush(new Flush.Everything());
            assertThat(table.stats().entries()).as("parked").isGreaterThan(FLOWS - 1_000);
            long start = System.nanoTime();
            harness.hanging = false;
            harness.await(
                    "DESTROY",
                    () -> harness.count("host") >= FLOWS
                            && harness.events("DESTROY", "kernel").size() == FLOWS);
            System.out.printf(
                    "reliable: %d of %d DESTROY, %d ms after the stall%n",
                    harness.events("DESTROY", "kernel").size(), FLOWS, (System.nanoTime() - start) / 1_000_000);
            harness.awaitDumps(4);
            harness.stop();
            assertThat(harness.events("DESTROY", "kernel")).hasSize(FLOWS);
            assertThat(harness.events("DESTROY", "inferred")).isEmpty();
            GenericRecord stopped = harness.control("STOPPED").get(0);
            assertThat(stopped.get("lost_total")).isEqualTo(0L);
            assertThat((Long) stopped.get("kernel_drops")).isPositive();
            assertThat(stopped.get("loss_exact")).isEqualTo(false);
            assertThat(stopped.get("delivery_mode")).hasToString("reliable");
            verifyAttempts(harness.control("GAP"), (Long) stopped.get("kernel_drops"));
        }
    }

    private static void verifyAttempts(List<GenericRecord> gaps, long drops) {
        assertThat(gaps).isNotEmpty().allSatisfy(gap -> {
            assertThat(gap.get("lost_count")).isNull();
            assertThat(gap.get("loss_exact")).isEqualTo(false);
        });
        assertThat(gaps.stream()
                        .mapToLong(gap -> (Long) gap.get("failed_attempts"))
                        .sum())
                .isEqualTo(drops);
    }

    /** Uses thresholds of 10 % and 5 %, because the table's limit is the host's and cannot be changed here. */
    @Test
    void theGuardFallsBackBeforeTheTableIsFullAndReturnsWhenCalm() throws Exception {
        DeliveryGuard.Limits limits = new DeliveryGuard.Limits(10, 5, 1_000, 20);
        long max = table.stats().maxEntries();
        int flows = (int) (max * 12 / 100);
        try (TrackHarness harness = new TrackHarness(CONFIG, limits, null).start()) {
            ObservedNamespace observed = harness.add(namespace, "host", RELIABLE, "start");
            harness.hanging = true; // the guard must work while the receive thread hangs
            maker.create(0, flows, 0, 600);
            table.flush(new Flush.Everything());
            harness.await("release", () -> entries() < max / 100);
            assertThat(broadcastError(observed)).isZero();
            harness.hanging = false;
            harness.await("return", () -> broadcastError(observed) == 1);
            maker.create(0, 10, 0, 600);
            harness.await("announcement", () -> announced(harness, 10));
            harness.stop();
            List<GenericRecord> modes = harness.control("MODE");
            assertThat(modes).hasSize(2);
            assertThat(modes.get(0).get("mode_to")).hasToString("counted");
            assertThat(modes.get(1).get("mode_to")).hasToString("reliable");
            assertThat(harness.metric("ctstream_control_mode_switches_total")).isEqualTo(2);
            GenericRecord stopped = harness.control("STOPPED").get(0);
            assertThat((Long) stopped.get("lost_total")).isPositive();
            assertThat(stopped.get("loss_exact")).isEqualTo(false);
            long declared = harness.control("GAP").stream()
                    .filter(gap -> gap.get("lost_count") != null)
                    .mapToLong(gap -> (Long) gap.get("lost_count"))
                    .sum();
            assertThat(declared).isEqualTo(stopped.get("lost_total"));
        }
    }

    private static boolean announced(TrackHarness harness, int flows) {
        return harness.events(e -> e.type().equals("NEW") && e.sourcePort() <= flows)
                        .size()
                >= flows;
    }

    private long entries() {
        try {
            return table.stats().entries();
        } catch (NetlinkException e) {
            throw new AssertionError(e);
        }
    }

    private static int broadcastError(ObservedNamespace observed) {
        try {
            return observed.socket().socket().option(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_BROADCAST_ERROR);
        } catch (NetlinkException e) {
            throw new AssertionError(e);
        }
    }
}
