package dev.ctstream.publish;

import dev.ctstream.record.Framing;
import dev.ctstream.record.ZoneWidths;
import java.util.Map;
import java.util.Optional;

/**
 * Configuration of the publisher.
 *
 * @param topics the topics, and whether to create missing ones
 * @param records form of the records
 * @param zoneWidth number of partitions over which each zone is spread by host and namespace
 * @param inFlightBytes most uncompressed bytes of events that are sent and not acknowledged; the last batch may exceed
 *     it
 * @param kafka settings for Kafka's clients, without the prefix {@code kafka.}; checked by {@link ProducerSettings}
 * @param registry there if and only if the framing is {@link Framing#CONFLUENT}
 */
public record PublishConfig(
        TopicNames topics,
        RecordForm records,
        ZoneWidths zoneWidth,
        int inFlightBytes,
        Map<String, String> kafka,
        Optional<RegistryConfig> registry) {
    /** Least value of {@code publish.in-flight-bytes}. */
    public static final int IN_FLIGHT_BYTES_LEAST = 1 << 20;

    /** Greatest value of {@code publish.in-flight-bytes}; a broker takes requests of 100 MiB unless told otherwise. */
    public static final int IN_FLIGHT_BYTES_LIMIT = 64 << 20;

    /** Copies the map. */
    public PublishConfig {
        kafka = Map.copyOf(kafka);
        if (registry.isPresent() != (records.framing() == Framing.CONFLUENT)) {
            throw new IllegalArgumentException("a schema registry and record.framing=confluent need each other");
        }
    }

    /**
     * The topics.
     *
     * @param events topic for events in either layout
     * @param control topic for control records
     * @param create whether missing ones are created; existing ones are never altered
     * @param partitions partition count of a created topic
     * @param replicationFactor replication factor of a created topic; -1 = the broker's default
     */
    public record TopicNames(String events, String control, boolean create, int partitions, int replicationFactor) {}

    /**
     * The form of the records.
     *
     * @param headers whether the headers content-type and schema-fingerprint are sent
     * @param eventTime whether a record's timestamp is the time at which its events were received; else that of publishing
     * @param batchMaxBytes largest size of a batch, for checks against the topics' limits
     */
    public record RecordForm(Layout layout, Framing framing, boolean headers, boolean eventTime, int batchMaxBytes) {}

    /** The configured bootstrap servers, for messages. */
    public String bootstrapServers() {
        return kafka.getOrDefault("bootstrap.servers", "");
    }
}
