package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Sends states to a service manager: one AF_UNIX datagram each.
 *
 * <pre>
 *  sockaddr_un: u16 family, path and a NUL; "@name" is an abstract address: a NUL, and the name without an end
 * </pre>
 *
 * <p>Ownership: owns the socket and the memory. Threads: confined to one; never waits.
 *
 * <p>Source: {@code sd_notify(3)}, {@code unix(7)}.
 */
public final class NotifySocket implements AutoCloseable {
    private static final int PATH_OFFSET = 2;
    private static final int PATH_BYTES = 108;

    private final ByteBuffer name;
    private final int nameBytes;
    private int fd;

    private NotifySocket(int fd, ByteBuffer name, int nameBytes) {
        this.fd = fd;
        this.name = name;
        this.nameBytes = nameBytes;
    }

    /**
     * Opens a socket for sending; the manager need not listen yet.
     *
     * @param address a path from the root, or {@code @} and an abstract name; at most 107 bytes
     * @throws NetlinkException with EINVAL for any other address
     */
    public static NotifySocket open(String address) throws NetlinkException {
        ByteBuffer name = Libc.allocate(PATH_OFFSET + PATH_BYTES);
        int nameBytes = name(address, name);
        int fd = Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0);
        if (fd < 0) {
            throw new NetlinkException("open a socket to the service manager", Native.getLastError());
        }
        return new NotifySocket(fd, name, nameBytes);
    }

    /** Writes the {@code sockaddr_un}; returns its length, bytes. */
    static int name(String address, ByteBuffer to) throws NetlinkException {
        byte[] bytes = address.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = address.startsWith("@");
        if (!(isAbstract || address.startsWith("/")) || bytes.length < 2 || bytes.length >= PATH_BYTES) {
            throw new NetlinkException(
                    "use " + address + " as the address of the service manager",
                    Errno.EINVAL,
                    "it is neither a path from the root nor @ and a name, of at most 107 bytes",
                    NetlinkException.NO_OFFSET);
        }
        to.putShort(0, (short) Libc.AF_UNIX).put(PATH_OFFSET, bytes);
        if (isAbstract) {
            to.put(PATH_OFFSET, (byte) 0);
            return PATH_OFFSET + bytes.length;
        }
        return PATH_OFFSET + bytes.length + 1;
    }

    /**
     * Sends assignments, one a line, for instance {@code READY=1}.
     *
     * @throws NetlinkException when the manager does not listen, or its queue is full (EAGAIN)
     */
    public void send(String state) throws NetlinkException {
        byte[] bytes = state.getBytes(StandardCharsets.UTF_8);
        ByteBuffer message = Libc.allocate(bytes.length);
        message.put(0, bytes);
        try {
            if (Libc.sendto(fd, Libc.address(message), bytes.length, 0, Libc.address(name), nameBytes) < 0) {
                throw new NetlinkException("tell the service manager", Native.getLastError());
            }
        } finally {
            Reference.reachabilityFence(message);
            Reference.reachabilityFence(name);
        }
    }

    @Override
    public void close() {
        if (fd >= 0) {
            Libc.close(fd);
            fd = -1;
        }
    }
}
