package dev.ctstream.publish;

import dev.ctstream.record.Framing;
import java.util.Map;

/**
 * What the publisher is told.
 *
 * @param topics which topics, and what to do when they are missing
 * @param records what the records look like
 * @param zoneWidth partitions that a zone is spread over by host and namespace; a zone that is not named has 1, zone 0 all
 * @param kafka settings for Kafka's clients, without the prefix {@code kafka.}; checked by {@link ProducerSettings}
 */
public record PublishConfig(
        TopicNames topics, RecordForm records, Map<Integer, Integer> zoneWidth, Map<String, String> kafka) {
    /** Copies the maps. */
    public PublishConfig {
        zoneWidth = Map.copyOf(zoneWidth);
        kafka = Map.copyOf(kafka);
    }

    /**
     * The topics.
     *
     * @param events for events in either layout
     * @param control for control records
     * @param create whether missing ones are created; existing ones are never altered
     * @param partitions of a topic that is created
     * @param replicationFactor of a topic that is created; -1 leaves it to the broker
     */
    public record TopicNames(String events, String control, boolean create, int partitions, int replicationFactor) {}

    /**
     * The form of the records.
     *
     * @param headers whether content-type and schema-fingerprint are sent
     * @param batchMaxBytes the most that a batch may hold, for checks against the topics' limits
     */
    public record RecordForm(Layout layout, Framing framing, boolean headers, int batchMaxBytes) {}

    /** The brokers to begin with, as configured; for messages. */
    public String bootstrapServers() {
        return kafka.getOrDefault("bootstrap.servers", "");
    }
}
