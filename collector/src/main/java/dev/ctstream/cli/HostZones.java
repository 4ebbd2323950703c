package dev.ctstream.cli;

import dev.ctstream.admin.Entries;
import dev.ctstream.admin.EntryFilter;
import dev.ctstream.metrics.Check;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.publish.HostClass;
import dev.ctstream.publish.PartitionLoad;
import dev.ctstream.publish.TopicPlan;
import dev.ctstream.record.ZoneWidths;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The zones in use on this host, as the kernel's tables have them. */
public final class HostZones {
    /** Fewer entries in numbered zones say nothing about their load. */
    private static final int ENTRIES_LEAST = 1000;

    private HostZones() {}

    /** Number of entries in each zone of a namespace; a dump of its table. Of {@code all} the collector's own. */
    private static Map<Integer, Integer> entries(String netns) throws CommandFailure, IOException {
        Map<Integer, Integer> zones = new TreeMap<>();
        try (NetworkNamespace namespace = KernelAccess.namespace(isOwn(netns) ? null : netns);
                Entries entries = Entries.open(namespace)) {
            entries.zones(EntryFilter.ALL).forEach(zone -> {
                if (zone.entries() > 0) {
                    zones.put(zone.zone(), zone.entries());
                }
            });
        }
        return zones;
    }

    /** Whether a value of the key {@code netns} stands for the collector's own namespace, alone or with others. */
    private static boolean isOwn(String netns) {
        return netns.equals("self") || netns.equals("all");
    }

    /**
     * Share of the entries by zone, of all namespaces together; all in zone 0 when there is no entry.
     *
     * @param netns values of the key {@code netns}, each of one namespace
     */
    public static Map<Integer, Double> shares(Collection<String> netns) throws CommandFailure, IOException {
        KernelAccess.require();
        Map<Integer, Integer> zones = new TreeMap<>();
        for (String each : netns) {
            try {
                entries(each).forEach((zone, count) -> zones.merge(zone, count, Integer::sum));
            } catch (NetlinkException e) {
                throw new CommandFailure(
                        ExitCode.of(e.errno()), Entries.failure(e).text(), e);
            }
        }
        return shares(zones);
    }

    private static Map<Integer, Double> shares(Map<Integer, Integer> entries) {
        double all = entries.values().stream().mapToLong(count -> count).sum();
        Map<Integer, Double> shares = new TreeMap<>();
        entries.forEach((zone, count) -> shares.put(zone, count / all));
        return shares.isEmpty() ? Map.of(0, 1.0) : shares;
    }

    /**
     * Whether the zones of a namespace spread over the partitions of a topic.
     *
     * @param widths as configured
     */
    static Check check(String netns, String hostId, ZoneWidths widths, int partitions) {
        String scope = "netns " + (isOwn(netns) ? "host" : netns);
        String wanted = "zones that spread over the partitions: mean over maximum load of 0.5 or more";
        Map<Integer, Integer> entries;
        try {
            entries = entries(netns);
        } catch (IOException | CommandFailure e) {
            return Check.warn("zones", scope, "the table cannot be read", wanted, "see ctnetlink above");
        }
        return check(scope, wanted, entries, new Topic(hostId, widths, partitions));
    }

    private record Topic(String hostId, ZoneWidths widths, int partitions) {}

    private static Check check(String scope, String wanted, Map<Integer, Integer> entries, Topic topic) {
        int numbered = entries.size() - (entries.containsKey(0) ? 1 : 0);
        long inThem = entries.entrySet().stream()
                .filter(zone -> zone.getKey() != 0)
                .mapToLong(Map.Entry::getValue)
                .sum();
        String zones = Counted.of(numbered, "zone") + " in use besides zone 0";
        if (inThem < ENTRIES_LEAST) {
            return Check.ok("zones", scope, zones + ", too few entries in them to tell more", wanted);
        }
        HostClass host = new HostClass("this host", topic.hostId(), 1, 1, List.of("host"), shares(entries));
        double evenness = 1
                / PartitionLoad.of(List.of(host), ZoneWidths.DEFAULT, topic.partitions())
                        .skew();
        String found = zones + ", mean over maximum load of " + topic.partitions() + " partitions "
                + String.format(Locale.ROOT, "%.2f", evenness);
        if (evenness >= TopicPlan.HOST_LOCAL_BELOW) {
            return Check.ok("zones", scope, found, wanted);
        }
        if (topic.widths().others() != null) {
            return Check.ok("zones", scope, found + ", but partition.zone.width spreads them", wanted);
        }
        return Check.warn(
                "zones",
                scope,
                "zones look host-local: " + found,
                wanted,
                "if each host numbers its zones by itself, partition.zone.width=*=all on all of them; ctstream topics plan"
                        + " shows what it changes");
    }
}
