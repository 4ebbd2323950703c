package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * Sends IP packets of any protocol; the kernel writes the IP header. For the demo, the benchmark and the tests: ICMP,
 * SCTP, GRE and unknown protocols without their own socket types. Needs CAP_NET_RAW.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Source: {@code raw(7)}, {@code ip(7)}, {@code ipv6(7)}.
 */
public final class RawIpSocket implements AutoCloseable {
    public static final int AF_INET = Libc.AF_INET;
    public static final int AF_INET6 = Libc.AF_INET6;
    public static final int IPPROTO_ICMP = 1;
    public static final int IPPROTO_ICMPV6 = 58;

    /** {@code struct sockaddr_in}: u16 family (host), be16 port, 4 bytes address, pad to 16. */
    private static final int SOCKADDR_IN_BYTES = 16;

    private static final int SOCKADDR_IN_ADDRESS_OFFSET = 4;
    /** {@code struct sockaddr_in6}: u16 family (host), be16 port, be32 flow, 16 bytes address, u32 scope. */
    private static final int SOCKADDR_IN6_BYTES = 28;

    private static final int SOCKADDR_IN6_ADDRESS_OFFSET = 8;
    private static final int MAX_PAYLOAD_BYTES = 65_535;
    private static final int ICMP_ECHO = 8;
    private static final int ICMPV6_ECHO_REQUEST = 128;
    private static final int ICMP_HEADER_BYTES = 8;

    private final int family;
    private final ByteBuffer address = Libc.allocate(SOCKADDR_IN6_BYTES);
    private final ByteBuffer packet = Libc.allocate(MAX_PAYLOAD_BYTES);
    private int fd;

    private RawIpSocket(int family, int fd) {
        this.family = family;
        this.fd = fd;
    }

    /**
     * Opens a socket in the calling thread's network namespace.
     *
     * @param family {@link #AF_INET} or {@link #AF_INET6}
     * @param protocol IANA number of the payloads' protocol
     */
    public static RawIpSocket open(int family, int protocol) throws NetlinkException {
        int fd = Libc.socket(family, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, protocol);
        int errno = fd < 0 ? Native.getLastError() : 0;
        if (fd < 0) {
            throw new NetlinkException("open raw socket of protocol " + protocol, errno);
        }
        return new RawIpSocket(family, fd);
    }

    /** Sets the packets' source address. */
    public void bind(InetAddress source) throws NetlinkException {
        int length = writeAddress(source);
        int result = Libc.bind(fd, Libc.address(address), length);
        int errno = result < 0 ? Native.getLastError() : 0;
        if (errno != 0) {
            throw new NetlinkException("bind raw socket to " + source.getHostAddress(), errno);
        }
    }

    /** Sends one packet. For ICMPv6 the kernel fills in the checksum, for every other protocol the caller does. */
    public void send(byte[] payload, InetAddress to) throws NetlinkException {
        int length = writeAddress(to);
        packet.put(0, payload);
        long sent = Libc.sendto(fd, Libc.address(packet), payload.length, 0, Libc.address(address), length);
        int errno = sent < 0 ? Native.getLastError() : 0;
        if (errno != 0) {
            throw new NetlinkException("send a raw packet to " + to.getHostAddress(), errno);
        }
    }

    private int writeAddress(InetAddress target) {
        byte[] bytes = target.getAddress();
        int targetFamily = bytes.length == Integer.BYTES ? AF_INET : AF_INET6;
        if (targetFamily != family) {
            throw new IllegalArgumentException(target.getHostAddress() + " is not of the socket's family");
        }
        for (int i = 0; i < SOCKADDR_IN6_BYTES; i++) {
            address.put(i, (byte) 0);
        }
        address.putShort(0, (short) family);
        address.put(family == AF_INET ? SOCKADDR_IN_ADDRESS_OFFSET : SOCKADDR_IN6_ADDRESS_OFFSET, bytes);
        return family == AF_INET ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES;
    }

    /** An ICMP or ICMPv6 echo request without data, to be sent by a socket of that family. */
    public static byte[] echoRequest(int family, int identifier, int sequence) {
        ByteBuffer echo = ByteBuffer.allocate(ICMP_HEADER_BYTES);
        int type = family == AF_INET ? ICMP_ECHO : ICMPV6_ECHO_REQUEST;
        echo.put((byte) type).put((byte) 0).putShort((short) 0);
        echo.putShort((short) identifier).putShort((short) sequence);
        if (family == AF_INET) {
            int sum = (type << Byte.SIZE) + (identifier & 0xFFFF) + (sequence & 0xFFFF);
            int folded = (sum & 0xFFFF) + (sum >>> Short.SIZE);
            echo.putShort(2, (short) ~((folded & 0xFFFF) + (folded >>> Short.SIZE)));
        }
        return echo.array();
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
