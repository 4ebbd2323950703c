package dev.ctstream.conntrack;

import static dev.ctstream.conntrack.Cta.CTA_ID;
import static dev.ctstream.conntrack.Cta.CTA_TUPLE_ORIG;
import static dev.ctstream.conntrack.Cta.CTA_TUPLE_REPLY;
import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.be32;
import static dev.ctstream.conntrack.MessageBytes.concat;
import static dev.ctstream.conntrack.MessageBytes.ip;
import static dev.ctstream.conntrack.MessageBytes.nest;
import static dev.ctstream.conntrack.MessageBytes.ports;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.netlink.NlMsgHdr;
import dev.ctstream.netlink.OwnSockets;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OwnConnectionsTest {
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final String OURS = "10.0.0.1";
    private static final String BROKER = "10.0.0.9";
    private static final int BROKER_PORT = 9092;

    private final Set<InetSocketAddress> sockets = new HashSet<>();
    private long nowNanos = TimeUnit.DAYS.toNanos(20_000);
    private long lookNanos = 1_000;
    private int looks;
    private final OwnConnections own = new OwnConnections(
            () -> {
                looks++;
                nowNanos += lookNanos;
                return Set.copyOf(sockets);
            },
            () -> nowNanos);

    private void connect(int port) {
        sockets.add(new InetSocketAddress(Flows.address(OURS), port));
    }

    private void close(int port) {
        sockets.remove(new InetSocketAddress(Flows.address(OURS), port));
    }

    private static FlowEvent event(int type, int protocol, String source, int port, int id) {
        byte[] from = Flows.address(source).getAddress();
        byte[] to = Flows.address(BROKER).getAddress();
        return event(
                type,
                concat(
                        nest(CTA_TUPLE_ORIG, ip(from, to), ports(protocol, port, BROKER_PORT)),
                        nest(CTA_TUPLE_REPLY, ip(to, from), ports(protocol, BROKER_PORT, port))),
                id);
    }

    private static FlowEvent event(int type, byte[] tuples, int id) {
        boolean begins = type == FlowEvent.NEW;
        byte[] message = MessageBytes.message(
                type == FlowEvent.DESTROY ? NfGenMsg.IPCTNL_MSG_CT_DELETE : NfGenMsg.IPCTNL_MSG_CT_NEW,
                begins ? NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_EXCL : 0,
                NfGenMsg.AF_INET,
                tuples,
                attribute(CTA_ID, be32(id)));
        FlowEvent event = new FlowEvent();
        assertThat(new FlowDecoder().decode(event, Fixtures.buffer(message), 0, message.length))
                .isTrue();
        return event;
    }

    /** Received now, and judged a little later. */
    private boolean has(FlowEvent event) {
        long received = nowNanos++;
        return own.has(event, received);
    }

    private boolean has(int type, int port, int id) {
        return has(event(type, TCP, OURS, port, id));
    }

    @Test
    void aFlowFromAnOwnSocketIsOwnUntilItsDestroyAlsoAfterTheSocketIsClosed() {
        connect(40_000);
        assertThat(has(FlowEvent.NEW, 40_000, 1)).isTrue();
        close(40_000);
        nowNanos += TimeUnit.MINUTES.toNanos(5);
        assertThat(has(FlowEvent.UPDATE, 40_000, 1)).isTrue();
        assertThat(own.has(event(FlowEvent.UPDATE, TCP, OURS, 40_000, 1), 0))
                .as("an entry of a dump")
                .isTrue();
        assertThat(has(FlowEvent.DESTROY, 40_000, 1)).isTrue();
        assertThat(has(FlowEvent.NEW, 40_000, 1))
                .as("a later one of another process")
                .isFalse();
    }

    @Test
    void anotherProcessAnotherHostAndAnotherProtocolAreNotOwn() {
        connect(40_000);
        assertThat(has(FlowEvent.NEW, 40_001, 1)).isFalse();
        assertThat(has(event(FlowEvent.NEW, TCP, "10.0.0.2", 40_000, 2))).isFalse();
        assertThat(has(event(FlowEvent.NEW, UDP, OURS, 40_000, 3))).isFalse();
    }

    @Test
    void aConnectionThatIsTrackedFromAnAnswerOnIsOwn() {
        connect(40_000);
        byte[] ours = Flows.address(OURS).getAddress();
        byte[] broker = Flows.address(BROKER).getAddress();
        assertThat(has(event(
                        FlowEvent.NEW,
                        concat(
                                nest(CTA_TUPLE_ORIG, ip(broker, ours), ports(TCP, BROKER_PORT, 40_000)),
                                nest(CTA_TUPLE_REPLY, ip(ours, broker), ports(TCP, 40_000, BROKER_PORT))),
                        1)))
                .isTrue();
    }

    @Test
    void aSocketThatWasOpenedAfterTheLastLookIsFound() {
        assertThat(has(FlowEvent.NEW, 40_000, 1)).isFalse();
        connect(40_001);
        assertThat(has(FlowEvent.NEW, 40_001, 2)).isTrue();
        assertThat(looks).isEqualTo(2);
        assertThat(own.has(event(FlowEvent.NEW, TCP, OURS, 40_002, 3), nowNanos - lookNanos - 1))
                .as("received before the last look")
                .isFalse();
        assertThat(looks).isEqualTo(2);
    }

    @Test
    void looksTakeTwoPercentAndAFloodOfForwardedFlowsLeavesHalfOfTheBurst() {
        lookNanos = TimeUnit.MILLISECONDS.toNanos(1);
        connect(40_000);
        assertThat(has(FlowEvent.NEW, 40_000, 1)).isTrue(); // from here on the address is known
        for (int i = 0; i < 1_000; i++) {
            has(event(FlowEvent.NEW, TCP, "10.9.9.9", i, i));
        }
        assertThat(looks).isBetween(10, 11);
        connect(40_001);
        assertThat(has(FlowEvent.NEW, 40_001, 2)).isTrue();
        long begin = nowNanos;
        int before = looks;
        for (int i = 0; i < 100_000; i++) {
            nowNanos += TimeUnit.MICROSECONDS.toNanos(100);
            has(FlowEvent.NEW, 50_000, i);
        }
        double seconds = (nowNanos - begin) / 1e9;
        assertThat((looks - before) / seconds).isBetween(19.0, 22.0);
    }

    @Test
    void whatIsRememberedIsBounded() {
        lookNanos = 0;
        for (int i = 0; i < 2 * OwnConnections.MOST_FLOWS; i++) {
            sockets.clear();
            connect(i);
            nowNanos++;
            assertThat(has(FlowEvent.NEW, i, i)).isTrue();
        }
        sockets.clear();
        nowNanos += TimeUnit.SECONDS.toNanos(1);
        assertThat(has(FlowEvent.UPDATE, OwnConnections.MOST_FLOWS - 1, OwnConnections.MOST_FLOWS - 1))
                .isFalse();
        assertThat(has(FlowEvent.UPDATE, OwnConnections.MOST_FLOWS, OwnConnections.MOST_FLOWS))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void socketsThatConnectAreFoundAndThoseThatWereAcceptedAreNot(String loopback) throws IOException {
        OwnSockets sockets = new OwnSockets();
        InetAddress address = Flows.address(loopback);
        try (ServerSocket server = new ServerSocket(0, 1, address);
                Socket client = new Socket(address, server.getLocalPort());
                Socket accepted = server.accept();
                SocketChannel bound = SocketChannel.open().bind(new InetSocketAddress(address, 0))) {
            assertThat(sockets.localEnds())
                    .contains((InetSocketAddress) client.getLocalSocketAddress())
                    .contains((InetSocketAddress) bound.getLocalAddress())
                    .doesNotContain((InetSocketAddress) accepted.getLocalSocketAddress());
        }
    }
}
