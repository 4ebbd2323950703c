package dev.ctstream.record;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Utils;

/**
 * The partition of a record. Part of the contract with consumers, who may compute it themselves:
 *
 * <pre>
 *  hash(host_id, netns) = murmur2(utf8(host_id + "/" + netns)) &amp; 0x7fffffff
 *  events:  ((zone mod N) + (hash mod width(zone))) mod N
 *  control: hash mod N
 * </pre>
 *
 * <p>N is the number of the topic's partitions. The default width is 1, so a zone is on one partition for all hosts.
 * Zone 0 means "no zone" and has the default width N. Both defaults can be configured, see {@link ZoneWidths}.
 *
 * <p>Threads: immutable.
 */
public final class Partitioning {
    private final ZoneWidths widths;

    /** The rule with configured widths. */
    public Partitioning(ZoneWidths widths) {
        this.widths = widths;
    }

    /**
     * The partition for the events of a stream.
     *
     * @param zone 0..65535
     * @param partitions number of partitions of the topic
     */
    public int ofEvents(String hostId, String netns, int zone, int partitions) {
        int width = widths.width(zone, partitions);
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
