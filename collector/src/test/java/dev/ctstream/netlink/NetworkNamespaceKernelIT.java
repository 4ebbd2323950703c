package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkNamespaceKernelIT {
    @TempDir
    Path folder;

    @Test
    void socketsInOneNamespaceHaveOneIdAndItIsACookie() throws NetlinkException {
        try (NetworkNamespace other = NetworkNamespace.create();
                NetlinkSocket first = NetlinkSocket.open(other, NetlinkSocket.NETLINK_NETFILTER);
                NetlinkSocket second = NetlinkSocket.open(other, NetlinkSocket.NETLINK_ROUTE);
                RequestChannel channel = RequestChannel.open(other, NetlinkSocket.NETLINK_NETFILTER);
                NetlinkSocket here = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
            assertThat(first.netnsId()).matches("[1-9][0-9]*").isEqualTo(first.netnsId());
            assertThat(second.netnsId()).isEqualTo(first.netnsId());
            assertThat(channel.netnsId()).isEqualTo(first.netnsId());
            assertThat(here.netnsId()).isNotEqualTo(first.netnsId());
        }
    }

    @Test
    void aNamespaceRecreatedUnderTheSameNameHasAnotherId() throws IOException {
        Path name = folder.resolve("blue");
        String first = nameNewNamespace(name);
        Mounts.unmount(name);
        Files.delete(name);
        String second = nameNewNamespace(name);
        Mounts.unmount(name);
        assertThat(second).isNotEqualTo(first);
    }

    /** Gives a new namespace a name; without it the namespace would end here. */
    private static String nameNewNamespace(Path name) throws IOException {
        NetworkNamespace created = NetworkNamespace.create();
        created.<Boolean>call(() -> {
            bindOwn(name);
            return true;
        });
        created.close();
        try (NetworkNamespace named = NetworkNamespace.path(name);
                NetlinkSocket socket = NetlinkSocket.open(named, NetlinkSocket.NETLINK_NETFILTER)) {
            return socket.netnsId();
        }
    }

    private static void bindOwn(Path name) throws NetlinkException {
        try {
            Mounts.bind(Path.of("/proc/thread-self/ns/net"), name);
        } catch (NetlinkException e) {
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void withoutACookieTheIdIsTheFileAndTheTime() throws NetlinkException {
        try (NetworkNamespace other = NetworkNamespace.create();
                NetlinkSocket socket = NetlinkSocket.open(other, NetlinkSocket.NETLINK_NETFILTER)) {
            long before = Clock.realtimeNanos();
            String[] id = socket.netnsIdWithoutCookie().split(":", -1);
            assertThat(id).hasSize(3).startsWith(Long.toString(other.device()), Long.toString(other.inode()));
            assertThat(Long.parseLong(id[2])).isBetween(before, Clock.realtimeNanos());
        }
    }

    @Test
    void aClosedSocketHasNoId() throws NetlinkException {
        NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER);
        socket.close();
        assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(socket::netnsId)
                .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBADF));
        assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(socket::netnsIdWithoutCookie)
                .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBADF));
    }

    @Test
    void socketsOpenedThroughAHandleBelongToThatNamespace() throws NetlinkException {
        try (NetworkNamespace other = NetworkNamespace.create();
                RequestChannel there = RequestChannel.open(other, NetlinkSocket.NETLINK_NETFILTER);
                RequestChannel here = RequestChannel.open(NetlinkSocket.NETLINK_NETFILTER)) {
            int before = EntryRequests.count(here);
            there.execute(EntryRequests.create(new MessageWriter(), 0, 0));
            assertThat(EntryRequests.count(there)).isEqualTo(1);
            assertThat(EntryRequests.count(here)).isEqualTo(before);
        }
    }

    @Test
    void workRunsInsideAndTheCallerKeepsItsNamespace() throws NetlinkException {
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
            there.execute(EntryRequests.create(new MessageWriter(), 0, 0));
            assertThat(EntryRequests.count(there)).isEqualTo(1);
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
    void aMissingNameGivesEnoentAndAPathGivesEinval() {
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
    void aFileThatIsNotANamespaceCannotBeEntered() throws NetlinkException {
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
