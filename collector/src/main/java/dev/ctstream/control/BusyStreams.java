package dev.ctstream.control;

import dev.ctstream.batch.NamespaceStreams;
import dev.ctstream.metrics.Metrics;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import java.util.function.IntToLongFunction;
import java.util.function.ToDoubleFunction;

/**
 * Events per second and living flows of the busiest namespaces and zones, and of all others together: at most {@value #MOST}
 * of each and one for the rest, however many there are.
 *
 * <p>Threads: {@code ctstream-control} takes the figures with each heartbeat; any thread reads the last ones.
 */
public final class BusyStreams {
    /** Most namespaces, and most zones, that are shown each by itself. */
    static final int MOST = 20;
    /** In place of a name: all that are not shown by themselves. */
    public static final String OTHER = "other";

    private static final Comparator<Figures> BUSIEST_LAST =
            Comparator.comparingDouble(Figures::eventsPerSecond).thenComparingLong(Figures::liveFlows);

    private volatile Runnable taken = () -> {};
    private volatile Shown shown = new Shown(List.of(), List.of());

    /**
     * Of one namespace, or of one zone in it.
     *
     * @param zone empty for a namespace
     * @param eventsPerSecond events in batches that were closed, on average between the last two heartbeats
     */
    public record Figures(String netns, String zone, double eventsPerSecond, long liveFlows) {}

    /** The busiest, and last the others if there are any. */
    private record Shown(List<Figures> namespaces, List<Figures> zones) {}

    /** Calls the listener, on the control thread, whenever figures were taken. */
    public void whenTaken(Runnable listener) {
        taken = listener;
    }

    /**
     * Begins to take the figures of all namespaces. The control thread.
     *
     * @param seconds since the figures were taken last
     */
    Taking take(double seconds) {
        return new Taking(seconds);
    }

    /** Takes the figures of all namespaces, one after the other. */
    final class Taking {
        private final double seconds;
        private final Map<String, Figures> namespaces = new LinkedHashMap<>();
        private final Top zones = new Top();

        private Taking(double seconds) {
            this.seconds = seconds;
        }

        /**
         * Takes those of one namespace.
         *
         * @param live its living flows
         * @param streams visits its zones, with the events of each since the last visit
         * @param liveOf living flows of a zone
         */
        void namespace(String netns, long live, Consumer<NamespaceStreams.Visitor> streams, IntToLongFunction liveOf) {
            long[] sums = new long[2]; // events, and living flows of zones
            streams.accept((zone, events) -> {
                long liveHere = liveOf.applyAsLong(zone);
                sums[0] += events;
                sums[1] += liveHere;
                zones.add(new Figures(netns, Integer.toString(zone), events / seconds, liveHere));
            });
            zones.addToOthers(0, Math.max(0, live - sums[1])); // of zones without an event
            namespaces.merge(netns, new Figures(netns, "", sums[0] / seconds, live), BusyStreams::sum);
        }

        /** Shows what was taken. */
        void end() {
            Top top = new Top();
            namespaces.values().forEach(top::add);
            shown = new Shown(top.figures(""), zones.figures(OTHER));
            taken.run();
        }
    }

    private static Figures sum(Figures one, Figures other) {
        return new Figures(
                one.netns, one.zone, one.eventsPerSecond + other.eventsPerSecond, one.liveFlows + other.liveFlows);
    }

    /** The busiest of any number of figures, and the sum of the rest. */
    private static final class Top {
        private final PriorityQueue<Figures> busiest = new PriorityQueue<>(BUSIEST_LAST);
        private double otherEvents;
        private long otherLive;

        void add(Figures figures) {
            if (figures.eventsPerSecond == 0 && figures.liveFlows == 0) {
                return;
            }
            if (figures.netns.equals(OTHER)) { // its name stands for all others
                addToOthers(figures.eventsPerSecond, figures.liveFlows);
                return;
            }
            busiest.add(figures);
            if (busiest.size() > MOST) {
                Figures least = busiest.remove();
                addToOthers(least.eventsPerSecond, least.liveFlows);
            }
        }

        void addToOthers(double events, long live) {
            otherEvents += events;
            otherLive += live;
        }

        List<Figures> figures(String zoneOfOthers) {
            List<Figures> sorted = new ArrayList<>(busiest);
            sorted.sort(BUSIEST_LAST.reversed());
            Map<List<String>, Figures> all = new LinkedHashMap<>(); // two namespaces may have had one name
            sorted.forEach(one -> all.merge(List.of(one.netns, one.zone), one, BusyStreams::sum));
            if (otherEvents != 0 || otherLive != 0) {
                all.put(List.of(OTHER, zoneOfOthers), new Figures(OTHER, zoneOfOthers, otherEvents, otherLive));
            }
            return List.copyOf(all.values());
        }
    }

    /** Registers the gauges. */
    BusyStreams(Metrics metrics) {
        metrics.gauges(ControlMetric.NETNS_EVENTS, () -> series(namespaces(), false, Figures::eventsPerSecond));
        metrics.gauges(ControlMetric.NETNS_FLOWS, () -> series(namespaces(), false, Figures::liveFlows));
        metrics.gauges(ControlMetric.ZONE_EVENTS, () -> series(zones(), true, Figures::eventsPerSecond));
        metrics.gauges(ControlMetric.ZONE_FLOWS, () -> series(zones(), true, Figures::liveFlows));
    }

    private static List<Metrics.Series> series(List<Figures> all, boolean byZone, ToDoubleFunction<Figures> value) {
        return all.stream()
                .map(one -> new Metrics.Series(
                        byZone ? List.of(one.netns, one.zone) : List.of(one.netns), value.applyAsDouble(one)))
                .toList();
    }

    /** The busiest namespaces, and last all others. */
    public List<Figures> namespaces() {
        return shown.namespaces;
    }

    /** The busiest zones of all namespaces, and last all others. */
    public List<Figures> zones() {
        return shown.zones;
    }
}
