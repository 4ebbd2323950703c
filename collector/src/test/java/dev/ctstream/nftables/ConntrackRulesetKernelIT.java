package dev.ctstream.nftables;

import static dev.ctstream.netlink.FreshNamespace.ip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.Tuple;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.Links;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.RawIpSocket;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Real packets over loopback exercise the rules; a dump of the table shows the effect. */
class ConntrackRulesetKernelIT {
    private static final InetAddress CLIENT = ip("127.0.0.1");
    private static final InetAddress A = ip("127.0.7.1");
    private static final InetAddress B = ip("127.0.8.1");
    private static final InetAddress A6 = ip("fd00::7");

    /** One flow as a dump shows it. */
    private record Flow(
            TupleSpec original, TupleSpec reply, int zone, int originalZone, int replyZone, long mark, int status) {
        static final int NONE = -1;

        static Flow of(FlowEvent event) {
            boolean directed = event.original().has(Tuple.ZONE);
            boolean replyDirected = event.reply().has(Tuple.ZONE);
            return new Flow(
                    TupleSpec.of(event.original()),
                    TupleSpec.of(event.reply()),
                    event.zone(),
                    directed ? event.originalZone() : NONE,
                    replyDirected ? event.replyZone() : NONE,
                    event.mark(),
                    event.status());
        }

        boolean isTo(InetAddress destination) {
            return original.destination().equals(destination);
        }
    }

    private static List<Flow> flows() throws NetlinkException {
        List<Flow> flows = new ArrayList<>();
        try (ConntrackTable table = ConntrackTable.open(null)) {
            table.dump(DumpFilter.ALL, event -> flows.add(Flow.of(event)));
        }
        return flows;
    }

    private static Flow onlyFlowTo(InetAddress destination) throws NetlinkException {
        List<Flow> flows = flows();
        List<Flow> found = flows.stream().filter(flow -> flow.isTo(destination)).toList();
        assertThat(found).as("flows to %s among %s", destination, flows).hasSize(1);
        return found.get(0);
    }

    /** A datagram there and one back. */
    private static void udpRoundTrip(InetAddress server) throws IOException {
        try (DatagramSocket to = new DatagramSocket(0, server);
                DatagramSocket from = new DatagramSocket()) {
            to.setSoTimeout(5000);
            from.setSoTimeout(5000);
            from.send(new DatagramPacket(new byte[3], 3, to.getLocalSocketAddress()));
            DatagramPacket packet = new DatagramPacket(new byte[9], 9);
            to.receive(packet);
            to.send(new DatagramPacket(new byte[5], 5, packet.getSocketAddress()));
            from.receive(packet);
            assertThat(packet.getLength()).isEqualTo(5);
        }
    }

    /** A connection that both ends close; {@code to} is the address that the client connects to. */
    private static void tcpRoundTrip(ServerSocket server, InetSocketAddress to) throws IOException {
        try (Socket client = new Socket()) {
            client.connect(to, 5000);
            try (Socket accepted = server.accept()) {
                accepted.getOutputStream().write(1);
            }
            assertThat(client.getInputStream().read()).isEqualTo(1);
        }
    }

    private static void sendUdp(InetAddress to) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.send(new DatagramPacket(new byte[3], 3, to, 9));
        }
    }

    @Test
    void withoutATableNothingIsTrackedAndWithOneEverythingIs() throws NetlinkException {
        FreshNamespace.run(() -> {
            udpRoundTrip(A);
            assertThat(flows()).isEmpty();
            ConntrackRuleset.builder().build().install();
            udpRoundTrip(A);
            Flow flow = onlyFlowTo(A);
            assertThat(flow.zone()).isZero();
            assertThat(flow.status() & IpsStatus.IPS_SEEN_REPLY).isNotZero();
            assertThat(flow.reply()).isEqualTo(flow.original().inverse());
        });
    }

    @Test
    void bothDirectionsOfAFlowAreInTheZoneOfItsAddress() throws NetlinkException {
        FreshNamespace.run(() -> {
            Links.addAddress("lo", A6, 128);
            ConntrackRuleset.builder().zone(A, 7).zone(A6, 65_535).build().install();
            udpRoundTrip(A);
            udpRoundTrip(A6);
            udpRoundTrip(B);
            assertThat(onlyFlowTo(A).zone()).isEqualTo(7);
            assertThat(onlyFlowTo(A).status() & IpsStatus.IPS_SEEN_REPLY).isNotZero();
            assertThat(onlyFlowTo(A6).zone()).isEqualTo(65_535);
            assertThat(onlyFlowTo(A6).status() & IpsStatus.IPS_SEEN_REPLY).isNotZero();
            assertThat(onlyFlowTo(B).zone()).isZero();
        });
    }

    @Test
    void tcpAndIcmpAreInTheZoneToo() throws NetlinkException {
        FreshNamespace.run(() -> {
            Links.addAddress("lo", A6, 128);
            ConntrackRuleset.builder().zone(A, 1).zone(B, 2).zone(A6, 3).build().install();
            try (ServerSocket server = new ServerSocket(0, 1, A)) {
                tcpRoundTrip(server, (InetSocketAddress) server.getLocalSocketAddress());
            }
            ping(RawIpSocket.AF_INET, RawIpSocket.IPPROTO_ICMP, B);
            ping(RawIpSocket.AF_INET6, RawIpSocket.IPPROTO_ICMPV6, A6);
            assertThat(onlyFlowTo(A).zone()).isEqualTo(1);
            assertThat(onlyFlowTo(A).original().protocol()).isEqualTo(6);
            assertThat(onlyFlowTo(B).zone()).isEqualTo(2);
            assertThat(onlyFlowTo(B).original().layer4()).isEqualTo(new TupleSpec.Icmp(1, 8, 0, 77));
            assertThat(onlyFlowTo(A6).zone()).isEqualTo(3);
            assertThat(onlyFlowTo(A6).original().layer4()).isEqualTo(new TupleSpec.Icmp(58, 128, 0, 77));
            // The kernel answers an echo before send returns.
            assertThat(flows())
                    .allSatisfy(flow ->
                            assertThat(flow.status() & IpsStatus.IPS_SEEN_REPLY).isNotZero());
        });
    }

    private static void ping(int family, int protocol, InetAddress to) throws NetlinkException {
        try (RawIpSocket raw = RawIpSocket.open(family, protocol)) {
            raw.send(RawIpSocket.echoRequest(family, 77, 1), to);
        }
    }

    @Test
    void directionalZonesAreInOneTupleOnly() throws NetlinkException {
        FreshNamespace.run(() -> {
            ConntrackRuleset.builder()
                    .originalZone(A, 42)
                    .replyZone(B, 43)
                    .build()
                    .install();
            udpRoundTrip(A);
            udpRoundTrip(B);
            assertThat(onlyFlowTo(A).originalZone()).isEqualTo(42);
            assertThat(onlyFlowTo(A).replyZone()).isEqualTo(Flow.NONE);
            assertThat(onlyFlowTo(A).status() & IpsStatus.IPS_SEEN_REPLY).isNotZero();
            assertThat(onlyFlowTo(B).originalZone()).isEqualTo(Flow.NONE);
            assertThat(onlyFlowTo(B).replyZone()).isEqualTo(43);
            assertThat(onlyFlowTo(B).status() & IpsStatus.IPS_SEEN_REPLY).isNotZero();
        });
    }

    @Test
    void anExemptedPortIsNotTrackedInEitherDirectionEvenInAZone() throws NetlinkException {
        FreshNamespace.run(() -> {
            try (ServerSocket exempt = new ServerSocket(0, 1, A);
                    ServerSocket tracked = new ServerSocket(0, 1, B)) {
                ConntrackRuleset.builder()
                        .zone(A, 5)
                        .notrackTcpPort(exempt.getLocalPort())
                        .build()
                        .install();
                tcpRoundTrip(exempt, (InetSocketAddress) exempt.getLocalSocketAddress());
                tcpRoundTrip(tracked, (InetSocketAddress) tracked.getLocalSocketAddress());
                assertThat(onlyFlowTo(B).original().protocol()).isEqualTo(6);
                assertThat(flows()).hasSize(1);
            }
        });
    }

    @Test
    void natShowsInTheReplyTuple() throws NetlinkException {
        FreshNamespace.run(() -> {
            InetAddress source = ip("127.0.9.9");
            try (ServerSocket server = new ServerSocket(0, 1, B)) {
                InetSocketAddress dialled = new InetSocketAddress(A, 80);
                ConntrackRuleset.builder()
                        .dnat(6, dialled, (InetSocketAddress) server.getLocalSocketAddress())
                        .snat(B, source)
                        .build()
                        .install();
                tcpRoundTrip(server, dialled);
                Flow flow = onlyFlowTo(A);
                assertThat(flow.original().source()).isEqualTo(CLIENT);
                assertThat(flow.reply().source()).isEqualTo(B);
                assertThat(flow.reply().destination()).isEqualTo(source);
                TupleSpec.Ports original = (TupleSpec.Ports) flow.original().layer4();
                TupleSpec.Ports reply = (TupleSpec.Ports) flow.reply().layer4();
                assertThat(original.destination()).isEqualTo(80);
                assertThat(reply.source()).isEqualTo(server.getLocalPort());
                assertThat(flow.status() & (IpsStatus.IPS_SRC_NAT | IpsStatus.IPS_DST_NAT))
                        .isEqualTo(IpsStatus.IPS_SRC_NAT | IpsStatus.IPS_DST_NAT);
            }
        });
    }

    @Test
    void marksAreSetOnTheFlow() throws NetlinkException {
        FreshNamespace.run(() -> {
            ConntrackRuleset.builder().zone(A, 7).mark(A, 0xFFFF_FFFEL).build().install();
            udpRoundTrip(A);
            udpRoundTrip(B);
            assertThat(onlyFlowTo(A).mark()).isEqualTo(0xFFFF_FFFEL);
            assertThat(onlyFlowTo(A).zone()).isEqualTo(7);
            assertThat(onlyFlowTo(B).mark()).isZero();
        });
    }

    @Test
    void aDroppedPacketsFlowStaysUnreplied() throws NetlinkException {
        FreshNamespace.run(() -> {
            InetAddress inside = ip("127.1.200.9");
            ConntrackRuleset.builder().dropIncoming(ip("127.1.0.0"), 16).build().install();
            sendUdp(inside);
            sendUdp(A);
            assertThat(onlyFlowTo(inside).status() & IpsStatus.IPS_CONFIRMED).isNotZero();
            // A port without a listener answers A by ICMP, which belongs to A's flow; the dropped one has none.
            assertThat(flows()).hasSize(2);
            try (DatagramSocket server = new DatagramSocket(9, inside)) {
                server.setSoTimeout(50);
                sendUdp(inside);
                assertThatExceptionOfType(java.net.SocketTimeoutException.class)
                        .isThrownBy(() -> server.receive(new DatagramPacket(new byte[9], 9)));
            }
        });
    }

    @Test
    void installingAgainReplacesAndRemovingTwiceDoesNothing() throws NetlinkException {
        FreshNamespace.run(() -> {
            ConntrackRuleset first = ConntrackRuleset.builder().zone(A, 7).build();
            first.install();
            ConntrackRuleset.builder().zone(A, 8).build().install();
            udpRoundTrip(A);
            assertThat(onlyFlowTo(A).zone()).isEqualTo(8);
            first.remove();
            first.remove();
            udpRoundTrip(B);
            assertThat(flows()).as("nothing new is tracked").hasSize(1);
        });
    }

    @Test
    void aRefusalNamesItsStep() throws NetlinkException {
        FreshNamespace.run(() -> assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(() ->
                        ConntrackRuleset.builder().name("x".repeat(300)).build().install())
                .withMessageContaining("nf_tables table xxx")
                .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ERANGE)));
    }

    @Test
    void manyZonesFitInOneTransaction() throws NetlinkException {
        FreshNamespace.run(() -> {
            ConntrackRuleset.Builder builder = ConntrackRuleset.builder();
            for (int zone = 0; zone < 256; zone++) {
                builder.zone(ip("127.5.0." + zone), zone);
            }
            builder.build().install();
            udpRoundTrip(ip("127.5.0.255"));
            assertThat(onlyFlowTo(ip("127.5.0.255")).zone()).isEqualTo(255);
        });
    }

    @Test
    void refusesNumbersThatNoPacketCanHave() {
        ConntrackRuleset.Builder builder = ConntrackRuleset.builder();
        assertThatIllegalArgumentException().isThrownBy(() -> builder.zone(A, 65_536));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.zone(A, -1));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.mark(A, 1L << 32));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.notrackTcpPort(0));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.dropIncoming(A, 12));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.snat(A, A6));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.dnat(6, new InetSocketAddress(A, 80), new InetSocketAddress(A6, 80)));
    }
}
