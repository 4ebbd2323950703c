package dev.ctstream.metrics;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** The file descriptors of this process. */
public final class Descriptors {
    /** What the spool, Kafka's client, the JVM's own files and the HTTP endpoint need together. */
    private static final int WANTED = 512;
    /** Event socket, request sockets and namespace handle. */
    private static final int PER_NAMESPACE = 8;

    private Descriptors() {}

    /** File descriptors that this process may still open; 0 when none is left to count them with. */
    static long free() {
        try {
            return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                    ? system.getMaxFileDescriptorCount() - system.getOpenFileDescriptorCount()
                    : Long.MAX_VALUE;
        } catch (InternalError e) {
            return 0; // it opens a directory, which may be the one too many
        }
    }

    /**
     * Checks that enough are left.
     *
     * @param namespaces number of observed network namespaces
     */
    public static Check check(int namespaces) {
        return check(free(), namespaces);
    }

    static Check check(long free, int namespaces) {
        long needed = HttpConnections.RESERVED_DESCRIPTORS + (long) PER_NAMESPACE * namespaces;
        long wanted = WANTED + (long) PER_NAMESPACE * namespaces;
        String found = free + " left to open";
        String remedy = "raise the limit: LimitNOFILE=" + Math.max(4096, Long.highestOneBit(wanted) * 2)
                + " in the unit file, or ulimit -n";
        if (free < needed) {
            return Check.fail(
                    "descriptors",
                    "host",
                    found,
                    wanted + " or more; fewer than " + needed + " do not reach for the data path",
                    remedy);
        }
        return free < wanted
                ? Check.warn("descriptors", "host", found, wanted + " or more", remedy)
                : Check.ok("descriptors", "host", found, wanted + " or more");
    }
}
