package dev.ctstream.publish;

import dev.ctstream.record.Partitioning;
import dev.ctstream.record.ZoneWidths;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * Events a second on each partition of the event topic, by the partition function that the collectors use.
 *
 * @param eventsPerSecond by partition
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record PartitionLoad(double[] eventsPerSecond) {
    /** Streams of a class that are looked at; of a larger class some hosts stand for all. */
    private static final long STREAMS_MOST = 8_000_000;

    /** The load of a fleet. */
    public static PartitionLoad of(List<HostClass> fleet, ZoneWidths widths, int partitions) {
        Partitioning partitioning = new Partitioning(widths);
        double[] load = new double[partitions];
        for (HostClass each : fleet) {
            int looked = (int) Math.max(1, Math.min(each.hosts(), STREAMS_MOST / each.streams()));
            double weight = (double) each.hosts() / looked;
            for (int host = 0; host < looked; host++) {
                add(each, each.hostId(host), weight, partitioning, load);
            }
        }
        return new PartitionLoad(load);
    }

    private static void add(HostClass host, String hostId, double weight, Partitioning partitioning, double[] load) {
        double each = weight * host.eventsPerSecond() / host.namespaces().size();
        for (String netns : host.namespaces()) {
            for (Map.Entry<Integer, Double> zone : host.zones().entrySet()) {
                load[partitioning.ofEvents(hostId, netns, zone.getKey(), load.length)] += each * zone.getValue();
            }
        }
    }

    /** Load of the partition that has most. */
    public double most() {
        return DoubleStream.of(eventsPerSecond).max().orElse(0);
    }

    /** Load of the average partition. */
    public double mean() {
        return DoubleStream.of(eventsPerSecond).average().orElse(0);
    }

    /** The partition that has most. */
    public int hottest() {
        int hottest = 0;
        for (int partition = 1; partition < eventsPerSecond.length; partition++) {
            hottest = eventsPerSecond[partition] > eventsPerSecond[hottest] ? partition : hottest;
        }
        return hottest;
    }

    /** Maximum over mean; 1 = even, and without any load. */
    public double skew() {
        return mean() == 0 ? 1 : most() / mean();
    }
}
