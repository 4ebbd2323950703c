package dev.ctstream.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.EntryKey;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.nftables.ConntrackRuleset;
import dev.ctstream.track.TrackConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Packets over loopback: the counters of a flow that lives are reported while they rise, and never after its end. */
class InterimKernelIT {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int ROUNDS = 3;
    private static final int PAYLOAD_BYTES = 100;
    /** IPv4 and UDP headers count, too. */
    private static final long PACKET_BYTES = PAYLOAD_BYTES + 28;

    private static final InetAddress SERVER = FreshNamespace.ip("127.0.0.11");
    /** What rests is reported once a day: not during this test. */
    private static final TrackConfig CONFIG = new TrackConfig(
            true,
            100,
            1_000,
            60_000,
            false,
            new TrackConfig.Interim(100, 86_400_000),
            true,
            new TrackConfig.Timing(200, 200, 200, 200));

    private final List<DatagramSocket> sockets = new ArrayList<>();
    private TestNamespace namespace;
    private DatagramSocket server;

    @BeforeEach
    void open() throws NetlinkException {
        namespace = TestNamespace.create();
        ConntrackRuleset.builder().build().install(namespace.handle());
        server = socket();
    }

    @AfterEach
    void close() {
        sockets.forEach(DatagramSocket::close);
        namespace.close();
    }

    private DatagramSocket socket() throws NetlinkException {
        DatagramSocket opened = namespace.call(() -> {
            try {
                return new DatagramSocket(new InetSocketAddress(SERVER, 0));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        sockets.add(opened);
        return opened;
    }

    /** Sends datagrams to the server, which then answers the last one. */
    private void exchange(DatagramSocket client, int datagrams) throws IOException {
        for (int i = 0; i < datagrams; i++) {
            client.send(new DatagramPacket(new byte[PAYLOAD_BYTES], PAYLOAD_BYTES, server.getLocalSocketAddress()));
        }
        server.send(new DatagramPacket(new byte[PAYLOAD_BYTES], PAYLOAD_BYTES, client.getLocalSocketAddress()));
    }

    @Test
    void theCountersOfALivingFlowRiseAndNothingFollowsItsDestroy() throws Exception {
        DatagramSocket ends = socket();
        DatagramSocket lives = socket();
        try (TrackHarness harness = new TrackHarness(CONFIG).start()) {
            ObservedNamespace observed = harness.add(namespace, "host", BUFFER_BYTES);
            harness.awaitDumps(1);
            for (int round = 1; round <= ROUNDS; round++) {
                exchange(ends, 2);
                exchange(lives, 4);
                awaitInterim(harness, ends, 3L * round);
                awaitInterim(harness, lives, 5L * round);
            }
            delete(ends);
            harness.awaitReceived(observed, 3); // two NEW, one DESTROY
            exchange(lives, 4);
            awaitInterim(harness, lives, 5L * (ROUNDS + 1));
            harness.awaitDumps(3);
            harness.stop();

            verifyBeginAndReports(of(harness, lives), ROUNDS + 1, 5);
            List<TrackHarness.Event> ended = of(harness, ends);
            TrackHarness.Event end = last(ended);
            verify(end, "DESTROY", "kernel");
            assertThat(end.record().get("packets_original")).isEqualTo(2L * ROUNDS);
            assertThat(end.record().get("packets_reply")).isEqualTo((long) ROUNDS);
            assertThat(sequence(end)).isLessThan(sequence(last(of(harness, lives))));
            verifyBeginAndReports(ended.subList(0, ended.size() - 1), ROUNDS, 3);
        }
    }

    private static List<TrackHarness.Event> of(TrackHarness harness, DatagramSocket client) {
        return harness.events(event -> event.sourcePort() == client.getLocalPort());
    }

    private static void awaitInterim(TrackHarness harness, DatagramSocket client, long packets) {
        harness.await(
                "INTERIM of " + packets + " packets",
                () -> of(harness, client).stream()
                        .anyMatch(event -> event.type().equals("INTERIM") && packets(event) == packets));
    }

    private void delete(DatagramSocket client) throws NetlinkException {
        List<EntryKey> keys = new ArrayList<>();
        try (ConntrackTable table = ConntrackTable.open(namespace.handle())) {
            table.dump(DumpFilter.ALL, entry -> {
                if (entry.original().sourcePort() == client.getLocalPort()) {
                    keys.add(EntryKey.of(entry));
                }
            });
            assertThat(keys).hasSize(1);
            table.delete(keys.get(0));
        }
    }

    private static <T> T last(List<T> items) {
        return items.get(items.size() - 1);
    }

    private static long sequence(TrackHarness.Event event) {
        return number(event, "sequence");
    }

    /** A NEW, then INTERIMs whose packets rise, among them what had been sent after each round. */
    private static void verifyBeginAndReports(List<TrackHarness.Event> events, int rounds, long packets) {
        verify(events.get(0), "NEW", "kernel");
        List<TrackHarness.Event> reports = events.subList(1, events.size());
        List<Long> counted = new ArrayList<>();
        for (TrackHarness.Event report : reports) {
            verify(report, "INTERIM", "dump");
            assertThat(report.record().get("begin_sequence")).isEqualTo(sequence(events.get(0)));
            assertThat(number(report, "bytes_original") + number(report, "bytes_reply"))
                    .isEqualTo(packets(report) * PACKET_BYTES);
            counted.add(packets(report));
        }
        assertThat(counted).isSorted().doesNotHaveDuplicates();
        for (int round = 1; round <= rounds; round++) {
            assertThat(counted).contains(packets * round);
        }
        assertThat(last(counted)).isEqualTo(packets * rounds);
    }

    private static void verify(TrackHarness.Event event, String type, String origin) {
        assertThat(event.type()).isEqualTo(type);
        assertThat(event.origin()).isEqualTo(origin);
    }

    /** Of both directions. */
    private static long packets(TrackHarness.Event event) {
        return number(event, "packets_original") + number(event, "packets_reply");
    }

    private static long number(TrackHarness.Event event, String field) {
        return (Long) event.record().get(field);
    }
}
