package dev.ctstream.spool;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * Finds the process that uses a spool directory. It reads {@code /proc/locks} instead of trying the lock, because a
 * trial lock could block a collector that is just starting.
 *
 * <p>Source: {@code fs/locks.c} ({@code lock_get_status}); a line is {@code 3: POSIX ADVISORY WRITE 4711 fe:01:1179670
 * 0 9223372036854775807}. Locks of processes in other pid namespaces are not shown.
 */
final class LockHolder {
    private static final Path LOCKS = Path.of("/proc/locks");
    private static final String ANONYMOUS = "00:";
    private static final int TYPE = 1;
    private static final int MODE = 3;
    private static final int PID = 4;
    private static final int INODE = 5;

    private LockHolder() {}

    /** The process that has locked a spool directory; empty when there is none or it is not visible. */
    static OptionalLong of(Path directory) throws IOException {
        Path lock =
                directory.resolve(SpoolDirectory.LOCK); // never opened: closing it would release a lock of this process
        try {
            long inode = (Long) Files.getAttribute(lock, "unix:ino");
            String device = device((Long) Files.getAttribute(lock, "unix:dev"));
            return find(Files.readAllLines(LOCKS), device, inode);
        } catch (NoSuchFileException e) {
            return OptionalLong.empty();
        }
    }

    /**
     * Searches the lines of {@code /proc/locks}.
     *
     * @param device in the format of {@code /proc/locks}. For file systems without a device of their own (btrfs,
     *     overlay), {@code /proc/locks} and {@code stat} may report different devices
     */
    static OptionalLong find(List<String> locks, String device, long inode) {
        for (String lock : locks) {
            String[] words = lock.trim().split("\\s+", -1);
            if (words.length > INODE
                    && words[TYPE].equals("POSIX")
                    && words[MODE].equals("WRITE")
                    && words[INODE].endsWith(":" + inode)
                    && (words[INODE].startsWith(device)
                            || (device.startsWith(ANONYMOUS) && words[INODE].startsWith(ANONYMOUS)))) {
                return OptionalLong.of(Long.parseLong(words[PID]));
            }
        }
        return OptionalLong.empty();
    }

    /** Formats a C library {@code dev_t} as {@code MAJOR:MINOR:}. */
    static String device(long dev) {
        long major = (dev >>> 8 & 0xFFF) | (dev >>> 32 & ~0xFFFL);
        long minor = (dev & 0xFF) | (dev >>> 12 & ~0xFFL);
        return String.format(Locale.ROOT, "%02x:%02x:", major, minor);
    }
}
