package dev.ctstream.publish;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Hosts of one kind, for a {@link TopicPlan}. A host's events are spread evenly over its namespaces, and in each of them
 * over the zones as {@code zones} says.
 *
 * @param name for people
 * @param hostId of the only host; null = ids like those of machines are made up, the same ones each time
 * @param hosts 1..{@value #HOSTS_LIMIT}
 * @param eventsPerSecond of one host
 * @param namespaces names of the namespaces that one host observes
 * @param zones share of the events by zone, together 1
 */
public record HostClass(
        String name,
        @Nullable String hostId,
        int hosts,
        double eventsPerSecond,
        List<String> namespaces,
        Map<Integer, Double> zones) {
    public static final int HOSTS_LIMIT = 10_000_000;
    public static final int NAMESPACES_LIMIT = 10_000;
    public static final int ZONES_LIMIT = 65_535;
    public static final int EVENTS_PER_SECOND_LIMIT = 10_000_000;
    /** Most streams of a host: namespaces times zones. */
    public static final int STREAMS_LIMIT = 1_000_000;

    private static final String OWN_NETNS = "host";

    /** Sorts and copies the zones. */
    public HostClass {
        namespaces = List.copyOf(namespaces);
        zones = new TreeMap<>(zones);
    }

    /**
     * A class whose hosts have the same load in each zone.
     *
     * @param namespaces number of namespaces
     * @param zones number of zones in each namespace, which every host numbers from 1 on; 0 = all events are in zone 0
     */
    public static HostClass even(String name, int hosts, double eventsPerSecond, int namespaces, int zones) {
        Map<Integer, Double> shares = new TreeMap<>();
        for (int zone = 1; zone <= zones; zone++) {
            shares.put(zone, 1.0 / zones);
        }
        if (zones == 0) {
            shares.put(0, 1.0);
        }
        List<String> names = new ArrayList<>();
        for (int index = 0; index < namespaces; index++) {
            names.add(index == 0 ? OWN_NETNS : "netns-" + index);
        }
        return new HostClass(name, null, hosts, eventsPerSecond, names, shares);
    }

    /** Number of zones in use beside zone 0, which means "no zone". */
    public int numberedZones() {
        return zones.size() - (zones.containsKey(0) ? 1 : 0);
    }

    /** Streams of one host. */
    public long streams() {
        return (long) namespaces.size() * zones.size();
    }

    /** Id of one of the hosts, from 0. */
    public String hostId(int index) {
        if (hostId != null) {
            return hostId;
        }
        SplittableRandom random = new SplittableRandom(name.hashCode() * 0x1_0000_0001L + index);
        return String.format("%016x%016x", random.nextLong(), random.nextLong());
    }
}
