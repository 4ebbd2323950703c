package dev.ctstream.netlink;

import static dev.ctstream.netlink.FreshNamespace.ip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class LinksKernelIT {
    @Test
    void anAddressIsUsableAtOnce() throws NetlinkException {
        FreshNamespace.run(() -> {
            for (String text : new String[] {"10.9.8.7", "fd00::9"}) {
                InetAddress address = ip(text);
                int prefixLength = address.getAddress().length * Byte.SIZE;
                Links.addAddress("lo", address, prefixLength);
                Links.addAddress("lo", address, prefixLength);
                try (ServerSocket socket = new ServerSocket()) {
                    socket.bind(new InetSocketAddress(address, 0));
                    assertThat(socket.isBound()).isTrue();
                }
            }
        });
    }

    @Test
    void aMissingInterfaceIsNamed() {
        assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(() -> Links.bringUp("nope0"))
                .withMessage("bring up interface nope0: ENODEV (19) No such device");
        assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(() -> Links.addAddress("nope0", ip("10.0.0.1"), 32))
                .withMessageContaining("add 10.0.0.1/32 to interface nope0: ENODEV");
    }

    @Test
    void theTestsJvmHasTheRightsItNeeds() {
        assertThat(Capabilities.has(Capabilities.CAP_NET_ADMIN)).isTrue();
        assertThat(Capabilities.has(Capabilities.CAP_NET_RAW)).isTrue();
        assertThat(Capabilities.has(63)).isFalse();
        assertThat(ProcessControl.uid()).isZero();
    }

    @Test
    void aRawSocketSendsOnlyToItsFamily() throws NetlinkException {
        FreshNamespace.run(() -> {
            try (RawIpSocket raw = RawIpSocket.open(RawIpSocket.AF_INET, RawIpSocket.IPPROTO_ICMP)) {
                raw.bind(ip("127.0.0.1"));
                raw.send(RawIpSocket.echoRequest(RawIpSocket.AF_INET, 1, 1), ip("127.0.0.2"));
                assertThatIllegalArgumentException().isThrownBy(() -> raw.send(new byte[8], ip("::1")));
            }
        });
    }

    @Test
    void anEchoRequestsChecksumMakesTheSumAllOnes() {
        byte[] echo = RawIpSocket.echoRequest(RawIpSocket.AF_INET, 0xFFFF, 0xFFFE);
        int sum = 0;
        for (int i = 0; i < echo.length; i += 2) {
            sum += ((echo[i] & 0xFF) << Byte.SIZE) | (echo[i + 1] & 0xFF);
        }
        while (sum > 0xFFFF) {
            sum = (sum & 0xFFFF) + (sum >>> Short.SIZE);
        }
        assertThat(sum).isEqualTo(0xFFFF);
    }
}
