package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.metrics.Check;
import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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
    private static final int WANTED = 1;

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
                if (before != null && before != WANTED && set(name, netns)) {
                    changed.put(PREFIX + name, before);
                    LOG.info("sysctl set: netns={} name={}{} before={} now=1", netns, PREFIX, name, before);
                }
            }
            return readAll(changed);
        });
    }

    /**
     * Checks the values.
     *
     * @param netns label of the namespace
     * @param managed whether the collector sets them at its start
     */
    public static List<Check> checks(String netns, ControlRecord.Sysctls values, boolean managed) {
        return List.of(
                check(netns, EVENTS, values.events(), managed),
                check(netns, ACCT, values.acct(), managed),
                check(netns, TIMESTAMP, values.timestamp(), managed));
    }

    private static Check check(String netns, String name, @Nullable Integer value, boolean managed) {
        String scope = "netns " + netns;
        if (value == null) {
            return Check.warn(PREFIX + name, scope, "not there", "1", "load the module: modprobe nf_conntrack");
        }
        if (value == WANTED) {
            return Check.ok(PREFIX + name, scope, "1", "1");
        }
        if (managed) {
            return Check.ok(PREFIX + name, scope, value + ", which the collector sets to 1", "1");
        }
        String remedy = "sysctl -w net.netfilter." + PREFIX + name + "=1"
                + (netns.equals("host") ? "" : " in that namespace") + ", or set sysctl.manage=true";
        return Check.warn(PREFIX + name, scope, value.toString(), "1: " + lack(name, value), remedy);
    }

    /** What the records lack with another value than 1. */
    private static String lack(String name, int value) {
        return switch (name) {
            case EVENTS ->
                value == 0
                        ? "new flows raise no events; only dumps find and close them"
                        : "a flow that starts while no collector runs raises no event, also not at its end";
            case ACCT -> "new flows have no packet and byte counters";
            default -> "new flows have no start, stop and event times";
        };
    }

    /**
     * Reports the values to health: without events there is nothing to collect, other values are remarks.
     *
     * @param named whether the configuration names the namespace. Whoever owns another one may set what he likes there:
     *     that is a remark, and nothing for the log
     */
    static void report(Health health, String netns, ControlRecord.Sysctls values, boolean named) {
        List<String> remarks = Check.remarks(checks(netns, values, false));
        boolean ready = !named || !silent(values);
        String reason = remarks.isEmpty() ? "as the records need them" : String.join("; ", remarks);
        Health.State before = health.components().get(component(netns));
        if (named && (before == null ? !remarks.isEmpty() : !before.reason().equals(reason))) {
            remarks.forEach(remark -> LOG.warn("{}", remark));
        }
        health.report(component(netns), ready, reason);
    }

    /** The values by name, without {@code net.netfilter.}; those that could be read. */
    static Map<String, Integer> values(ControlRecord.Sysctls read) {
        Map<String, Integer> values = new TreeMap<>();
        put(values, EVENTS, read.events());
        put(values, ACCT, read.acct());
        put(values, TIMESTAMP, read.timestamp());
        return values;
    }

    private static void put(Map<String, Integer> to, String name, @Nullable Integer value) {
        if (value != null) {
            to.put(PREFIX + name, value);
        }
    }

    /** Whether new flows raise no events. */
    static boolean silent(ControlRecord.Sysctls values) {
        Integer events = values.events();
        return events != null && events == 0;
    }

    static String component(String netns) {
        return "sysctls/" + netns;
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
