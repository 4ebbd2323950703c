package dev.ctstream.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * The subscribed netlink sockets of a process, from {@code /proc/net/netlink}; for programs that report nothing
 * themselves.
 *
 * @param count number of sockets
 * @param queuedBytes bytes charged for messages that are not yet read
 * @param drops messages that the kernel could not queue since the sockets were opened
 */
record NetlinkSockets(int count, long queuedBytes, long drops) {
    private static final int PROTOCOL = 1;
    private static final int GROUPS = 3;
    private static final int QUEUED = 4;
    private static final int DROPS = 8;
    private static final int INODE = 9;
    private static final String NETLINK_NETFILTER = "12";
    private static final int HEXADECIMAL = 16;
    private static final String SOCKET = "socket:[";

    /** The sockets of a process in this thread's network namespace. */
    static NetlinkSockets of(long pid) throws IOException {
        return of(Files.readString(Path.of("/proc/thread-self/net/netlink")), inodes(pid));
    }

    /** The sockets with one of these inodes. */
    static NetlinkSockets of(String table, Set<String> inodes) {
        int count = 0;
        long queued = 0;
        long drops = 0;
        for (String line : table.lines().skip(1).toList()) {
            String[] columns = line.strip().split("\\s+", -1);
            boolean subscribed = columns[PROTOCOL].equals(NETLINK_NETFILTER)
                    && Long.parseLong(columns[GROUPS], HEXADECIMAL) != 0
                    && inodes.contains(columns[INODE]);
            if (subscribed) {
                count++;
                queued += Long.parseLong(columns[QUEUED]);
                drops += Long.parseLong(columns[DROPS]);
            }
        }
        return new NetlinkSockets(count, queued, drops);
    }

    private static Set<String> inodes(long pid) throws IOException {
        Set<String> inodes = new HashSet<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
            for (Path descriptor : descriptors) {
                String target = target(descriptor);
                if (target.startsWith(SOCKET)) {
                    inodes.add(target.substring(SOCKET.length(), target.length() - 1));
                }
            }
        }
        return inodes;
    }

    private static String target(Path descriptor) throws IOException {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (FileSystemException e) {
            return ""; // closed in the meantime
        }
    }
}
