package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The socket at which a service manager listens. */
public final class NotifyStandIn implements AutoCloseable {
    private static final int MOST_BYTES = 4096;

    private final ByteBuffer buffer = Libc.allocate(MOST_BYTES);
    private final int fd;

    /** Listens at a path that does not exist, or at {@code @} and an abstract name. */
    public NotifyStandIn(String address) throws NetlinkException {
        ByteBuffer name = Libc.allocate(128);
        int nameBytes = NotifySocket.name(address, name);
        fd = Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0);
        assertThat(Libc.bind(fd, Libc.address(name), nameBytes)).isZero();
    }

    public NotifyStandIn(Path path) throws NetlinkException {
        this(path.toString());
    }

    /** What has come since the last call, one text for each datagram. */
    public List<String> received() {
        List<String> all = new ArrayList<>();
        for (long bytes = read(); bytes > 0; bytes = read()) {
            byte[] text = new byte[(int) bytes];
            buffer.get(0, text);
            all.add(new String(text, StandardCharsets.UTF_8));
        }
        return all;
    }

    private long read() {
        return Libc.read(fd, Libc.address(buffer), MOST_BYTES);
    }

    @Override
    public void close() {
        Libc.close(fd);
    }
}
