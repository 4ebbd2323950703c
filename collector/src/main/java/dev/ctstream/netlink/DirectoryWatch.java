package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Tells which files of a directory come and go. Mounts on a file raise no event.
 *
 * <p>Ownership: owns its descriptor. Threads: confined to one thread.
 *
 * <p>Source: {@code inotify(7)}, {@code uapi/linux/inotify.h}; {@code struct inotify_event} is s32 watch, u32 mask, u32
 * cookie, u32 length, and the name with padding.
 */
final class DirectoryWatch implements AutoCloseable {
    /** There is no such directory. */
    static final int NONE = -1;

    private static final int IN_MOVED_FROM = 0x40;
    private static final int IN_MOVED_TO = 0x80;
    private static final int IN_CREATE = 0x100;
    private static final int IN_DELETE = 0x200;
    private static final int IN_Q_OVERFLOW = 0x4000;
    private static final int IN_ONLYDIR = 0x0100_0000;

    private static final int MASK_OFFSET = 4;
    private static final int LENGTH_OFFSET = 12;
    private static final int HEADER_BYTES = 16;
    private static final int BUFFER_BYTES = 64 << 10;

    private final ByteBuffer buffer = Libc.allocate(BUFFER_BYTES);
    private final long bufferAddress = Libc.address(buffer);
    private int fd;

    /**
     * What has happened since the last reading.
     *
     * @param created names that have appeared; some may be gone again
     * @param names all names that have appeared or gone
     * @param overflowed whether there was more than the kernel kept
     */
    record Changes(Set<String> created, Set<String> names, boolean overflowed) {}

    private DirectoryWatch(int fd) {
        this.fd = fd;
    }

    /** Opens one that watches nothing. */
    static DirectoryWatch open() throws NetlinkException {
        int fd = Libc.inotify_init1(Libc.IN_FLAGS);
        int errno = fd < 0 ? Native.getLastError() : 0;
        if (fd < 0) {
            throw new NetlinkException("open inotify", errno);
        }
        return new DirectoryWatch(fd);
    }

    /** The descriptor to wait for. */
    int fd() {
        return fd;
    }

    /**
     * Watches the directory that is at the path now; doing so again has no effect.
     *
     * @return a number that changes when another directory is at the path, {@link #NONE} when there is none
     */
    int watch(Path directory) throws NetlinkException {
        byte[] path = (directory + "\0").getBytes(StandardCharsets.UTF_8);
        int mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
        int watch = Libc.inotify_add_watch(fd, path, mask);
        int errno = watch < 0 ? Native.getLastError() : 0;
        if (errno != 0 && errno != Errno.ENOENT && errno != Errno.ENOTDIR) {
            throw new NetlinkException("watch " + directory, errno);
        }
        return errno == 0 ? watch : NONE;
    }

    /** Takes what waits; does not wait itself. */
    Changes read() {
        Changes changes = new Changes(new LinkedHashSet<>(), new LinkedHashSet<>(), false);
        for (int length = readOnce(); length > 0; length = readOnce()) {
            changes = add(changes, length);
        }
        return changes;
    }

    private int readOnce() {
        return (int) Libc.read(fd, bufferAddress, BUFFER_BYTES);
    }

    private Changes add(Changes to, int lengthBytes) {
        boolean overflowed = to.overflowed;
        int at = 0;
        while (at + HEADER_BYTES <= lengthBytes) {
            int mask = buffer.getInt(at + MASK_OFFSET);
            int nameBytes = buffer.getInt(at + LENGTH_OFFSET);
            overflowed |= (mask & IN_Q_OVERFLOW) != 0;
            if (nameBytes > 0) {
                String name = name(at + HEADER_BYTES, nameBytes);
                to.names.add(name);
                if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
                    to.created.add(name);
                }
            }
            at += HEADER_BYTES + nameBytes;
        }
        return new Changes(to.created, to.names, overflowed);
    }

    private String name(int offset, int lengthBytes) {
        int end = offset;
        while (end < offset + lengthBytes && buffer.get(end) != 0) {
            end++;
        }
        byte[] name = new byte[end - offset];
        buffer.get(offset, name);
        return new String(name, StandardCharsets.UTF_8);
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
