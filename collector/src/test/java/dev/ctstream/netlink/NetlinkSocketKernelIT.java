package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class NetlinkSocketKernelIT {
    @Test
    void everySocketHasAPortIdOfItsOwn() throws NetlinkException {
        try (NetlinkSocket first = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER);
                NetlinkSocket second = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
            assertThat(first.portId()).isBetween(1L, 0xFFFF_FFFFL);
            assertThat(second.portId()).isBetween(1L, 0xFFFF_FFFFL).isNotEqualTo(first.portId());
        }
    }

    @Test
    void anUnknownProtocolIsRefusedByName() {
        assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(() -> NetlinkSocket.open(31))
                .withMessage("open netlink socket of protocol 31: EPROTONOSUPPORT (93) Protocol not supported");
    }

    @Test
    void optionsAreReadBack() throws NetlinkException {
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
            assertThat(socket.option(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_NO_ENOBUFS))
                    .isZero();
            socket.setOption(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_NO_ENOBUFS, 1);
            assertThat(socket.option(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_NO_ENOBUFS))
                    .isEqualTo(1);
            assertThatExceptionOfType(NetlinkException.class)
                    .isThrownBy(() -> socket.setOption(NetlinkSocket.SOL_NETLINK, 4711, 1))
                    .withMessage("set socket option 270/4711 to 1: ENOPROTOOPT (92) Protocol not available");
        }
    }

    @Test
    void theGrantSaysWhatTheKernelGave() throws NetlinkException {
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
            ReceiveBufferGrant small = socket.requestReceiveBuffer(20_000);
            assertThat(small.effectiveBytes()).isEqualTo(40_000);
            assertThat(small.capped()).isFalse();
            ReceiveBufferGrant large = socket.requestReceiveBuffer(1 << 29);
            assertThat(large.forced()).isEqualTo(Capabilities.inInitialUserNamespace());
            assertThat(large.capped()).isEqualTo(!large.forced());
            assertThat(socket.option(NetlinkSocket.SOL_SOCKET, NetlinkSocket.SO_RCVBUF))
                    .isEqualTo(large.effectiveBytes());
        }
    }

    @Test
    void joiningAndRequestingWithoutRightsOverTheNamespaceGiveEperm() throws IOException, InterruptedException {
        // A user namespace of its own gives the child no rights over this network namespace.
        List<String> command = new ArrayList<>(List.of("unshare", "--user", "--map-root-user"));
        command.addAll(TestJvm.command("-cp", System.getProperty("java.class.path"), WithoutRights.class.getName()));
        Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(said)
                .contains("join group 1: EPERM (1) Operation not permitted")
                .contains("netlink request 0x0101: EPERM (1) Operation not permitted")
                .contains("forced false");
    }

    /** Runs in a child without rights and prints the refusals. */
    static final class WithoutRights {
        private WithoutRights() {}

        public static void main(String[] arguments) throws NetlinkException {
            try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
                System.out.println(
                        "forced " + socket.requestReceiveBuffer(20_000).forced());
                socket.join(1);
            } catch (NetlinkException e) {
                System.out.println(e.getMessage());
            }
            try (RequestChannel channel = RequestChannel.open(NetlinkSocket.NETLINK_NETFILTER)) {
                EntryRequests.count(channel);
            } catch (NetlinkException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
