package dev.ctstream.publish;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/**
 * Inspects the topics and creates missing ones if allowed; never alters existing ones.
 *
 * <p>Threads: runs on the calling thread and waits for Kafka; an interrupt ends the wait.
 */
public final class Topics {
    private static final long WAIT_SECONDS = 4;
    /** The longest control record, a report with 4096 streams, has half of it. */
    private static final int MAX_CONTROL_BYTES = 64 << 10;

    private final Admin admin;
    private final PublishConfig config;

    Topics(Admin admin, PublishConfig config) {
        this.admin = admin;
        this.config = config;
    }

    /**
     * Partition counts of the topics.
     *
     * @param events partitions of the event topic
     * @param control partitions of the control topic
     */
    public record Partitions(int events, int control) {}

    /**
     * Result of an inspection.
     *
     * @param remarks mismatches, one line each; empty = none
     * @param maxMessageBytes the broker's limit for a record on the event topic; {@code Long.MAX_VALUE} = unknown
     * @param brokers current broker addresses
     */
    public record Report(Partitions partitions, List<String> remarks, long maxMessageBytes, Set<String> brokers) {}

    /**
     * Inspects the topics without creating anything; for checks before a start.
     *
     * @throws KafkaUnreadyException when Kafka is unreachable, or a topic is missing and the collector may not create
     *     it
     */
    public static Report check(PublishConfig config) throws KafkaUnreadyException, InterruptedException {
        return open(config, false);
    }

    /** Inspects the topics, and creates missing ones if the configuration says so. */
    static Report prepare(PublishConfig config) throws KafkaUnreadyException, InterruptedException {
        return open(config, config.topics().create());
    }

    private static Report open(PublishConfig config, boolean create)
            throws KafkaUnreadyException, InterruptedException {
        Admin admin;
        try {
            admin = Admin.create(ProducerSettings.admin(config));
        } catch (KafkaException e) {
            throw KafkaUnreadyException.of(config, e);
        }
        try {
            return new Topics(admin, config).look(create);
        } finally {
            admin.close(Duration.ZERO);
        }
    }

    private Report look(boolean create) throws KafkaUnreadyException, InterruptedException {
        List<String> remarks = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>(
                List.of(config.topics().events(), config.topics().control()));
        Map<String, Integer> partitions = new HashMap<>();
        for (String name : names) {
            partitions.put(name, partitions(name, create, remarks));
        }
        long maxMessageBytes = Long.MAX_VALUE;
        for (String name : names) {
            long limit = checkSettings(name, remarks);
            maxMessageBytes = name.equals(config.topics().events()) ? limit : maxMessageBytes;
        }
        return new Report(
                new Partitions(
                        partitions.getOrDefault(config.topics().events(), 1),
                        partitions.getOrDefault(config.topics().control(), 1)),
                List.copyOf(remarks),
                maxMessageBytes,
                brokers());
    }

    private Set<String> brokers() throws KafkaUnreadyException, InterruptedException {
        try {
            return get(admin.describeCluster().nodes()).stream()
                    .map(node -> node.host() + ":" + node.port())
                    .collect(Collectors.toUnmodifiableSet());
        } catch (ExecutionException e) {
            throw KafkaUnreadyException.of(config, e);
        }
    }

    private int partitions(String name, boolean create, List<String> remarks)
            throws KafkaUnreadyException, InterruptedException {
        try {
            @Nullable
            TopicDescription found =
                    get(admin.describeTopics(List.of(name)).allTopicNames()).get(name);
            int count = Objects.requireNonNull(found, name).partitions().size();
            if (count != config.topics().partitions()) {
                remarks.add("topic " + name + " has " + count + " partitions, not topic.partitions="
                        + config.topics().partitions() + "; zones are spread over the " + count);
            }
            return count;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TopicAuthorizationException) {
                throw new KafkaUnreadyException("topic " + name + ": " + KafkaUnreadyException.reason(config, e), e);
            }
            if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                throw KafkaUnreadyException.of(config, e);
            }
        }
        if (create) {
            return create(name);
        }
        if (config.topics().create()) {
            remarks.add("topic " + name + " does not exist yet; it will be created");
            return config.topics().partitions();
        }
        throw new KafkaUnreadyException(
                "topic " + name + " does not exist; create it, or set topic.create=true to let ctstream create it");
    }

    private int create(String name) throws KafkaUnreadyException, InterruptedException {
        int replicas = config.topics().replicationFactor();
        NewTopic topic = new NewTopic(
                name,
                Optional.of(config.topics().partitions()),
                replicas < 0 ? Optional.empty() : Optional.of((short) replicas));
        try {
            return get(admin.createTopics(List.of(topic)).numPartitions(name));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TopicExistsException) {
                throw new KafkaUnreadyException("topic " + name + " is being created by another client just now", e);
            }
            throw new KafkaUnreadyException(
                    "topic " + name + " does not exist and cannot be created: "
                            + KafkaUnreadyException.reason(config, e),
                    e);
        }
    }

    /** Adds remarks on mismatched settings; returns max.message.bytes. Unreadable settings only cause a remark. */
    private long checkSettings(String name, List<String> remarks) throws KafkaUnreadyException, InterruptedException {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
        @Nullable Config settings;
        try {
            settings = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) { // created a moment ago, or not yet
                remarks.add("the settings of topic " + name + " cannot be read and were not checked: "
                        + KafkaUnreadyException.reason(config, e));
            }
            return Long.MAX_VALUE;
        }
        String policy = value(settings, TopicConfig.CLEANUP_POLICY_CONFIG, "delete");
        if (policy.contains(TopicConfig.CLEANUP_POLICY_COMPACT)) {
            remarks.add("topic " + name + " has cleanup.policy=" + policy
                    + ": Kafka would keep only the last record of a key; set cleanup.policy=delete");
        }
        long maxMessageBytes =
                Long.parseLong(value(settings, TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Long.toString(Long.MAX_VALUE)));
        boolean control = name.equals(config.topics().control());
        if (control && maxMessageBytes < MAX_CONTROL_BYTES) {
            remarks.add("topic " + name + " has max.message.bytes=" + maxMessageBytes
                    + "; a control record that exceeds it waits until it is raised, and later ones wait for it; set it"
                    + " to "
                    + MAX_CONTROL_BYTES + " or more");
        } else if (!control && maxMessageBytes < config.records().batchMaxBytes()) {
            remarks.add("topic " + name + " has max.message.bytes=" + maxMessageBytes + ", less than batch.max-bytes="
                    + config.records().batchMaxBytes()
                    + "; batches that exceed it when compressed are cut into pieces; raise the former or"
                    + " lower the latter");
        }
        return maxMessageBytes;
    }

    private static String value(@Nullable Config settings, String key, String otherwise) {
        ConfigEntry entry = settings == null ? null : settings.get(key);
        return entry == null || entry.value() == null ? otherwise : entry.value();
    }

    private <T> T get(KafkaFuture<T> future) throws ExecutionException, KafkaUnreadyException, InterruptedException {
        try {
            return future.get(WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw KafkaUnreadyException.of(config, e);
        }
    }
}
