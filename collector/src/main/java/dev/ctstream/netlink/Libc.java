package dev.ctstream.netlink;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The system calls that this package makes, mapped directly onto the C library. Native addresses and {@code size_t} are
 * {@code long}: only 64-bit hosts are supported ({@link HostCheck}).
 *
 * <p>Cost, measured on a 2-core virtual machine, JDK 17: a direct-mapped call of primitives costs about 0.1 us more
 * than the system call itself and allocates nothing.
 *
 * <p>Threads: every function may be called from any thread.
 *
 * <p>Errors: a negative result means failure; {@code Native.getLastError()} on the very next line is its errno. JNA
 * saves it for the calling thread before anything else of the JVM can touch it.
 */
final class Libc {
    static final int AF_UNIX = 1;
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int AF_NETLINK = 16;
    static final int SOCK_DGRAM = 2;
    static final int SOCK_RAW = 3;
    static final int SOCK_NONBLOCK = 0x800;
    static final int SOCK_CLOEXEC = 0x80000;
    static final int MSG_TRUNC = 0x20;
    static final int MSG_DONTWAIT = 0x40;
    static final int POLLIN = 1;
    static final int O_RDONLY = 0;
    static final int O_CLOEXEC = 0x80000;
    static final int CLONE_NEWNET = 0x40000000;
    static final int CLOCK_REALTIME = 0;
    static final int PR_SET_PDEATHSIG = 1;
    static final int SIOCGSKNS = 0x894C;
    /** {@code EFD_CLOEXEC | EFD_NONBLOCK}: the same bits as for sockets. */
    static final int EFD_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK;

    /** {@code IN_CLOEXEC | IN_NONBLOCK}: the same bits as for sockets. */
    static final int IN_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK;

    static final int EPOLL_CLOEXEC = 0x80000;
    static final int EPOLL_CTL_ADD = 1;
    static final int EPOLL_CTL_DEL = 2;
    static final int EPOLLIN = 1;

    static {
        Native.register(Libc.class, "c");
    }

    private Libc() {}

    static native int socket(int domain, int type, int protocol);

    static native int socketpair(int domain, int type, int protocol, long fds);

    static native int bind(int fd, long address, int addressLength);

    static native int getsockname(int fd, long address, long addressLength);

    static native int setsockopt(int fd, int level, int option, long value, int valueLength);

    static native int getsockopt(int fd, int level, int option, long value, long valueLength);

    static native long sendto(int fd, long message, long size, int flags, long destination, int addressLength);

    static native long recvmsg(int fd, long msghdr, int flags);

    static native int recvmmsg(int fd, long mmsghdrs, int count, int flags, long timeout);

    static native int sendmmsg(int fd, long mmsghdrs, int count, int flags);

    static native int poll(long pollfds, long count, int timeoutMillis);

    static native long read(int fd, long address, long size);

    static native long write(int fd, long address, long size);

    static native int open(byte[] path, int flags);

    static native int close(int fd);

    static native int epoll_create1(int flags);

    static native int epoll_ctl(int epollFd, int operation, int fd, long event);

    static native int epoll_wait(int epollFd, long events, int maxEvents, int timeoutMillis);

    static native int eventfd(int initial, int flags);

    static native int inotify_init1(int flags);

    static native int inotify_add_watch(int fd, byte[] path, int mask);

    /** For requests whose argument is a number or none. */
    static native int ioctl(int fd, long request, long argument);

    static native int setns(int fd, int type);

    static native int unshare(int flags);

    static native int clock_gettime(int clock, long timespec);

    static native int adjtimex(long timex);

    static native int prctl(int option, long argument2, long argument3, long argument4, long argument5);

    static native int sched_setaffinity(int thread, long setBytes, long set);

    static native int getpriority(int which, int who);

    static native int setpriority(int which, int who, int nice);

    /** {@code sighandler_t signal(int, sighandler_t)}; the handler as its address. */
    static native long signal(int signal, long handler);

    static native int getppid();

    static native int geteuid();

    /** New zeroed native memory in the host's byte order; freed when the buffer becomes unreachable. */
    static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** Address of the first byte; valid only while the caller keeps {@code direct} reachable. */
    static long address(ByteBuffer direct) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
    }
}
