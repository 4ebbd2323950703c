package dev.ctstream.netlink;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Refuses what a person gives as a file but is none: opening a named pipe would wait forever, a device never ends. */
public final class RegularFile {
    // uapi/linux/stat.h
    private static final int S_IFMT = 0170000;
    private static final int S_IFIFO = 0010000;
    private static final int S_IFCHR = 0020000;
    private static final int S_IFDIR = 0040000;
    private static final int S_IFBLK = 0060000;
    private static final int S_IFREG = 0100000;
    private static final int S_IFLNK = 0120000;
    private static final int S_IFSOCK = 0140000;

    private RegularFile() {}

    /**
     * Fails unless the path is a regular file, a link (with {@code NOFOLLOW_LINKS}; the opening decides), or one of this
     * process's own descriptors, as a shell gives for {@code <(command)}.
     */
    public static void require(Path file, LinkOption... options) throws IOException {
        String path = file.toString();
        if (path.startsWith("/dev/fd/") || path.startsWith("/proc/self/fd/") || path.equals("/dev/stdin")) {
            return;
        }
        String what = switch ((Integer) Files.getAttribute(file, "unix:mode", options) & S_IFMT) {
            case S_IFREG, S_IFLNK -> "";
            case S_IFDIR -> Errno.text(Errno.EISDIR);
            case S_IFIFO -> "a named pipe; give a file";
            case S_IFCHR, S_IFBLK -> "a device; give a file";
            case S_IFSOCK -> "a socket; give a file";
            default -> "not a regular file; give one";
        };
        if (!what.isEmpty()) {
            throw new FileSystemException(path, null, what);
        }
    }
}
