package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.netlink.NetlinkException;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A dump entry is delivered after the events that the kernel sent before the dump showed the entry. */
class DumpRingOrderKernelIT {
    private static final int UDP = 17;

    private static FlowSpec flow(int number) {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return FlowSpec.of(new TupleSpec(loopback, loopback, new TupleSpec.Ports(UDP, number, 53)))
                .timeoutSeconds(600)
                .status(IpsStatus.IPS_CONFIRMED)
                .build();
    }

    /** While the first flow's NEW is handled, a second flow begins and a dump shows it: its NEW is still in the queue. */
    @Test
    void anEntryComesAfterTheNewOfItsFlowAndAMarkAfterTheEntry() throws NetlinkException {
        try (TestNamespace namespace = TestNamespace.create();
                ConntrackTable table = ConntrackTable.open(namespace.handle());
                ConntrackTable handlers = ConntrackTable.open(namespace.handle());
                DumpingHarness harness = new DumpingHarness(handlers)) {
            harness.receiver()
                    .add(EventSocket.open(namespace.handle(), "test", ReceiveHarness.config(false, 128 << 10)));
            harness.start();
            table.create(flow(1));
            harness.await(4, seen -> true);
            harness.stop();
            List<String> seen = harness.seen().stream()
                    .map(one ->
                            one.kind() + " " + ((TupleSpec.Ports) one.original().layer4()).source())
                    .toList();
            assertThat(seen.subList(0, 2)).containsExactly("NEW 1", "NEW 2");
            assertThat(seen.subList(2, 4)).containsExactlyInAnyOrder("DUMP-DYING 1", "DUMP-DYING 2");
            assertThat(harness.seenAtMark).isEqualTo(4);
        }
    }

    private static final class DumpingHarness extends ReceiveHarness {
        private final ConntrackTable table;
        private boolean dumped;
        volatile int seenAtMark;

        DumpingHarness(ConntrackTable table) throws NetlinkException {
            this.table = table;
        }

        @Override
        public void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos) {
            super.onEvent(source, event, receivedTimeNanos);
            if (!dumped) {
                dumped = true;
                dump(source);
            }
        }

        private void dump(EventSource source) {
            DumpRing ring = receiver().dumpRing();
            try {
                table.create(flow(2));
                table.dumpMessages(
                        DumpFilter.ALL,
                        message -> assertThat(ring.offer(source, DumpEntryKind.DYING, message))
                                .isTrue());
                assertThat(ring.offerMark(source, DumpEntryKind.END)).isTrue();
            } catch (NetlinkException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void onDumpMark(EventSource source, DumpEntryKind kind) {
            assertThat(kind).isEqualTo(DumpEntryKind.END);
            seenAtMark = seen().size();
        }
    }
}
