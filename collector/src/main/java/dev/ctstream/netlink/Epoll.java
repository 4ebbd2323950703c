package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.nio.ByteBuffer;

/**
 * Waits for input on several file descriptors, level-triggered.
 *
 * <p>Ownership: does not own the descriptors; the kernel removes a closed one.
 *
 * <p>Threads: confined to one thread. {@link #await} allocates nothing.
 *
 * <p>Source: {@code epoll(7)}; {@code struct epoll_event} is packed on x86-64 and only there.
 */
public final class Epoll implements AutoCloseable {
    /** Most descriptors that one {@link #await} reports. */
    public static final int MAX_EVENTS = 64;

    private static final boolean PACKED = System.getProperty("os.arch", "").matches("amd64|x86_64");
    private static final int EVENT_BYTES = PACKED ? 12 : 16;
    private static final int EVENT_DATA_OFFSET = PACKED ? 4 : 8;

    private final ByteBuffer events = Libc.allocate(MAX_EVENTS * EVENT_BYTES);
    private final long eventsAddress = Libc.address(events);
    private int fd;

    private Epoll(int fd) {
        this.fd = fd;
    }

    /** Opens an empty set. */
    public static Epoll open() throws NetlinkException {
        int fd = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        int errno = fd < 0 ? Native.getLastError() : 0;
        if (fd < 0) {
            throw new NetlinkException("open epoll", errno);
        }
        return new Epoll(fd);
    }

    /** Watches a descriptor; {@link #token} returns {@code token} for it. */
    public void add(int watchedFd, int token) throws NetlinkException {
        events.putInt(0, Libc.EPOLLIN).putLong(EVENT_DATA_OFFSET, token);
        int result = Libc.epoll_ctl(fd, Libc.EPOLL_CTL_ADD, watchedFd, eventsAddress);
        int errno = result < 0 ? Native.getLastError() : 0;
        if (errno != 0) {
            throw new NetlinkException("watch descriptor " + watchedFd, errno);
        }
    }

    /** Stops watching a descriptor. */
    public void remove(int watchedFd) throws NetlinkException {
        int result = Libc.epoll_ctl(fd, Libc.EPOLL_CTL_DEL, watchedFd, eventsAddress);
        int errno = result < 0 ? Native.getLastError() : 0;
        if (errno != 0) {
            throw new NetlinkException("unwatch descriptor " + watchedFd, errno);
        }
    }

    /**
     * Waits until a descriptor has input or an error to report.
     *
     * @param timeoutMillis 0 = do not wait, -1 = no limit
     * @return the number of ready descriptors, at most {@link #MAX_EVENTS}; 0 after the timeout or a signal
     */
    public int await(int timeoutMillis) throws NetlinkException {
        int count = Libc.epoll_wait(fd, eventsAddress, MAX_EVENTS, timeoutMillis);
        int errno = count < 0 ? Native.getLastError() : 0;
        if (errno == Errno.EINTR) {
            return 0;
        }
        if (errno != 0) {
            throw new NetlinkException("wait for descriptors", errno);
        }
        return count;
    }

    /** The token of the i-th ready descriptor of the last {@link #await}. */
    public int token(int i) {
        return (int) events.getLong(i * EVENT_BYTES + EVENT_DATA_OFFSET);
    }

    @Override
    public void close() {
        int open = fd;
        fd = -1;
        if (open >= 0) {
            Libc.close(open);
        }
    }
}
