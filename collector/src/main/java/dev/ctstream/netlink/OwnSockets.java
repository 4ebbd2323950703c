package dev.ctstream.netlink;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * The local ends of the TCP connections that this process has made, in whichever namespace: also of those that it is
 * making, but not of those that it has accepted. Libraries make sockets of their own, so the descriptors are asked. Some
 * 1 us for each open descriptor; needs no privilege.
 *
 * <p>A socket that is not connected yet has a local end from the moment before its first packet is sent.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Source: {@code proc(5)}, {@code getsockname(2)}; {@code inet_getname} in {@code net/ipv4/af_inet.c}.
 */
public final class OwnSockets {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final int SOL_SOCKET = 1;
    private static final int SO_TYPE = 3;
    private static final int SO_ACCEPTCONN = 30;
    private static final int SOCK_STREAM = 1;

    // struct sockaddr_in: u16 family (host), u16 port (network), address; sockaddr_in6 has a u32 before the address
    private static final int PORT_OFFSET = 2;
    private static final int ADDRESS_OFFSET = 4;
    private static final int ADDRESS6_OFFSET = 8;
    private static final int IPV4_BYTES = 4;
    private static final int IPV6_BYTES = 16;
    private static final int NAME_BYTES = 28;
    private static final int LENGTH_AREA = 32;
    private static final int VALUE_AREA = 36;

    private final ByteBuffer scratch = Libc.allocate(VALUE_AREA + Integer.BYTES);
    private final long address = Libc.address(scratch);

    /** The local ends; a mapped IPv4 address counts as one of IPv4. Empty where {@code /proc} cannot be read. */
    public Set<InetSocketAddress> localEnds() {
        Set<InetSocketAddress> ends = new HashSet<>();
        Set<Integer> listening = new HashSet<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path path : all) {
                add(Integer.parseInt(String.valueOf(path.getFileName())), ends, listening);
            }
        } catch (IOException | DirectoryIteratorException e) {
            return Set.of();
        }
        ends.removeIf(end -> listening.contains(end.getPort()));
        return ends;
    }

    private void add(int fd, Set<InetSocketAddress> to, Set<Integer> listening) {
        scratch.putInt(LENGTH_AREA, NAME_BYTES).putShort(0, (short) 0);
        if (Libc.getsockname(fd, address, address + LENGTH_AREA) != 0) {
            return; // no socket, or closed by now
        }
        int family = scratch.getShort(0);
        if (family != Libc.AF_INET && family != Libc.AF_INET6) {
            return;
        }
        InetSocketAddress end = name(family == Libc.AF_INET); // before the options: they use the same memory
        if (option(fd, SO_TYPE) == SOCK_STREAM) {
            to.add(end);
            if (option(fd, SO_ACCEPTCONN) == 1) {
                listening.add(end.getPort());
            }
        }
    }

    private int option(int fd, int option) {
        scratch.putInt(LENGTH_AREA, Integer.BYTES);
        int result = Libc.getsockopt(fd, SOL_SOCKET, option, address + VALUE_AREA, address + LENGTH_AREA);
        return result == 0 ? scratch.getInt(VALUE_AREA) : -1;
    }

    private InetSocketAddress name(boolean ipv4) {
        byte[] bytes = new byte[ipv4 ? IPV4_BYTES : IPV6_BYTES];
        scratch.get(ipv4 ? ADDRESS_OFFSET : ADDRESS6_OFFSET, bytes);
        int port = Short.toUnsignedInt(
                scratch.order() == ByteOrder.BIG_ENDIAN
                        ? scratch.getShort(PORT_OFFSET)
                        : Short.reverseBytes(scratch.getShort(PORT_OFFSET)));
        return end(bytes, port);
    }

    /** An end, as {@link #localEnds} has it. */
    public static InetSocketAddress end(byte[] address, int port) {
        try {
            return new InetSocketAddress(InetAddress.getByAddress(address), port);
        } catch (IOException e) {
            throw new IllegalArgumentException(address.length + " bytes", e);
        }
    }
}
