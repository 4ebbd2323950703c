package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/**
 * A netlink socket: non-blocking, close-on-exec, bound to a port id that the kernel chose.
 *
 * <p>Ownership: the opener closes it, after every other thread has stopped using it.
 *
 * <p>Threads: one owner sends and receives; {@link #setOption}, {@link #option} and {@link #drops} may also be called
 * by another thread.
 *
 * <p>Errors: {@link NetlinkException} with the errno; a closed socket gives EBADF.
 *
 * <p>Source: {@code netlink(7)}, {@code socket(7)}; option numbers are the asm-generic ones (x86, ARM, RISC-V).
 */
public final class NetlinkSocket implements AutoCloseable {
    public static final int NETLINK_ROUTE = 0;
    /** Messages between user programs; the tests use it to send their own bytes through a real socket. */
    public static final int NETLINK_USERSOCK = 2;

    public static final int NETLINK_NETFILTER = 12;

    public static final int SOL_SOCKET = 1;
    public static final int SO_SNDBUF = 7;
    public static final int SO_RCVBUF = 8;
    public static final int SO_ATTACH_FILTER = 26;
    public static final int SO_RCVBUFFORCE = 33;
    public static final int SO_MEMINFO = 55;
    public static final int SO_NETNS_COOKIE = 71;

    public static final int SOL_NETLINK = 270;
    public static final int NETLINK_ADD_MEMBERSHIP = 1;
    public static final int NETLINK_DROP_MEMBERSHIP = 2;
    public static final int NETLINK_BROADCAST_ERROR = 4;
    public static final int NETLINK_NO_ENOBUFS = 5;
    public static final int NETLINK_LISTEN_ALL_NSID = 8;
    public static final int NETLINK_CAP_ACK = 10;
    public static final int NETLINK_EXT_ACK = 11;

    /** {@code struct sockaddr_nl}: u16 family, u16 pad, u32 port id, u32 groups; host order. */
    static final int SOCKADDR_BYTES = 12;

    static final int SOCKADDR_PORT_ID_OFFSET = 4;
    private static final int SOCKADDR_GROUPS_OFFSET = 8;

    /** {@code SK_MEMINFO_VARS} u32 words. */
    private static final int MEMINFO_BYTES = 36;

    private static final int SK_MEMINFO_RMEM_ALLOC_OFFSET = 0;
    private static final int SK_MEMINFO_DROPS_OFFSET = 32;

    // Scratch memory: each area has one use, so that drops() never collides with another thread's setOption().
    private static final int MEMINFO_AREA = 0;
    private static final int MEMINFO_LENGTH_AREA = 40;
    private static final int OPTION_AREA = 48;
    private static final int OPTION_LENGTH_AREA = 56;
    private static final int ADDRESS_AREA = 64;
    private static final int ADDRESS_LENGTH_AREA = 80;
    private static final int SCRATCH_BYTES = 88;

    private final ByteBuffer scratch = Libc.allocate(SCRATCH_BYTES);
    private final long scratchAddress = Libc.address(scratch);
    private volatile int fd;
    private long portId;

    private NetlinkSocket(int fd) {
        this.fd = fd;
    }

    /** Opens and binds a socket in the calling thread's network namespace. */
    public static NetlinkSocket open(int protocol) throws NetlinkException {
        int fd = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, protocol);
        int errno = fd < 0 ? Native.getLastError() : 0;
        if (fd < 0) {
            throw new NetlinkException("open netlink socket of protocol " + protocol, errno);
        }
        NetlinkSocket socket = new NetlinkSocket(fd);
        try {
            socket.bind();
        } catch (NetlinkException e) {
            socket.close();
            throw e;
        }
        return socket;
    }

    /** Opens and binds a socket in another network namespace; it stays there until it is closed. */
    public static NetlinkSocket open(NetworkNamespace namespace, int protocol) throws NetlinkException {
        return namespace.call(() -> open(protocol));
    }

    private void bind() throws NetlinkException {
        writeKernelAddress();
        int result = Libc.bind(fd, scratchAddress + ADDRESS_AREA, SOCKADDR_BYTES);
        int errno = result < 0 ? Native.getLastError() : 0;
        check("bind netlink socket", errno);
        scratch.putInt(ADDRESS_LENGTH_AREA, SOCKADDR_BYTES);
        result = Libc.getsockname(fd, scratchAddress + ADDRESS_AREA, scratchAddress + ADDRESS_LENGTH_AREA);
        errno = result < 0 ? Native.getLastError() : 0;
        check("read the socket's port id", errno);
        portId = scratch.getInt(ADDRESS_AREA + SOCKADDR_PORT_ID_OFFSET) & 0xFFFF_FFFFL;
        writeKernelAddress();
    }

    /** Port id 0: the kernel. */
    private void writeKernelAddress() {
        scratch.putLong(ADDRESS_AREA, 0).putInt(ADDRESS_AREA + SOCKADDR_GROUPS_OFFSET, 0);
        scratch.putShort(ADDRESS_AREA, (short) Libc.AF_NETLINK);
    }

    /** The file descriptor; negative once closed. */
    public int fd() {
        return fd;
    }

    /** {@code nlmsg_pid} of this socket, u32. */
    public long portId() {
        return portId;
    }

    /** Joins a multicast group by number; the membership is active when this returns. */
    public void join(int group) throws NetlinkException {
        setOption("join group " + group, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
    }

    /** Leaves a multicast group; queued messages stay queued. */
    public void leave(int group) throws NetlinkException {
        setOption("leave group " + group, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, group);
    }

    /** Sets an option whose value is an int. */
    public void setOption(int level, int option, int value) throws NetlinkException {
        setOption("set socket option " + level + "/" + option + " to " + value, level, option, value);
    }

    private synchronized void setOption(String operation, int level, int option, int value) throws NetlinkException {
        scratch.putInt(OPTION_AREA, value);
        int result = Libc.setsockopt(fd, level, option, scratchAddress + OPTION_AREA, Integer.BYTES);
        int errno = result < 0 ? Native.getLastError() : 0;
        check(operation, errno);
    }

    /** Reads an option whose value is an int. */
    public synchronized int option(int level, int option) throws NetlinkException {
        scratch.putInt(OPTION_LENGTH_AREA, Integer.BYTES);
        int result =
                Libc.getsockopt(fd, level, option, scratchAddress + OPTION_AREA, scratchAddress + OPTION_LENGTH_AREA);
        int errno = result < 0 ? Native.getLastError() : 0;
        check("read socket option " + level + "/" + option, errno);
        return scratch.getInt(OPTION_AREA);
    }

    /**
     * The identity of this socket's network namespace: its cookie, a u64 in decimal. It tells apart namespaces that had
     * the same name one after the other. No other namespace gets the same cookie until the host reboots.
     *
     * <p>On a kernel without the option it is {@code device:inode:nanos}: the namespace file, whose inode another
     * namespace may reuse, and the wall clock at this call. Each call then returns a different value, so the caller
     * must keep the first.
     *
     * <p>Source: {@code uapi/asm-generic/socket.h}; {@code sock_getsockopt} takes exactly 8 bytes since Linux 5.14,
     * commit e8b9eab99232, which some older stable kernels also contain.
     */
    public synchronized String netnsId() throws NetlinkException {
        scratch.putInt(OPTION_LENGTH_AREA, Long.BYTES);
        int result = Libc.getsockopt(
                fd, SOL_SOCKET, SO_NETNS_COOKIE, scratchAddress + OPTION_AREA, scratchAddress + OPTION_LENGTH_AREA);
        int errno = result < 0 ? Native.getLastError() : 0;
        if (errno == Errno.ENOPROTOOPT) {
            return netnsIdWithoutCookie();
        }
        check("read the cookie of the socket's network namespace", errno);
        return Long.toUnsignedString(scratch.getLong(OPTION_AREA));
    }

    String netnsIdWithoutCookie() throws NetlinkException {
        try (NetworkNamespace own = NetworkNamespace.of(this)) {
            return own.device() + ":" + own.inode() + ":" + Clock.realtimeNanos();
        }
    }

    /**
     * Asks for a receive buffer: {@code SO_RCVBUFFORCE}, else {@code SO_RCVBUF}, which the host caps. Works on a socket
     * in use and takes effect at once.
     */
    public ReceiveBufferGrant requestReceiveBuffer(int bytes) throws NetlinkException {
        boolean forced = true;
        try {
            setOption(SOL_SOCKET, SO_RCVBUFFORCE, bytes);
        } catch (NetlinkException e) {
            if (e.errno() != Errno.EPERM) {
                throw e;
            }
            forced = false;
            setOption(SOL_SOCKET, SO_RCVBUF, bytes);
        }
        return new ReceiveBufferGrant(bytes, option(SOL_SOCKET, SO_RCVBUF), forced);
    }

    /** Messages that the kernel could not queue on this socket since it was opened: u32, wraps. Allocates nothing. */
    public long drops() throws NetlinkException {
        return memoryInfo(SK_MEMINFO_DROPS_OFFSET);
    }

    /** Receive memory charged for queued messages, in bytes. Allocates nothing. */
    public long queuedBytes() throws NetlinkException {
        return memoryInfo(SK_MEMINFO_RMEM_ALLOC_OFFSET);
    }

    // Two concurrent calls write the same kernel counters to the same words, so each reads a current value.
    private long memoryInfo(int offset) throws NetlinkException {
        scratch.putInt(MEMINFO_LENGTH_AREA, MEMINFO_BYTES);
        int result = Libc.getsockopt(
                fd, SOL_SOCKET, SO_MEMINFO, scratchAddress + MEMINFO_AREA, scratchAddress + MEMINFO_LENGTH_AREA);
        int errno = result < 0 ? Native.getLastError() : 0;
        check("read the socket's memory counters", errno);
        return scratch.getInt(MEMINFO_AREA + offset) & 0xFFFF_FFFFL;
    }

    /**
     * Sends {@code [position, limit)} to the kernel as one datagram; the kernel has handled its requests on return.
     *
     * @param message direct; its position does not change
     */
    public void send(ByteBuffer message) throws NetlinkException {
        sendTo(message, 0, 0);
    }

    /** Sends to another socket or to groups (a bit set); for tests with {@code NETLINK_USERSOCK}. */
    void sendTo(ByteBuffer message, long destinationPortId, int groups) throws NetlinkException {
        scratch.putInt(ADDRESS_AREA + SOCKADDR_GROUPS_OFFSET, groups);
        scratch.putInt(ADDRESS_AREA + SOCKADDR_PORT_ID_OFFSET, (int) destinationPortId);
        int errno;
        try {
            long start = Libc.address(message) + message.position();
            do {
                errno = sendOnce(start, message.remaining());
            } while (errno == Errno.EINTR);
        } finally {
            Reference.reachabilityFence(message);
        }
        check("send " + message.remaining() + " bytes", errno);
    }

    private int sendOnce(long start, int lengthBytes) {
        long sent = Libc.sendto(fd, start, lengthBytes, 0, scratchAddress + ADDRESS_AREA, SOCKADDR_BYTES);
        return sent < 0 ? Native.getLastError() : 0;
    }

    private static void check(String operation, int errno) throws NetlinkException {
        if (errno != 0) {
            throw new NetlinkException(operation, errno);
        }
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
