package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NetworkNamespaceKernelIT {
    @Test
    void socketsOpenedThroughAHandleBelongToThatNamespace() throws NetlinkException {
        try (NetworkNamespace other = NetworkNamespace.create();
                RequestChannel there = RequestChannel.open(other, NetlinkSocket.NETLINK_NETFILTER);
                RequestChannel here = RequestChannel.open(NetlinkSocket.NETLINK_NETFILTER)) {
            int before = Entries.count(here);
            there.execute(Entries.create(new MessageWriter(), 0, 0));
            assertThat(Entries.count(there)).isEqualTo(1);
            assertThat(Entries.count(here)).isEqualTo(before);
        }
    }

    @Test
    void workRunsInsideAndTheCallerStaysWhereItWas() throws NetlinkException {
        try (NetworkNamespace other = NetworkNamespace.create();
                NetworkNamespace before = NetworkNamespace.current()) {
            assertThat(other.inode()).isNotEqualTo(before.inode());
            assertThat(other.<Long>call(NetworkNamespaceKernelIT::currentInode)).isEqualTo(other.inode());
            assertThat(currentInode()).isEqualTo(before.inode());
        }
    }

    private static long currentInode() throws NetlinkException {
        try (NetworkNamespace current = NetworkNamespace.current()) {
            return current.inode();
        }
    }

    @Test
    void aSocketKeepsItsNamespaceAliveAfterTheHandleIsClosed() throws NetlinkException {
        NetworkNamespace other = NetworkNamespace.create();
        try (RequestChannel there = RequestChannel.open(other, NetlinkSocket.NETLINK_NETFILTER)) {
            other.close();
            other.close();
            there.execute(Entries.create(new MessageWriter(), 0, 0));
            assertThat(Entries.count(there)).isEqualTo(1);
            assertThatExceptionOfType(NetlinkException.class)
                    .isThrownBy(() -> other.call(() -> 1))
                    .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBADF));
        }
    }

    @Test
    void withoutANameTheLabelIsTheInode() throws NetlinkException {
        try (NetworkNamespace current = NetworkNamespace.current();
                NetworkNamespace byPath = NetworkNamespace.path(Path.of("/proc/self/ns/net"))) {
            assertThat(byPath.inode()).isEqualTo(current.inode());
            assertThat(byPath.label()).isEqualTo(Long.toString(current.inode()));
        }
    }

    @Test
    void aNameThatIsNotThereIsEnoentAndOneThatIsAPathEinval() {
        assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(() -> NetworkNamespace.named("no-such-namespace"))
                .withMessageContaining("/var/run/netns/no-such-namespace")
                .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT));
        for (String name : new String[] {"", ".", "..", "../../proc/self/ns/net"}) {
            assertThatExceptionOfType(NetlinkException.class)
                    .isThrownBy(() -> NetworkNamespace.named(name))
                    .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
        }
    }

    @Test
    void aFileThatIsNoNamespaceCannotBeEntered() throws NetlinkException {
        try (NetworkNamespace wrong = NetworkNamespace.path(Path.of("/proc/self/status"))) {
            assertThatExceptionOfType(NetlinkException.class)
                    .isThrownBy(() -> wrong.call(() -> 1))
                    .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
        }
    }

    @Test
    void failuresInsideReachTheCaller() throws NetlinkException {
        try (NetworkNamespace other = NetworkNamespace.create()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> other.call(() -> {
                        throw new IllegalStateException("bug");
                    }));
            assertThatExceptionOfType(AssertionError.class)
                    .isThrownBy(() -> other.call(() -> {
                        throw new AssertionError("in a test");
                    }));
        }
    }
}
