package dev.ctstream.nftables;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.ReceiveHarness;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.Links;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.RawIpSocket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Real packets over loopback: each flow of each protocol and zone raises one NEW and one DESTROY with the right values.
 */
class PacketsKernelIT {
    private static final int SCTP = 132;
    private static final int GRE = 47;
    private static final int UNKNOWN = 99;
    private static final int SCTP_PORT = 7001;
    private static final byte[] SIX_BYTES = "flow 1".getBytes(StandardCharsets.US_ASCII);

    /** A flow that packets were sent for. */
    private record Sent(TupleSpec original, ZoneScope zone, boolean answered) {}

    /** A target address and the zone that rules put it in. */
    private record Target(InetAddress address, ZoneScope zone) {}

    private final List<Target> targets = new ArrayList<>();
    private final List<Sent> sent = new ArrayList<>();
    private TestNamespace namespace;

    @BeforeEach
    void open() throws NetlinkException {
        namespace = TestNamespace.create();
        ConntrackRuleset.Builder rules = ConntrackRuleset.builder();
        int n = 10;
        for (ZoneScope zone : List.of(
                ZoneScope.NONE,
                ZoneScope.both(1),
                ZoneScope.both(7),
                ZoneScope.both(65_535),
                ZoneScope.original(42),
                ZoneScope.reply(43))) {
            addTarget(rules, "127.0.0." + n, zone);
            addTarget(rules, "fd00::" + n, zone);
            n++;
        }
        namespace.call(() -> {
            Links.addAddress("lo", address("fd00::1"), 128);
            for (Target target : targets) {
                if (!(target.address instanceof Inet4Address)) {
                    Links.addAddress("lo", target.address, 128);
                }
            }
            rules.build().install();
            return 0;
        });
    }

    private void addTarget(ConntrackRuleset.Builder rules, String text, ZoneScope zone) {
        InetAddress address = address(text);
        targets.add(new Target(address, zone));
        switch (zone.direction()) {
            case ORIGINAL -> rules.originalZone(address, zone.zone());
            case REPLY -> rules.replyZone(address, zone.zone());
            case BOTH -> {
                if (zone.zone() != 0) {
                    rules.zone(address, zone.zone());
                }
            }
        }
    }

    @AfterEach
    void close() {
        namespace.close();
    }

    @Test
    void eachFlowRaisesOneNewAndOneDestroyWithRightValues() throws NetlinkException {
        try (ConntrackTable table = ConntrackTable.open(namespace.handle());
                ReceiveHarness harness = new ReceiveHarness().start()) {
            harness.receiver().add(EventSocket.open(namespace.handle(), "test", ReceiveHarness.config(false, 1 << 20)));
            for (Target target : targets) {
                namespace.call(() -> {
                    exchange(target);
                    return 0;
                });
            }
            harness.await(sent.size(), e -> e.kind().equals("NEW"));
            table.flush(new Flush.Everything());
            harness.stop();

            assertThat(harness.drops()).isZero();
            assertThat(sent).hasSize(targets.size() * 6);
            assertThat(harness.seen()).hasSize(2 * sent.size());
            for (Sent flow : sent) {
                List<ReceiveHarness.Seen> events = harness.seen(
                        e -> e.original().equals(flow.original) && e.zone().equals(flow.zone));
                assertThat(events)
                        .as(flow.toString())
                        .extracting(ReceiveHarness.Seen::kind)
                        .containsExactly("NEW", "DESTROY");
                check(flow, events.get(0), events.get(1), table.portId());
            }
        }
    }

    private static void check(Sent flow, ReceiveHarness.Seen created, ReceiveHarness.Seen destroyed, long portId) {
        assertThat(created.id()).isEqualTo(destroyed.id());
        assertThat(created.reply()).isEqualTo(flow.original.inverse());
        assertThat(destroyed.reply()).isEqualTo(flow.original.inverse());
        assertThat(created.json().get("pid").asLong()).isZero();
        assertThat(destroyed.json().get("pid").asLong()).isEqualTo(portId);
        int status = destroyed.json().get("status").asInt();
        assertThat(status & IpsStatus.IPS_DYING).isNotZero();
        assertThat((status & IpsStatus.IPS_SEEN_REPLY) != 0).isEqualTo(flow.answered);
        assertThat(destroyed.json().get("orig_packets").asLong()).isPositive();
        assertThat(destroyed.json().get("orig_bytes").asLong()).isGreaterThan(20);
        assertThat(destroyed.json().get("reply_packets").asLong() > 0).isEqualTo(flow.answered);
        assertThat(destroyed.json().get("stop_ns").asLong())
                .isGreaterThanOrEqualTo(destroyed.json().get("start_ns").asLong());
        String state = destroyed.json().path("tcp_state").asText();
        assertThat(state).isEqualTo(flow.original.protocol() == 6 ? "TIME_WAIT" : "");
    }

    /** One flow of each protocol to the target. */
    private void exchange(Target target) throws NetlinkException {
        InetAddress source = address(target.address instanceof Inet4Address ? "127.0.0.1" : "fd00::1");
        try {
            tcp(source, target);
            udp(source, target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        boolean v4 = source instanceof Inet4Address;
        int family = v4 ? RawIpSocket.AF_INET : RawIpSocket.AF_INET6;
        int icmp = v4 ? RawIpSocket.IPPROTO_ICMP : RawIpSocket.IPPROTO_ICMPV6;
        raw(source, target, icmp, RawIpSocket.echoRequest(family, 0x1234, 1));
        add(source, target, new TupleSpec.Icmp(icmp, v4 ? 8 : 128, 0, 0x1234), true);
        raw(source, target, SCTP, sctpInit());
        add(source, target, new TupleSpec.Ports(SCTP, 7000, SCTP_PORT), false);
        raw(source, target, GRE, new byte[] {0x20, 1, (byte) 0x88, 0x0b, 0, 0, 0x11, 0x22
        }); // version 1, call id 0x1122
        add(source, target, new TupleSpec.Ports(GRE, 0, 0x1122), false);
        raw(source, target, UNKNOWN, new byte[40]);
        add(source, target, new TupleSpec.AddressesOnly(UNKNOWN), false);
    }

    private void tcp(InetAddress source, Target target) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, target.address);
                Socket client = new Socket(target.address, server.getLocalPort(), source, 0);
                Socket accepted = server.accept()) {
            client.getOutputStream().write(SIX_BYTES);
            client.shutdownOutput();
            assertThat(accepted.getInputStream().readAllBytes()).isEqualTo(SIX_BYTES);
            accepted.shutdownOutput();
            assertThat(client.getInputStream().readAllBytes()).isEmpty();
            add(source, target, new TupleSpec.Ports(6, client.getLocalPort(), server.getLocalPort()), true);
        }
    }

    private void udp(InetAddress source, Target target) throws IOException {
        try (DatagramSocket server = new DatagramSocket(new InetSocketAddress(target.address, 0));
                DatagramSocket client = new DatagramSocket(new InetSocketAddress(source, 0))) {
            server.setSoTimeout(5_000);
            client.setSoTimeout(5_000);
            client.send(new DatagramPacket(SIX_BYTES, SIX_BYTES.length, server.getLocalSocketAddress()));
            DatagramPacket received = new DatagramPacket(new byte[16], 16);
            server.receive(received);
            server.send(new DatagramPacket(SIX_BYTES, SIX_BYTES.length, received.getSocketAddress()));
            client.receive(received);
            add(source, target, new TupleSpec.Ports(17, client.getLocalPort(), server.getLocalPort()), true);
        }
    }

    private static void raw(InetAddress source, Target target, int protocol, byte[] payload) throws NetlinkException {
        int family = source instanceof Inet4Address ? RawIpSocket.AF_INET : RawIpSocket.AF_INET6;
        try (RawIpSocket socket = RawIpSocket.open(family, protocol)) {
            socket.bind(source);
            socket.send(payload, target.address);
        }
    }

    private void add(InetAddress source, Target target, TupleSpec.Layer4 layer4, boolean answered) {
        sent.add(new Sent(new TupleSpec(source, target.address, layer4), target.zone, answered));
    }

    /** An INIT chunk, the only one that begins an association; RFC 9260 sections 3.1 and 3.3.2. */
    private static byte[] sctpInit() {
        ByteBuffer packet = ByteBuffer.allocate(32)
                .putShort((short) 7000)
                .putShort((short) SCTP_PORT)
                .putInt(0) // verification tag
                .putInt(0) // checksum
                .put((byte) 1) // INIT
                .put((byte) 0)
                .putShort((short) 20)
                .putInt(0x01020304) // initiate tag
                .putInt(65_536)
                .putShort((short) 1)
                .putShort((short) 1)
                .putInt(1);
        CRC32C checksum = new CRC32C();
        checksum.update(packet.array());
        return packet.order(ByteOrder.LITTLE_ENDIAN)
                .putInt(8, (int) checksum.getValue())
                .array();
    }

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
