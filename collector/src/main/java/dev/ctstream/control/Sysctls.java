package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@code net.netfilter.nf_conntrack_*} sysctls of a namespace on which the records depend. The kernel applies them
 * when a flow begins: a change affects only later flows.
 *
 * <p>Threads: any. A call for another namespace starts a thread, because {@code /proc/sys/net} shows each thread its
 * own namespace.
 */
public final class Sysctls {
    private static final Logger LOG = LoggerFactory.getLogger(Sysctls.class);
    private static final Path FOLDER = Path.of("/proc/sys/net/netfilter");
    private static final String PREFIX = "nf_conntrack_";
    private static final String EVENTS = "events";
    private static final String ACCT = "acct";
    private static final String TIMESTAMP = "timestamp";

    private Sysctls() {}

    /** Reads the sysctls; null = the calling thread's namespace. A value that cannot be read is null. */
    public static ControlRecord.Sysctls read(@Nullable NetworkNamespace namespace) {
        return in(namespace, () -> readAll(Map.of()));
    }

    /** Sets each sysctl to 1 if it is not 1, and reads them. Logs each one that cannot be set. */
    public static ControlRecord.Sysctls manage(@Nullable NetworkNamespace namespace, String netns) {
        return in(namespace, () -> {
            Map<String, Integer> changed = new TreeMap<>();
            for (String name : List.of(EVENTS, ACCT, TIMESTAMP)) {
                Integer before = readOne(name);
                if (before != null && before != 1 && set(name, netns)) {
                    changed.put(PREFIX + name, before);
                    LOG.info("sysctl set: netns={} name={}{} before={} now=1", netns, PREFIX, name, before);
                }
            }
            return readAll(changed);
        });
    }

    /** What the records will lack because of these values, one sentence for each. */
    public static List<String> missing(ControlRecord.Sysctls values) {
        List<String> missing = new ArrayList<>();
        if (isZero(values.events())) {
            missing.add("nf_conntrack_events=0: new flows raise no events; only dumps find and close them");
        }
        if (isZero(values.acct())) {
            missing.add("nf_conntrack_acct=0: new flows have no packet and byte counters");
        }
        if (isZero(values.timestamp())) {
            missing.add("nf_conntrack_timestamp=0: new flows have no start, stop and event times");
        }
        return missing;
    }

    /** Logs {@link #missing}. */
    static void warn(String netns, ControlRecord.Sysctls values) {
        for (String missing : missing(values)) {
            LOG.warn("records are incomplete: netns={} {}; set it to 1, or sysctl.manage=true", netns, missing);
        }
        if (values.events() == null) {
            LOG.warn("sysctls cannot be read: netns={} folder={}; is nf_conntrack loaded?", netns, FOLDER);
        }
    }

    private static boolean isZero(@Nullable Integer value) {
        return value != null && value == 0;
    }

    private static ControlRecord.Sysctls in(
            @Nullable NetworkNamespace namespace, NetworkNamespace.Work<ControlRecord.Sysctls> work) {
        try {
            return namespace == null ? work.run() : namespace.call(work);
        } catch (NetlinkException e) {
            LOG.warn("cannot read sysctls: netns={}", namespace == null ? "own" : namespace.label(), e);
            return ControlRecord.Sysctls.UNKNOWN;
        }
    }

    private static ControlRecord.Sysctls readAll(Map<String, Integer> changed) {
        return new ControlRecord.Sysctls(readOne(EVENTS), readOne(ACCT), readOne(TIMESTAMP), changed);
    }

    private static @Nullable Integer readOne(String name) {
        Path file = FOLDER.resolve(PREFIX + name);
        try {
            return Integer.valueOf(Files.readString(file).trim());
        } catch (NoSuchFileException e) {
            return null; // the module is not loaded, or was built without this sysctl
        } catch (IOException | NumberFormatException e) {
            LOG.warn("cannot read sysctl: file={}", file, e);
            return null;
        }
    }

    private static boolean set(String name, String netns) {
        try {
            Files.writeString(FOLDER.resolve(PREFIX + name), "1");
            return true;
        } catch (IOException e) {
            LOG.warn("cannot set sysctl: netns={} name={}{}", netns, PREFIX, name, e);
            return false;
        }
    }
}
