package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.management.ThreadMXBean;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The receive thread on real sockets: its subscriptions, the losses that it counts, its end. */
class ReceiveKernelIT {
    private static final int TINY_BUFFER_BYTES = 20_000; // doubled, 31 events
    private static final int BUFFER_BYTES = 128 << 10; // doubled, 204 events; every host grants it

    private TestNamespace namespace;
    private ConntrackTable table;

    @BeforeEach
    void open() throws NetlinkException {
        namespace = TestNamespace.create();
        table = ConntrackTable.open(namespace.handle());
    }

    @AfterEach
    void close() {
        table.close();
        namespace.close();
    }

    @Test
    void updatesArriveOnlyWhenSubscribed() throws NetlinkException {
        try (ReceiveHarness without = new ReceiveHarness();
                ReceiveHarness with = new ReceiveHarness()) {
            without.receiver().add(source(false, BUFFER_BYTES));
            with.receiver().add(source(true, BUFFER_BYTES));
            without.start();
            with.start();
            table.create(flow(1));
            table.update(FlowSpec.of(tuple(1)).mark(5).build());
            table.flush(new Flush.Everything());
            without.stop();
            with.stop();
            assertThat(with.seen()).extracting(ReceiveHarness.Seen::kind).containsExactly("NEW", "UPDATE", "DESTROY");
            assertThat(without.seen()).extracting(ReceiveHarness.Seen::kind).containsExactly("NEW", "DESTROY");
        }
    }

    /** Nothing is read while 2000 events come, 20 of them in the zone that is followed. */
    @Test
    void aZoneFilterThatRejects99PercentDropsNothingWhereAnUnfilteredSocketOverruns() throws NetlinkException {
        FlowFilter filter = FlowFilter.parse(List.of("7"), List.of(), List.of());
        SubscriptionConfig config = new SubscriptionConfig(true, false, true, TINY_BUFFER_BYTES, false, filter);
        try (ReceiveHarness everything = new ReceiveHarness();
                ReceiveHarness followed = new ReceiveHarness();
                FlowMaker maker = FlowMaker.in(namespace.handle())) {
            EventSocket filtered = EventSocket.open(namespace.handle(), "filtered", config);
            EventSocket unfiltered = source(false, TINY_BUFFER_BYTES);
            followed.receiver().add(filtered);
            everything.receiver().add(unfiltered);
            for (int zone = 0; zone < 100; zone++) {
                maker.create(20 * zone, 20, zone, 600);
            }
            everything.start();
            followed.start();
            everything.stop();
            followed.stop();
            assertThat(unfiltered.dropsTotal())
                    .isEqualTo(2_000 - everything.events())
                    .isGreaterThan(1_900);
            assertThat(filtered.dropsTotal()).isZero();
            assertThat(followed.events()).isEqualTo(20);
        }
    }

    @Test
    void receivedPlusDropsEqualsOfferedWhenNothingIsRead() throws NetlinkException {
        int flows = 1000;
        try (ReceiveHarness harness = new ReceiveHarness()) {
            EventSocket source = source(false, TINY_BUFFER_BYTES);
            harness.receiver().add(source);
            create(0, flows);
            harness.start();
            harness.stop();
            assertThat(harness.events()).isBetween(20L, 100L);
            assertThat(harness.drops()).isEqualTo(flows - harness.events());
            assertThat(source.dropsTotal()).isEqualTo(harness.drops());
            assertThat(harness.metrics().prometheusText())
                    .contains(
                            "ctstream_receive_kernel_dropped_events_total{netns=\"test\"} " + (double) harness.drops());
        }
    }

    @Test
    void receivedPlusDropsEqualsOfferedUnderOverload() throws NetlinkException {
        int rounds = 10;
        int flows = 2000;
        try (ReceiveHarness harness = new ReceiveHarness() {
            @Override
            public void onEvent(EventSource from, FlowEvent event, long receivedTimeNanos) {
                super.onEvent(from, event, receivedTimeNanos);
                LockSupport.parkNanos(20_000); // slower than the kernel
            }
        }) {
            harness.countOnly().receiver().add(source(false, TINY_BUFFER_BYTES));
            harness.start();
            for (int round = 0; round < rounds; round++) {
                create(0, flows);
                table.flush(new Flush.Everything());
            }
            harness.stop();
            long offered = 2L * rounds * flows;
            assertThat(harness.events() + harness.drops()).isEqualTo(offered);
            assertThat(harness.drops()).isPositive();
            assertThat(harness.events()).isPositive();
        }
    }

    @Test
    void stopDeliversWhatTheSocketHolds() throws NetlinkException {
        int flows = 150;
        try (ReceiveHarness harness = new ReceiveHarness()) {
            harness.receiver().add(source(false, BUFFER_BYTES));
            create(0, flows);
            harness.start();
            harness.stop();
            assertThat(harness.seen()).hasSize(flows);
            assertThat(harness.removed()).hasSize(1);
            create(flows, 1); // there is no subscriber left
            assertThat(harness.seen()).hasSize(flows);
        }
    }

    @Test
    void stopBeforeStartEndsAtOnce() throws NetlinkException {
        try (ReceiveHarness harness = new ReceiveHarness()) {
            harness.receiver().add(source(false, BUFFER_BYTES));
        }
        // close() has closed the source although it was never taken over
        assertThat(table.stats().entries()).isZero();
    }

    @Test
    void sourcesComeAndGoWhileItRuns() throws NetlinkException {
        try (TestNamespace other = TestNamespace.create();
                ConntrackTable otherTable = ConntrackTable.open(other.handle());
                ReceiveHarness harness = new ReceiveHarness().start()) {
            EventSocket first = source(false, BUFFER_BYTES);
            EventSocket second = EventSocket.open(other.handle(), "other", ReceiveHarness.config(false, BUFFER_BYTES));
            assertThat(first.netnsId()).isEqualTo(table.netnsId()).isNotEqualTo(second.netnsId());
            assertThat(second.netnsId()).isEqualTo(otherTable.netnsId());
            harness.receiver().add(first);
            harness.receiver().add(second);
            table.create(flow(1));
            otherTable.create(flow(1));
            harness.await(1, e -> e.source() == first.index());
            harness.await(1, e -> e.source() == second.index());
            for (int n = 2; n < 50; n++) {
                table.create(flow(n));
            }
            harness.receiver().remove(first);
            Awaitility.await().until(() -> harness.removed().contains(first.index()));
            assertThat(first.socket().fd()).isNegative();
            assertThat(harness.seen(e -> e.source() == first.index())).hasSize(49);
            table.create(flow(50));
            otherTable.flush(new Flush.Everything());
            harness.await(2, e -> e.source() == second.index());
            assertThat(harness.seen(e -> e.source() == first.index())).hasSize(49);
            assertThat(harness.metrics().prometheusText()).doesNotContain("netns=\"test\"");
        }
    }

    @Test
    void anIdleReceiverWaitsAndAnEventWakesIt() throws NetlinkException {
        try (ReceiveHarness harness = new ReceiveHarness()) {
            harness.receiver().add(source(false, BUFFER_BYTES));
            harness.start();
            table.create(flow(1));
            harness.await(1, e -> true);
            Awaitility.await()
                    .during(Duration.ofMillis(300))
                    .until(() -> harness.seen().size() == 1);
            long passes = harness.passes();
            Awaitility.await().during(Duration.ofMillis(300)).until(() -> harness.passes() == passes);
            table.create(flow(2));
            harness.await(2, e -> true);
        }
    }

    @Test
    void theHandlersDeadlineEndsTheWait() throws NetlinkException {
        CountDownLatch calls = new CountDownLatch(5);
        try (ReceiveHarness harness = new ReceiveHarness() {
            @Override
            public long onPass(long nowNanos) {
                calls.countDown();
                return 5_000_000;
            }
        }) {
            harness.start();
            Awaitility.await().until(() -> calls.getCount() == 0);
        }
    }

    @Test
    void dumpMessagesAreDeliveredBetweenEvents() throws NetlinkException {
        create(0, 100);
        try (ReceiveHarness harness = new ReceiveHarness().start()) {
            EventSocket source = source(false, BUFFER_BYTES);
            harness.receiver().add(source);
            DumpRing ring = harness.receiver().dumpRing();
            table.dumpMessages(
                    DumpFilter.ALL,
                    message -> assertThat(ring.offer(source, DumpEntryKind.ENTRY, message))
                            .isTrue());
            harness.await(100, e -> e.kind().equals("DUMP-ENTRY"));
            assertThat(ring.pending()).isZero();
            table.flush(new Flush.Everything());
            harness.await(100, e -> e.kind().equals("DESTROY"));
            assertThat(harness.events()).isEqualTo(100);
        }
    }

    @Test
    void reliableSubscriptionsSetTheOptionAndACappedBufferIsReported() throws NetlinkException {
        SubscriptionConfig config = new SubscriptionConfig(true, false, true, 512 << 20, true);
        try (EventSocket source = EventSocket.open(namespace.handle(), "test", config)) {
            assertThat(source.socket().option(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_BROADCAST_ERROR))
                    .isEqualTo(1);
            assertThat(source.socket().option(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_NO_ENOBUFS))
                    .isEqualTo(1);
            assertThat(source.grant().effectiveBytes())
                    .isEqualTo(source.socket().option(NetlinkSocket.SOL_SOCKET, NetlinkSocket.SO_RCVBUF));
            assertThat(source.grant().capped()).isEqualTo(!source.grant().forced());
        }
    }

    @Test
    void receivingAllocatesNoObjectPerEvent() throws NetlinkException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (ReceiveHarness harness = new ReceiveHarness()) {
            harness.countOnly().receiver().add(source(false, BUFFER_BYTES));
            harness.start();
            for (int round = 0; round < 10; round++) { // loads classes, links the system calls
                createAndFlush(harness, 1000);
            }
            long eventsBefore = harness.events();
            long before = threads.getThreadAllocatedBytes(harness.threadId());
            for (int round = 0; round < 10; round++) {
                createAndFlush(harness, 1000);
            }
            long allocatedBytes = threads.getThreadAllocatedBytes(harness.threadId()) - before;
            // The JVM itself allocates some hundred bytes when it compiles; an object has at least 16.
            assertThat(allocatedBytes).isLessThan(harness.events() - eventsBefore);
            assertThat(harness.events() - eventsBefore).isGreaterThan(5000);
        }
    }

    /** Returns when every event was received or lost. */
    private void createAndFlush(ReceiveHarness harness, int flows) throws NetlinkException {
        long done = harness.events() + harness.drops() + 2L * flows;
        create(0, flows);
        table.flush(new Flush.Everything());
        Awaitility.await().until(() -> harness.events() + harness.drops() >= done);
    }

    @Test
    void anExceptionOfTheHandlerEndsTheThread() throws NetlinkException {
        IllegalStateException bug = new IllegalStateException("a bug");
        ReceiveHarness harness = new ReceiveHarness() {
            @Override
            public void onEvent(EventSource from, FlowEvent event, long receivedTimeNanos) {
                throw bug;
            }
        };
        EventSocket source = source(false, BUFFER_BYTES);
        harness.receiver().add(source);
        harness.start();
        table.create(flow(1));
        Awaitility.await().until(() -> source.socket().fd() < 0);
        assertThat(catchThrowable(harness::stop)).hasCause(bug);
        harness.receiver().close();
        harness.metrics().close();
    }

    private EventSocket source(boolean updates, int bufferBytes) throws NetlinkException {
        return EventSocket.open(namespace.handle(), "test", ReceiveHarness.config(updates, bufferBytes));
    }

    private void create(int from, int count) throws NetlinkException {
        for (int n = from; n < from + count; n++) {
            table.create(flow(n));
        }
    }

    private static FlowSpec flow(int n) {
        return FlowSpec.of(tuple(n))
                .timeoutSeconds(300)
                .status(IpsStatus.IPS_CONFIRMED)
                .build();
    }

    private static TupleSpec tuple(int n) {
        try {
            InetAddress address = InetAddress.getByAddress(new byte[] {10, 9, (byte) (n >> 8), (byte) n});
            return new TupleSpec(address, address, new TupleSpec.Ports(17, 1000, 2000));
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
