package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.admin.Entries.Deleted;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.Flows;
import dev.ctstream.conntrack.ReceiveHarness;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.nftables.ConntrackRuleset;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Deletes entries while packets create the same flows again. */
class LiveTrafficKernelIT {
    private static final int FLOWS = 50;
    private static final int ROUNDS = 40;
    private static final int ZONE = 7;
    private static final InetAddress HERE = Flows.address("127.0.0.7");
    private static final InetAddress ELSEWHERE = Flows.address("127.0.0.8");

    /** Sends datagrams from the same ports in an endless loop. */
    private static final class Traffic implements AutoCloseable {
        private final AtomicBoolean stopped = new AtomicBoolean();
        private final AtomicLong rounds = new AtomicLong();
        private final AtomicReference<Throwable> failure = new AtomicReference<>();
        private final Thread thread;

        Traffic(AdminSite site, InetAddress to) throws NetlinkException {
            DatagramSocket[] sockets = new DatagramSocket[FLOWS];
            site.namespace().call(() -> {
                try {
                    for (int i = 0; i < FLOWS; i++) {
                        sockets[i] = new DatagramSocket(new InetSocketAddress(to, 20_000 + i));
                    }
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
                return 0;
            });
            thread = new Thread(() -> run(sockets, to), "traffic");
            thread.setUncaughtExceptionHandler((dead, error) -> failure.set(error));
            thread.start();
        }

        private void run(DatagramSocket[] sockets, InetAddress to) {
            try {
                while (!stopped.get()) {
                    for (DatagramSocket socket : sockets) {
                        socket.send(new DatagramPacket(new byte[1], 1, to, 9));
                    }
                    rounds.incrementAndGet();
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            } finally {
                List.of(sockets).forEach(DatagramSocket::close);
            }
        }

        void awaitRound() {
            long next = rounds.get() + 2;
            Awaitility.await().until(() -> rounds.get() >= next || failure.get() != null);
        }

        @Override
        public void close() {
            stopped.set(true);
            Awaitility.await().until(() -> !thread.isAlive());
            assertThat(failure.get()).isNull();
        }
    }

    @Test
    void deletesItsEntryAndNeverALaterOne() throws Exception {
        try (AdminSite site = AdminSite.open();
                ReceiveHarness events = new ReceiveHarness()) {
            ConntrackRuleset.builder()
                    .zone(HERE, ZONE)
                    .zone(ELSEWHERE, ZONE + 1)
                    .build()
                    .install(site.namespace().handle());
            events.receiver()
                    .add(EventSocket.open(site.namespace().handle(), "test", ReceiveHarness.config(false, 1 << 22)));
            events.start();
            long deleted = 0;
            try (Traffic here = new Traffic(site, HERE);
                    Traffic elsewhere = new Traffic(site, ELSEWHERE)) {
                elsewhere.awaitRound();
                for (int i = 0; i < ROUNDS; i++) {
                    here.awaitRound();
                    deleted += deleteZone(site);
                }
            }
            long expected = deleted;
            long port = site.entries().table().portId();
            List<ReceiveHarness.Seen> ours = events.await((int) expected, seen -> byPort(seen, port));
            assertThat(expected).isPositive();
            assertThat(ours)
                    .hasSize((int) expected)
                    .allMatch(seen -> seen.zone().zone() == ZONE);
            assertThat(site.entries().count(EntryFilter.zone(ZONE + 1))).isEqualTo(FLOWS);
            site.assertDecoysIntact();
        }
    }

    private static boolean byPort(ReceiveHarness.Seen seen, long port) {
        return seen.kind().equals("DESTROY") && seen.json().get("pid").asLong() == port;
    }

    /** Deletes the same selection twice: the second time its entries are gone, and the new entries stay. */
    private static long deleteZone(AdminSite site) throws Exception {
        Map<String, String> fields = Map.of("zone", "" + ZONE, "protocol", "udp");
        try (Selection selection = site.entries().select(EntryFields.filter(fields, ""))) {
            Deleted first = selection.delete(failure -> {
                throw new AssertionError(failure.text());
            });
            Deleted second = selection.delete(failure -> {});
            assertThat(first).isEqualTo(new Deleted(selection.count(), 0, 0, 0));
            // Many of the new entries also have the same id: they were allocated at the same memory address.
            assertThat(second).isEqualTo(new Deleted(0, selection.count(), 0, 0));
            return first.deleted();
        }
    }
}
