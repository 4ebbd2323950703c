package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.nio.ByteBuffer;

/**
 * Sends many 8-byte UDP datagrams from one socket to different destinations with one {@code sendmmsg}: the benchmark's
 * load. Layout as in {@link DatagramBatch}, with an address instead of a slot:
 *
 * <pre>
 *  +--------------------+-----------------------+-------+---------+
 *  | mmsghdr x slots    | sockaddr x slots      | iovec | payload |
 *  +--------------------+-----------------------+-------+---------+
 *  mmsghdr (64): u64 name, u32 name length, pad, u64 iovec, u64 iovec count, ... (zero)
 *  sockaddr (32): u16 family, be16 port, then IPv4: 4 bytes address; IPv6: u32 flow, 16 bytes address, u32 scope
 * </pre>
 *
 * <p>Ownership: owns the socket and the memory.
 *
 * <p>Threads: confined to one thread. Only {@link #open} allocates.
 *
 * <p>Source: {@code sendmmsg(2)}, {@code ip(7)}, {@code ipv6(7)}; layout of 64-bit hosts.
 */
public final class DatagramSender implements AutoCloseable {
    private static final int MMSGHDR_BYTES = 64;
    private static final int MSG_NAMELEN_OFFSET = 8;
    private static final int MSG_IOV_OFFSET = 16;
    private static final int MSG_IOVLEN_OFFSET = 24;
    private static final int SOCKADDR_SLOT_BYTES = 32;
    private static final int SOCKADDR_IN_BYTES = 16;
    private static final int SOCKADDR_IN6_BYTES = 28;
    private static final int PORT_OFFSET = 2;
    private static final int IPV4_OFFSET = 4;
    private static final int IPV6_OFFSET = 8;
    private static final int IOVEC_BYTES = 16;
    private static final int IOV_LEN_OFFSET = 8;
    private static final int PAYLOAD_BYTES = 8;
    private static final int MAX_SLOTS = 1024;

    private final ByteBuffer memory;
    private final long address;
    private final int slots;
    private int fd;

    private DatagramSender(int fd, boolean v6, int slots) {
        this.fd = fd;
        this.slots = slots;
        int names = slots * MMSGHDR_BYTES;
        int iovec = names + slots * SOCKADDR_SLOT_BYTES;
        memory = Libc.allocate(iovec + IOVEC_BYTES + PAYLOAD_BYTES);
        address = Libc.address(memory);
        memory.putLong(iovec, address + iovec + IOVEC_BYTES);
        memory.putLong(iovec + IOV_LEN_OFFSET, PAYLOAD_BYTES);
        for (int slot = 0; slot < slots; slot++) {
            int header = slot * MMSGHDR_BYTES;
            int name = name(slot);
            memory.putLong(header, address + name);
            memory.putInt(header + MSG_NAMELEN_OFFSET, v6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES);
            memory.putLong(header + MSG_IOV_OFFSET, address + iovec);
            memory.putLong(header + MSG_IOVLEN_OFFSET, 1);
            memory.putShort(name, (short) (v6 ? Libc.AF_INET6 : Libc.AF_INET));
        }
    }

    /**
     * Opens a socket in the calling thread's network namespace.
     *
     * @param v6 IPv6 destinations, else IPv4
     * @param slots datagrams per call, 1..1024
     */
    public static DatagramSender open(boolean v6, int slots) throws NetlinkException {
        if (slots < 1 || slots > MAX_SLOTS) {
            throw new IllegalArgumentException("slots " + slots);
        }
        int fd = Libc.socket(v6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        int errno = fd < 0 ? Native.getLastError() : 0;
        if (fd < 0) {
            throw new NetlinkException("open UDP socket", errno);
        }
        return new DatagramSender(fd, v6, slots);
    }

    private int name(int slot) {
        return slots * MMSGHDR_BYTES + slot * SOCKADDR_SLOT_BYTES;
    }

    /** Sets the destination of a slot's datagram: IPv4 address (host order) and port. */
    public void to(int slot, int ipv4, int port) {
        int name = name(slot);
        putPort(name, port);
        putBigEndian(name + IPV4_OFFSET, ipv4);
    }

    /** Sets the destination of a slot's datagram: both halves of the IPv6 address (host order) and port. */
    public void to(int slot, long upper, long lower, int port) {
        int name = name(slot);
        putPort(name, port);
        putBigEndian(name + IPV6_OFFSET, (int) (upper >>> Integer.SIZE));
        putBigEndian(name + IPV6_OFFSET + Integer.BYTES, (int) upper);
        putBigEndian(name + IPV6_OFFSET + 2 * Integer.BYTES, (int) (lower >>> Integer.SIZE));
        putBigEndian(name + IPV6_OFFSET + 3 * Integer.BYTES, (int) lower);
    }

    private void putPort(int name, int port) {
        memory.put(name + PORT_OFFSET, (byte) (port >>> Byte.SIZE)).put(name + PORT_OFFSET + 1, (byte) port);
    }

    private void putBigEndian(int offset, int value) {
        for (int i = 0; i < Integer.BYTES; i++) {
            memory.put(offset + i, (byte) (value >>> (Integer.SIZE - Byte.SIZE * (i + 1))));
        }
    }

    /**
     * Sends the datagrams of the first {@code count} slots.
     *
     * @return the number sent. A datagram that the host's packet filter refuses (EPERM: a rule, or a full table with no
     *     flow to evict) ends the call early; its slot is the returned number
     * @throws NetlinkException when the first datagram cannot be sent for any other reason
     */
    public int send(int count) throws NetlinkException {
        if (count < 1 || count > slots) {
            throw new IllegalArgumentException("count " + count);
        }
        int sent = Libc.sendmmsg(fd, address, count, 0);
        int errno = sent < 0 ? Native.getLastError() : 0;
        if (errno == Errno.EPERM) {
            return 0;
        }
        if (errno != 0) {
            throw new NetlinkException("send datagrams", errno);
        }
        return sent;
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
