package dev.ctstream.netlink;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The calling thread's effective capabilities. They apply in its own user namespace. They give no rights over a network
 * namespace that another user namespace owns; only the request itself shows that (EPERM).
 *
 * <p>Source: {@code capabilities(7)}, {@code proc(5)}, {@code user_namespaces(7)}.
 */
public final class Capabilities {
    /** Needed to join a ctnetlink group and for every request. */
    public static final int CAP_NET_ADMIN = 12;
    /** {@code NETLINK_LISTEN_ALL_NSID}. */
    public static final int CAP_NET_BROADCAST = 11;
    /** Raw IP sockets. */
    public static final int CAP_NET_RAW = 13;
    /** Reading {@code /proc/PID/ns/net} of other users' processes. */
    public static final int CAP_SYS_PTRACE = 19;
    /** Entering another network namespace. */
    public static final int CAP_SYS_ADMIN = 21;

    private static final Path STATUS = Path.of("/proc/thread-self/status");
    private static final Path UID_MAP = Path.of("/proc/self/uid_map");
    private static final String EFFECTIVE = "CapEff:";

    private Capabilities() {}

    /** Whether the calling thread has a capability, by its number. */
    public static boolean has(int capability) {
        String line = read(STATUS)
                .lines()
                .filter(candidate -> candidate.startsWith(EFFECTIVE))
                .findFirst()
                .orElse(EFFECTIVE + "0");
        long effective =
                Long.parseUnsignedLong(line.substring(EFFECTIVE.length()).strip(), 16);
        return (effective >>> capability & 1) != 0;
    }

    /**
     * Whether this process runs in the initial user namespace; only there does CAP_NET_ADMIN allow
     * {@code SO_RCVBUFFORCE}. A guess from the id map, which maps every id to itself there.
     */
    public static boolean inInitialUserNamespace() {
        return read(UID_MAP).strip().matches("0\\s+0\\s+4294967295");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + "; is /proc mounted?", e);
        }
    }
}
