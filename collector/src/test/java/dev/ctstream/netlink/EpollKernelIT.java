package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class EpollKernelIT {
    @Test
    void returnsTheTokensOfReadyDescriptors() throws NetlinkException {
        try (Epoll epoll = Epoll.open();
                Wakeup first = Wakeup.open();
                Wakeup second = Wakeup.open();
                Wakeup third = Wakeup.open()) {
            epoll.add(first.fd(), 7);
            epoll.add(second.fd(), -1);
            epoll.add(third.fd(), 0x7FFF_FFFF);
            assertThat(epoll.await(0)).isZero();
            second.signal();
            third.signal();
            assertThat(epoll.await(-1)).isEqualTo(2);
            assertThat(new int[] {epoll.token(0), epoll.token(1)}).containsExactlyInAnyOrder(-1, 0x7FFF_FFFF);
            assertThat(second.drain()).isTrue();
            assertThat(second.drain()).as("drained before").isFalse();
            assertThat(epoll.await(-1)).isEqualTo(1);
            assertThat(epoll.token(0)).isEqualTo(0x7FFF_FFFF);
            epoll.remove(third.fd());
            assertThat(epoll.await(0)).isZero();
        }
    }

    @Test
    void manySignalsCountAsOne() throws NetlinkException {
        try (Wakeup wakeup = Wakeup.open()) {
            wakeup.signal();
            wakeup.signal();
            assertThat(wakeup.drain()).isTrue();
            assertThat(wakeup.drain()).isFalse();
        }
    }

    @Test
    void aSignalFromAnotherThreadEndsTheWait() throws NetlinkException, InterruptedException {
        try (Epoll epoll = Epoll.open();
                Wakeup wakeup = Wakeup.open()) {
            epoll.add(wakeup.fd(), 1);
            Thread other = new Thread(wakeup::signal);
            other.start();
            assertThat(epoll.await(-1)).isEqualTo(1);
            other.join();
        }
    }

    @Test
    void aSocketIsReadyWhenADatagramIsQueued() throws NetlinkException {
        try (Epoll epoll = Epoll.open();
                NetlinkSocket sender = NetlinkSocket.open(NetlinkSocket.NETLINK_USERSOCK);
                NetlinkSocket receiver = NetlinkSocket.open(NetlinkSocket.NETLINK_USERSOCK)) {
            epoll.add(receiver.fd(), 3);
            assertThat(epoll.await(10)).isZero();
            sender.sendTo(new MessageWriter().start(0x10, 0, 1).finish(), receiver.portId(), 0);
            assertThat(epoll.await(-1)).isEqualTo(1);
            assertThat(epoll.token(0)).isEqualTo(3);
        }
    }

    @Test
    void aSignalAfterCloseTouchesNothing() throws NetlinkException {
        Wakeup wakeup = Wakeup.open();
        wakeup.close();
        wakeup.close();
        wakeup.signal();
        assertThat(wakeup.fd()).isNegative();
        try (Epoll epoll = Epoll.open()) {
            assertThatExceptionOfType(NetlinkException.class)
                    .isThrownBy(() -> epoll.add(-1, 0))
                    .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBADF));
        }
    }

    @Test
    void theClockIsTheWallClock() {
        long before = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
        long now = Clock.realtimeNanos();
        long after = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis() + 1);
        assertThat(now).isBetween(before, after);
    }
}
