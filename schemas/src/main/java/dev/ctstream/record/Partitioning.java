package dev.ctstream.record;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.common.utils.Utils;

/**
 * Which partition a record goes to. Part of the contract with consumers, who may compute it themselves:
 *
 * <pre>
 *  hash(host_id, netns) = murmur2(utf8(host_id + "/" + netns)) &amp; 0x7fffffff
 *  events:  ((zone mod N) + (hash mod width(zone))) mod N
 *  control: hash mod N
 * </pre>
 *
 * <p>N is the number of the topic's partitions. Width is 1, so that a zone is on one partition whichever host saw it;
 * zone 0 means "no zone" and has width N; both can be configured. A width above N counts as N.
 *
 * <p>Threads: immutable.
 */
public final class Partitioning {
    private static final int NO_ZONE = 0;

    private final Map<Integer, Integer> widths;

    /**
     * The rule with these widths.
     *
     * @param widths by zone, each at least 1
     */
    public Partitioning(Map<Integer, Integer> widths) {
        widths.forEach((zone, width) -> {
            if (width < 1) {
                throw new IllegalArgumentException("partition.zone.width of zone " + zone + " is " + width);
            }
        });
        this.widths = Map.copyOf(widths);
    }

    /**
     * The partition for the events of a stream.
     *
     * @param zone 0..65535
     * @param partitions of the topic
     */
    public int ofEvents(String hostId, String netns, int zone, int partitions) {
        int width = Math.min(widths.getOrDefault(zone, zone == NO_ZONE ? partitions : 1), partitions);
        int offset = width == 1 ? 0 : hash(hostId, netns) % width;
        return (zone % partitions + offset) % partitions;
    }

    /** The partition for the control records of a namespace. */
    public int ofControl(String hostId, String netns, int partitions) {
        return hash(hostId, netns) % partitions;
    }

    private static int hash(String hostId, String netns) {
        return Utils.toPositive(Utils.murmur2((hostId + "/" + netns).getBytes(StandardCharsets.UTF_8)));
    }
}
