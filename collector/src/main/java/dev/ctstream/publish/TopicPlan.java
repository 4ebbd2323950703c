package dev.ctstream.publish;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.record.ZoneWidths;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;
import org.jspecify.annotations.Nullable;

/**
 * What a fleet of collectors makes of its topics: load and skew of the partitions, bytes, produce requests, heartbeats, and
 * the settings that fit. Computed from the partition function and the constants of the stages; a test compares it with 50
 * collectors and a broker.
 *
 * @param settings what it was computed for
 * @param partitions of each topic
 * @param classes load of one host of each class
 * @param load of the partitions
 * @param evenness mean over maximum load of the partitions when each zone is on one partition
 * @param spread load of the partitions with {@code partition.zone.width=*=all}; null unless the zones look host-local
 */
public record TopicPlan(
        Settings settings,
        int partitions,
        List<ClassLoad> classes,
        PartitionLoad load,
        double evenness,
        @Nullable PartitionLoad spread) {
    /** Below this mean over maximum, a zone number says little about the events in it. */
    public static final double HOST_LOCAL_BELOW = 0.5;

    /** Most bytes a second that a suggested partition takes on average. */
    public static final int PARTITION_BYTES_PER_SECOND = 5_000_000;

    /** Most bytes that a suggested partition keeps on average; a broker moves and recovers whole partitions. */
    public static final long PARTITION_KEPT_BYTES = 50_000_000_000L;

    /** Suggested numbers of partitions are multiples: they divide evenly among 2, 3, 4 and 6 brokers. */
    private static final int PARTITIONS_STEP = 12;

    private static final int PARTITIONS_LIMIT = 100_000;
    private static final int ROUNDS = 8;

    /** Room for a record's key, headers and framing, beside a batch. */
    private static final int RECORD_MARGIN_BYTES = 64 << 10;

    /** Kafka's default for max.message.bytes. */
    private static final int MESSAGE_BYTES = 1_048_588;

    /** Copies the list. */
    public TopicPlan {
        classes = List.copyOf(classes);
    }

    /**
     * What the topics and the collectors are configured to.
     *
     * @param topics names, replicas, and the least number of partitions
     * @param partitions exactly as many; 0 = as many as the load needs
     * @param brokers that share the leaders evenly
     * @param retentionMillis how long a record is kept
     * @param widths over how many partitions the collectors spread a zone
     * @param batch when they close a batch
     * @param heartbeatMillis interval between their HEARTBEAT records
     */
    public record Settings(
            PublishConfig.TopicNames topics,
            int partitions,
            int brokers,
            long retentionMillis,
            ZoneWidths widths,
            BatchConfig batch,
            long heartbeatMillis) {}

    /** The plan for a fleet. */
    public static TopicPlan of(List<HostClass> fleet, Settings settings) {
        int partitions = settings.partitions() > 0
                ? settings.partitions()
                : settings.topics().partitions();
        List<ClassLoad> classes = classes(fleet, settings, partitions);
        for (int round = 0; round < ROUNDS && settings.partitions() == 0; round++) {
            int enough = enough(classes, settings);
            if (enough <= partitions) {
                break;
            }
            partitions = enough; // more partitions mean smaller batches, and more bytes
            classes = classes(fleet, settings, partitions);
        }
        PartitionLoad load = PartitionLoad.of(fleet, settings.widths(), partitions);
        PartitionLoad narrow = settings.widths().equals(ZoneWidths.DEFAULT)
                ? load
                : PartitionLoad.of(fleet, ZoneWidths.DEFAULT, partitions);
        double evenness = 1 / narrow.skew();
        boolean local = evenness < HOST_LOCAL_BELOW && fleet.stream().anyMatch(each -> each.numberedZones() > 0);
        PartitionLoad spread =
                local ? PartitionLoad.of(fleet, new ZoneWidths(Map.of(), ZoneWidths.ALL), partitions) : null;
        return new TopicPlan(settings, partitions, classes, load, evenness, spread);
    }

    private static List<ClassLoad> classes(List<HostClass> fleet, Settings settings, int partitions) {
        List<ClassLoad> classes = new ArrayList<>();
        fleet.forEach(each -> classes.add(ClassLoad.of(each, settings, partitions)));
        return classes;
    }

    private static int enough(List<ClassLoad> classes, Settings settings) {
        double bytes = sum(classes, ClassLoad::bytesPerSecond);
        double kept = bytes * settings.retentionMillis() / 1000;
        double partitions = Math.max(bytes / PARTITION_BYTES_PER_SECOND, kept / PARTITION_KEPT_BYTES);
        long rounded = (long) Math.ceil(partitions / PARTITIONS_STEP) * PARTITIONS_STEP;
        return (int) Math.min(PARTITIONS_LIMIT, Math.max(settings.topics().partitions(), rounded));
    }

    private interface OfHost {
        double value(ClassLoad load);
    }

    private static double sum(List<ClassLoad> classes, OfHost each) {
        return classes.stream()
                .mapToDouble(load -> load.hosts().hosts() * each.value(load))
                .sum();
    }

    /** Whether events of one zone number look as if they had nothing in common. */
    public boolean hostLocalZones() {
        return spread != null;
    }

    /** The fewest partitions that keep the average one within the limits of a suggestion. */
    public int enoughPartitions() {
        return enough(classes, settings);
    }

    /** All hosts. */
    public long hosts() {
        return classes.stream().mapToLong(load -> load.hosts().hosts()).sum();
    }

    /** Events of all hosts. */
    public double eventsPerSecond() {
        return sum(classes, load -> load.hosts().eventsPerSecond());
    }

    /** Records of the event topic. */
    public double recordsPerSecond() {
        return sum(classes, ClassLoad::recordsPerSecond);
    }

    /** Compressed bytes of the event topic, in one replica. */
    public double bytesPerSecond() {
        return sum(classes, ClassLoad::bytesPerSecond);
    }

    /** Produce requests to all brokers together, those with heartbeats included. */
    public double requestsPerSecond() {
        return sum(classes, ClassLoad::requestsPerSecond);
    }

    /** HEARTBEAT records. */
    public double heartbeatsPerSecond() {
        return sum(classes, ClassLoad::heartbeatsPerSecond);
    }

    /** Compressed bytes of HEARTBEAT records, in one replica. */
    public double heartbeatBytesPerSecond() {
        return sum(classes, ClassLoad::heartbeatBytesPerSecond);
    }

    /** The topics, as they should be: that of the events, and that of the control records. */
    public List<WantedTopic> topics() {
        PublishConfig.TopicNames names = settings.topics();
        Map<String, String> common = new LinkedHashMap<>();
        common.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE);
        common.put(TopicConfig.RETENTION_MS_CONFIG, Long.toString(settings.retentionMillis()));
        common.put(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "CreateTime");
        common.put(
                TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
                Integer.toString(Math.max(MESSAGE_BYTES, settings.batch().maxBytes() + RECORD_MARGIN_BYTES)));
        if (names.replicationFactor() > 0) { // else the brokers' defaults decide both
            common.put(
                    TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG,
                    Integer.toString(Math.max(1, names.replicationFactor() - 1)));
        }
        return List.of(
                new WantedTopic(names.events(), partitions, names.replicationFactor(), common),
                new WantedTopic(names.control(), partitions, names.replicationFactor(), common));
    }
}
