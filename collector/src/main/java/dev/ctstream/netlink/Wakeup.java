package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.nio.ByteBuffer;

/**
 * Lets any thread end another thread's {@link Epoll#await}.
 *
 * <p>Threads: {@link #signal} from any; {@link #drain} by the thread that waits. Signals before a drain count as one.
 *
 * <p>Source: {@code eventfd(2)}.
 */
public final class Wakeup implements AutoCloseable {
    private final ByteBuffer one = Libc.allocate(Long.BYTES).putLong(0, 1);
    private final ByteBuffer counter = Libc.allocate(Long.BYTES);
    private final long oneAddress = Libc.address(one);
    private final long counterAddress = Libc.address(counter);
    private volatile int fd;

    private Wakeup(int fd) {
        this.fd = fd;
    }

    /** Opens it, not signalled. */
    public static Wakeup open() throws NetlinkException {
        int fd = Libc.eventfd(0, Libc.EFD_FLAGS);
        int errno = fd < 0 ? Native.getLastError() : 0;
        if (fd < 0) {
            throw new NetlinkException("open eventfd", errno);
        }
        return new Wakeup(fd);
    }

    /** The descriptor to watch. */
    public int fd() {
        return fd;
    }

    /**
     * Makes the descriptor ready; does nothing once closed. The lock prevents a write to a reused descriptor number.
     */
    public synchronized void signal() {
        if (fd >= 0) {
            Libc.write(fd, oneAddress, Long.BYTES); // EAGAIN only when 2^64 - 2 signals are pending: still ready
        }
    }

    /** Makes the descriptor not ready again; returns whether it was. Allocates nothing. */
    public boolean drain() {
        return Libc.read(fd, counterAddress, Long.BYTES) == Long.BYTES;
    }

    @Override
    public synchronized void close() {
        int open = fd;
        fd = -1;
        if (open >= 0) {
            Libc.close(open);
        }
    }
}
