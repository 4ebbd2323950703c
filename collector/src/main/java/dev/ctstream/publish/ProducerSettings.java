package dev.ctstream.publish;

import dev.ctstream.netlink.ErrorText;
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

/**
 * Settings of Kafka's producer and admin client: our defaults, then the user's settings, except for keys that our
 * guarantees depend on.
 */
public final class ProducerSettings {
    /** Level 3 takes 1.5 times the CPU, and saves 5 %. */
    static final int ZSTD_LEVEL = 1;

    private static final int PROBE_TIMEOUT_MILLIS = 3_000;
    private static final int REQUEST_SIZE_MARGIN_BYTES = 64 << 10;
    /** Kafka's usual {@code max.message.bytes}, less a margin: what one request carries for one partition. */
    private static final int BATCH_BYTES = 1_000_000;

    /** A producer's batch uses this memory from its first record on. Partitions share it; those without get their turn. */
    private static final long BUFFER_BYTES = 64L << 20;

    private static final int MAX_BLOCK_MILLIS = 5_000;
    private static final String FOREVER = Integer.toString(Integer.MAX_VALUE);

    /** Keys with only one valid value, and the reason for it. */
    private static final Map<String, Fixed> FIXED = Map.of(
            ProducerConfig.ACKS_CONFIG, new Fixed(Set.of("all", "-1"), "only then is a batch safely published"),
            ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
                    new Fixed(Set.of("true"), "otherwise retries could duplicate or reorder"),
            ProducerConfig.RETRIES_CONFIG, new Fixed(Set.of(FOREVER), "batches wait for the broker"),
            ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, new Fixed(Set.of(FOREVER), "batches wait for the broker"),
            ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION,
                    new Fixed(Set.of("1"), "otherwise a batch could overtake a rejected one"));

    private static final Set<String> OURS = Set.of(
            ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG,
            ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG,
            ProducerConfig.PARTITIONER_CLASS_CONFIG,
            ProducerConfig.TRANSACTIONAL_ID_CONFIG);

    private static final String OWN_PARTITIONS = "ctstream chooses the partition of each record";
    private static final String NO_TRANSACTIONS = "ctstream uses no transactions";

    /** Keys that the clients accept and that would do nothing here, and why. */
    private static final Map<String, String> WITHOUT_EFFECT = Map.of(
            ProducerConfig.PARTITIONER_IGNORE_KEYS_CONFIG, OWN_PARTITIONS,
            ProducerConfig.PARTITIONER_ADAPTIVE_PARTITIONING_ENABLE_CONFIG, OWN_PARTITIONS,
            ProducerConfig.PARTITIONER_AVAILABILITY_TIMEOUT_MS_CONFIG, OWN_PARTITIONS,
            ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, NO_TRANSACTIONS,
            ProducerConfig.TRANSACTION_TWO_PHASE_COMMIT_ENABLE_CONFIG, NO_TRANSACTIONS,
            AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, "ctstream's own checks of the topics have their own limit",
            AdminClientConfig.BOOTSTRAP_CONTROLLERS_CONFIG, "ctstream talks to brokers only");

    private ProducerSettings() {}

    private record Fixed(Set<String> values, String reason) {}

    /**
     * Problems in a user's settings, one line each; empty = none.
     *
     * @param kafka without the prefix {@code kafka.}
     */
    public static List<String> problems(Map<String, String> kafka) {
        List<String> problems = new ArrayList<>();
        kafka.forEach((key, value) -> {
            Fixed fixed = FIXED.get(key);
            if (fixed != null && !fixed.values().contains(value.trim().toLowerCase(Locale.ROOT))) {
                problems.add("kafka." + key + "=" + value + " cannot be used: it must be "
                        + fixed.values().stream()
                                .sorted()
                                .toList()
                                .get(fixed.values().size() - 1) + ", because "
                        + fixed.reason());
            } else if (OURS.contains(key)) {
                problems.add("kafka." + key + " cannot be set: ctstream sets it itself");
            } else if (WITHOUT_EFFECT.containsKey(key)) {
                problems.add("kafka." + key + " would have no effect: " + WITHOUT_EFFECT.get(key) + "; leave it out");
            } else if (key.equals(ProducerConfig.MAX_BLOCK_MS_CONFIG) && !isAtMost(value, MAX_BLOCK_MILLIS)) {
                problems.add("kafka." + key + "=" + value + " cannot be used: at most " + MAX_BLOCK_MILLIS
                        + ", because otherwise the publisher could not be stopped");
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

    /** Adds the problems that Kafka itself reports, key by key. */
    private static void check(Map<String, String> kafka, List<String> problems) {
        Map<String, Object> settings = new HashMap<>(kafka);
        settings.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        settings.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        try {
            ProducerConfig valid = new ProducerConfig(settings);
            valid.ignore(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG);
        } catch (KafkaException e) {
            problems.add("kafka.*: " + Secrets.hide(ErrorText.reason(e), kafka));
        }
    }

    private static boolean isAtMost(String value, int limit) {
        try {
            return Long.parseLong(value.trim()) <= limit;
        } catch (NumberFormatException e) {
            return true; // Kafka's own message is clearer
        }
    }

    /**
     * Settings of the producer. One request is in flight for each broker, with one of Kafka's batches for each
     * partition. So the time of an answer limits a partition to one batch per answer, and batches may be as large as the
     * topic takes: while a request is in flight, the next batch fills. Near brokers get small ones, after the linger
     * time. Larger ones than the topic takes are rejected and split.
     */
    static Map<String, Object> producer(PublishConfig config, long maxMessageBytes) {
        Map<String, Object> settings = new HashMap<>();
        settings.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "zstd");
        settings.put(ProducerConfig.COMPRESSION_ZSTD_LEVEL_CONFIG, ZSTD_LEVEL);
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 5);
        settings.put(ProducerConfig.BATCH_SIZE_CONFIG, (int) Math.min(BATCH_BYTES, maxMessageBytes));
        // We choose the partition. Without this, the sender evaluates all partitions in each round.
        settings.put(ProducerConfig.PARTITIONER_ADAPTIVE_PARTITIONING_ENABLE_CONFIG, false);
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 1_000);
        settings.put(
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                Math.max(config.inFlightBytes(), config.records().batchMaxBytes() + REQUEST_SIZE_MARGIN_BYTES));
        settings.put(ProducerConfig.BUFFER_MEMORY_CONFIG, BUFFER_BYTES);
        // With "rebootstrap", send() blocks while brokers are away and forgets their addresses. Instead, Publisher
        // re-creates the producer when brokers have moved, which contacts the bootstrap servers again.
        settings.put(CommonClientConfigs.METADATA_RECOVERY_STRATEGY_CONFIG, "none");
        settings.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 2_000);
        settings.putAll(config.kafka());
        settings.put(ProducerConfig.ACKS_CONFIG, "all");
        settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        settings.put(ProducerConfig.RETRIES_CONFIG, Integer.MAX_VALUE);
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Integer.MAX_VALUE);
        // One request at a time for each broker, so that no later batch is in flight when one is rejected.
        settings.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 1);
        return settings;
    }

    /** Whether a key describes one of the providers that {@code config.providers} names; any client reads it. */
    public static boolean isOfProvider(String key) {
        return key.startsWith("config.providers.");
    }

    static Map<String, Object> admin(PublishConfig config) {
        Map<String, Object> settings = new HashMap<>();
        config.kafka().forEach((key, value) -> {
            if (AdminClientConfig.configNames().contains(key) || isOfProvider(key)) {
                settings.put(key, value);
            }
        });
        settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, PROBE_TIMEOUT_MILLIS);
        settings.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, PROBE_TIMEOUT_MILLIS);
        return settings;
    }
}
