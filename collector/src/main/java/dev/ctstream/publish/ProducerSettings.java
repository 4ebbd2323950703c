package dev.ctstream.publish;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Settings of Kafka's producer and admin client: ours, then the user's, but for those that our promises rest on. */
public final class ProducerSettings {
    private static final int PROBE_TIMEOUT_MILLIS = 3_000;
    private static final int REQUEST_SIZE_MARGIN_BYTES = 64 << 10;
    private static final int DEFAULT_MAX_REQUEST_BYTES = 1 << 20;
    private static final int BATCH_BYTES = 128 << 10;
    private static final int MAX_BLOCK_MILLIS = 5_000;
    private static final String FOREVER = Integer.toString(Integer.MAX_VALUE);

    /** Keys that have one good value, and what it keeps. */
    private static final Map<String, Fixed> FIXED = Map.of(
            ProducerConfig.ACKS_CONFIG, new Fixed(Set.of("all", "-1"), "a batch counts as published only then"),
            ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, new Fixed(Set.of("true"), "a retry would repeat or reorder"),
            ProducerConfig.RETRIES_CONFIG, new Fixed(Set.of(FOREVER), "batches wait for the broker"),
            ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, new Fixed(Set.of(FOREVER), "batches wait for the broker"),
            ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION,
                    new Fixed(Set.of("1"), "a batch would overtake one that is refused"));

    private static final Set<String> OURS = Set.of(
            ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG,
            ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG,
            ProducerConfig.PARTITIONER_CLASS_CONFIG,
            ProducerConfig.TRANSACTIONAL_ID_CONFIG);

    private ProducerSettings() {}

    private record Fixed(Set<String> values, String reason) {}

    /**
     * What is wrong with a user's settings, one line for each; empty = nothing.
     *
     * @param kafka without the prefix {@code kafka.}
     */
    public static List<String> problems(Map<String, String> kafka) {
        List<String> problems = new ArrayList<>();
        kafka.forEach((key, value) -> {
            Fixed fixed = FIXED.get(key);
            if (fixed != null && !fixed.values().contains(value.trim().toLowerCase(Locale.ROOT))) {
                problems.add("kafka." + key + "=" + value + " cannot be used: it has to be "
                        + fixed.values().stream()
                                .sorted()
                                .toList()
                                .get(fixed.values().size() - 1) + ", because "
                        + fixed.reason());
            } else if (OURS.contains(key)) {
                problems.add("kafka." + key + " cannot be set: ctstream sets it itself");
            } else if (key.equals(ProducerConfig.MAX_BLOCK_MS_CONFIG) && !isAtMost(value, MAX_BLOCK_MILLIS)) {
                problems.add("kafka." + key + "=" + value + " cannot be used: at most " + MAX_BLOCK_MILLIS
                        + ", because the publisher could not be stopped");
            }
        });
        if (kafka.getOrDefault(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, "").isBlank()) {
            problems.add("kafka.bootstrap.servers is not set: host:port of one or more brokers");
        }
        if (problems.isEmpty()) {
            check(kafka, problems);
        }
        return problems.stream().sorted().toList();
    }

    /** Kafka's own opinion, key by key. */
    private static void check(Map<String, String> kafka, List<String> problems) {
        Map<String, Object> settings = new HashMap<>(kafka);
        settings.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        settings.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        try {
            ProducerConfig valid = new ProducerConfig(settings);
            valid.ignore(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG);
        } catch (KafkaException e) {
            problems.add("kafka.*: " + e.getMessage());
        }
    }

    private static boolean isAtMost(String value, int limit) {
        try {
            return Long.parseLong(value.trim()) <= limit;
        } catch (NumberFormatException e) {
            return true; // Kafka's own complaint is clearer
        }
    }

    /**
     * Uncompressed bytes that the producer is given before it has acknowledged some: 4 MiB, which are enough for the batches
     * of {@link #producer}; its memory is as large for life as it ever was. Whoever makes its batches larger or lets them wait
     * for longer gets 16 MiB to fill them.
     *
     * @param kafka without the prefix {@code kafka.}
     */
    static long mostInFlightBytes(Map<String, String> kafka) {
        boolean own = kafka.containsKey(ProducerConfig.LINGER_MS_CONFIG)
                || kafka.containsKey(ProducerConfig.BATCH_SIZE_CONFIG);
        return own ? 16L << 20 : 4L << 20;
    }

    /** Kafka gathers records in batches that must fit the limit too: above it, each is sent, refused and split. */
    static Map<String, Object> producer(PublishConfig config, long maxMessageBytes) {
        Map<String, Object> settings = new HashMap<>();
        settings.put(ProducerConfig.CLIENT_ID_CONFIG, "ctstream");
        settings.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "zstd");
        settings.put(
                ProducerConfig.COMPRESSION_ZSTD_LEVEL_CONFIG, 1); // of level 3: two thirds of its CPU, 5 % more bytes
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 5);
        settings.put(ProducerConfig.BATCH_SIZE_CONFIG, (int) Math.min(BATCH_BYTES, maxMessageBytes));
        // We choose the partition; else the sender weighs all partitions in each of its rounds.
        settings.put(ProducerConfig.PARTITIONER_ADAPTIVE_PARTITIONING_ENABLE_CONFIG, false);
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 1_000);
        settings.put(
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                Math.max(DEFAULT_MAX_REQUEST_BYTES, config.records().batchMaxBytes() + REQUEST_SIZE_MARGIN_BYTES));
        // With "rebootstrap" send() blocks while brokers are away and forgets where they were; Publisher re-creates
        // the producer, and so asks the bootstrap servers again, when they have moved.
        settings.put(CommonClientConfigs.METADATA_RECOVERY_STRATEGY_CONFIG, "none");
        settings.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 2_000);
        settings.putAll(config.kafka());
        settings.put(ProducerConfig.ACKS_CONFIG, "all");
        settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        settings.put(ProducerConfig.RETRIES_CONFIG, Integer.MAX_VALUE);
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Integer.MAX_VALUE);
        // One request at a time for each broker: when a batch is refused, none behind it is on its way.
        settings.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 1);
        return settings;
    }

    static Map<String, Object> admin(PublishConfig config) {
        Map<String, Object> settings = new HashMap<>();
        settings.put(AdminClientConfig.CLIENT_ID_CONFIG, "ctstream-admin");
        config.kafka().forEach((key, value) -> {
            if (AdminClientConfig.configNames().contains(key)) {
                settings.put(key, value);
            }
        });
        settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, PROBE_TIMEOUT_MILLIS);
        settings.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, PROBE_TIMEOUT_MILLIS);
        return settings;
    }
}
