package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Receives one datagram from the kernel at a time and waits for it when needed.
 *
 * <p>Ownership: owns the buffer; its bytes are valid until the next {@link #receive}.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Errors: ENOBUFS when replies were lost, EMSGSIZE for a truncated datagram.
 *
 * <p>Source: {@code recvmsg(2)}, {@code poll(2)}; layouts of 64-bit hosts.
 */
final class ReplyReceiver {
    /** struct msghdr (56), struct iovec (16), struct sockaddr_nl (12), pad, struct pollfd (8). */
    private static final int MSGHDR_AREA = 0;

    private static final int MSG_NAMELEN_OFFSET = 8;
    private static final int MSG_IOV_OFFSET = 16;
    private static final int MSG_IOVLEN_OFFSET = 24;
    private static final int MSG_FLAGS_OFFSET = 48;
    private static final int IOVEC_AREA = 56;
    private static final int IOV_LEN_OFFSET = 8;
    private static final int NAME_AREA = 72;
    private static final int POLLFD_AREA = 88;
    private static final int POLLFD_EVENTS_OFFSET = 4;
    private static final int SCRATCH_BYTES = 96;

    private static final LongAdder FOREIGN = new LongAdder();

    private final ByteBuffer buffer;
    private final ByteBuffer scratch = Libc.allocate(SCRATCH_BYTES);
    private final long scratchAddress = Libc.address(scratch);

    ReplyReceiver(int bufferBytes) {
        buffer = Libc.allocate(bufferBytes);
        scratch.putLong(MSGHDR_AREA, scratchAddress + NAME_AREA);
        scratch.putLong(MSGHDR_AREA + MSG_IOV_OFFSET, scratchAddress + IOVEC_AREA);
        scratch.putLong(MSGHDR_AREA + MSG_IOVLEN_OFFSET, 1);
        scratch.putLong(IOVEC_AREA, Libc.address(buffer));
        scratch.putLong(IOVEC_AREA + IOV_LEN_OFFSET, bufferBytes);
    }

    /** Datagrams of other programs on all sockets of this process. */
    static long foreignTotal() {
        return FOREIGN.sum();
    }

    /** Holds the datagram from position 0. */
    ByteBuffer buffer() {
        return buffer;
    }

    /**
     * Receives the next datagram that the kernel itself sent; those of other programs are counted and dropped.
     *
     * @param timeoutMillis longest wait; 0 = do not wait
     * @return its length, 0 when none came
     */
    int receive(NetlinkSocket socket, long timeoutMillis) throws NetlinkException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        while (true) {
            scratch.putInt(MSGHDR_AREA + MSG_NAMELEN_OFFSET, NetlinkSocket.SOCKADDR_BYTES);
            long length = Libc.recvmsg(socket.fd(), scratchAddress + MSGHDR_AREA, Libc.MSG_DONTWAIT);
            int errno = length < 0 ? Native.getLastError() : 0;
            if (errno == Errno.EAGAIN) {
                long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (leftMillis <= 0) {
                    return 0;
                }
                poll(socket, (int) leftMillis);
            } else if (errno != 0 && errno != Errno.EINTR) {
                throw new NetlinkException("receive the reply", errno);
            } else if (errno == 0 && senderPortId() == 0) {
                return whole((int) length);
            } else if (errno == 0) {
                FOREIGN.increment();
                if (System.nanoTime() - deadline >= 0) {
                    return 0; // also while another program keeps the queue full
                }
            }
        }
    }

    private long senderPortId() {
        return scratch.getInt(NAME_AREA + NetlinkSocket.SOCKADDR_PORT_ID_OFFSET) & 0xFFFF_FFFFL;
    }

    private int whole(int length) throws NetlinkException {
        if ((scratch.getInt(MSGHDR_AREA + MSG_FLAGS_OFFSET) & Libc.MSG_TRUNC) != 0) {
            throw new NetlinkException(
                    "receive the reply",
                    Errno.EMSGSIZE,
                    "a datagram from the kernel was longer than " + buffer.capacity() + " bytes",
                    NetlinkException.NO_OFFSET);
        }
        return length;
    }

    private void poll(NetlinkSocket socket, int timeoutMillis) throws NetlinkException {
        scratch.putInt(POLLFD_AREA, socket.fd());
        scratch.putShort(POLLFD_AREA + POLLFD_EVENTS_OFFSET, (short) Libc.POLLIN);
        int result = Libc.poll(scratchAddress + POLLFD_AREA, 1, timeoutMillis);
        int errno = result < 0 ? Native.getLastError() : 0;
        if (errno != 0 && errno != Errno.EINTR) {
            throw new NetlinkException("wait for the reply", errno);
        }
    }
}
