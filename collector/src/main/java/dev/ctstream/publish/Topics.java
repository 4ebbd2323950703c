package dev.ctstream.publish;

import dev.ctstream.batch.ControlRecord.Topic;
import dev.ctstream.metrics.Check;
import dev.ctstream.spool.RunTopics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
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
    private static final long CALL_NANOS = TimeUnit.SECONDS.toNanos(4);
    /** Longest time of all questions, ns. */
    static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(9);

    private final Admin admin;
    private final PublishConfig config;
    private final long startNanos = System.nanoTime();

    Topics(Admin admin, PublishConfig config) {
        this.admin = admin;
        this.config = config;
    }

    /**
     * The age at which the topics delete or refuse a record, ms.
     *
     * @param eventsMillis on the event topic
     * @param controlMillis on the control topic
     */
    record Ages(long eventsMillis, long controlMillis) {
        static final Ages UNLIMITED = new Ages(Long.MAX_VALUE, Long.MAX_VALUE);
    }

    /**
     * Result of an inspection.
     *
     * @param checks what was looked at
     * @param maxMessageBytes the broker's limit for a record on the event topic; {@code Long.MAX_VALUE} = unknown
     * @param ages which ages of records the topics take
     * @param brokers current broker addresses
     */
    record Report(RunTopics topics, List<Check> checks, long maxMessageBytes, Ages ages, Set<String> brokers) {
        /** What is not as it should be, one line each. */
        List<String> remarks() {
            return Check.remarks(checks);
        }
    }

    /**
     * Checks brokers and topics without creating anything. Kafka that cannot be reached or used is a failed check. Takes
     * at most 9 s.
     */
    public static List<Check> check(PublishConfig config) throws InterruptedException {
        try {
            return open(config, false).checks();
        } catch (KafkaUnreadyException e) {
            return List.of(Check.said(
                    Check.Result.FAIL,
                    "brokers",
                    Secrets.withoutUserInfo(config.bootstrapServers()),
                    String.valueOf(e.getMessage()),
                    "brokers and topics to which the collector may write"));
        }
    }

    /** Inspects the topics, and creates missing ones if the configuration says so. */
    static Report prepare(PublishConfig config) throws KafkaUnreadyException, InterruptedException {
        return open(config, config.topics().create());
    }

    private static Report open(PublishConfig config, boolean create)
            throws KafkaUnreadyException, InterruptedException {
        Admin admin = admin(config);
        try {
            return new Topics(admin, config).look(create);
        } finally {
            admin.close(Duration.ZERO);
        }
    }

    static Admin admin(PublishConfig config) throws KafkaUnreadyException {
        try {
            return Admin.create(ProducerSettings.admin(config));
        } catch (KafkaException e) {
            throw KafkaUnreadyException.of(config, e);
        }
    }

    private Report look(boolean create) throws KafkaUnreadyException, InterruptedException {
        Set<String> names = new LinkedHashSet<>(
                List.of(config.topics().events(), config.topics().control()));
        List<Check> checks = new ArrayList<>();
        Map<String, Topic> topics = new HashMap<>();
        Map<String, Long> ages = new HashMap<>();
        long maxMessageBytes = Long.MAX_VALUE;
        for (String name : names) {
            TopicDescription found = describe(name);
            if (found == null) {
                topics.put(name, missing(name, create, checks));
                continue;
            }
            topics.put(name, topic(found.topicId(), found.partitions().size()));
            TopicChecks topic = new TopicChecks(config, found, settings(name, checks));
            checks.addAll(topic.all());
            ages.put(name, topic.maxAgeMillis());
            maxMessageBytes = name.equals(config.topics().events()) ? topic.maxMessageBytes() : maxMessageBytes;
        }
        Set<String> brokers = brokers();
        checks.add(
                0,
                Check.ok(
                        "brokers",
                        Secrets.withoutUserInfo(config.bootstrapServers()),
                        String.join(", ", new TreeSet<>(brokers)),
                        "one that answers"));
        return new Report(
                of(config, topics),
                List.copyOf(checks),
                maxMessageBytes,
                new Ages(
                        ages.getOrDefault(config.topics().events(), Long.MAX_VALUE),
                        ages.getOrDefault(config.topics().control(), Long.MAX_VALUE)),
                brokers);
    }

    private static RunTopics of(PublishConfig config, Map<String, Topic> topics) {
        Topic none = new Topic(null, 1);
        return new RunTopics(
                topics.getOrDefault(config.topics().events(), none),
                topics.getOrDefault(config.topics().control(), none));
    }

    private static Topic topic(Uuid id, int partitions) {
        return new Topic(id.equals(Uuid.ZERO_UUID) ? null : id.toString(), partitions);
    }

    /**
     * Asks which topics have the names now; does not wait.
     *
     * @return fails with {@link UnknownTopicOrPartitionException} when there is none
     */
    static CompletableFuture<RunTopics> ask(Admin admin, PublishConfig config) {
        Set<String> names = Set.of(config.topics().events(), config.topics().control());
        return admin.describeTopics(names)
                .allTopicNames()
                .toCompletionStage()
                .toCompletableFuture()
                .thenApply(found -> {
                    Map<String, Topic> topics = new HashMap<>();
                    found.forEach((name, topic) -> topics.put(
                            name, topic(topic.topicId(), topic.partitions().size())));
                    return of(config, topics);
                });
    }

    /** Addresses of the brokers. */
    Set<String> brokers() throws KafkaUnreadyException, InterruptedException {
        try {
            return get(admin.describeCluster().nodes()).stream()
                    .map(node -> node.host() + ":" + node.port())
                    .collect(Collectors.toUnmodifiableSet());
        } catch (ExecutionException e) {
            throw KafkaUnreadyException.of(config, e);
        }
    }

    /** Describes a topic; null = it does not exist. */
    @Nullable
    TopicDescription describe(String name) throws KafkaUnreadyException, InterruptedException {
        DescribeTopicsOptions options = new DescribeTopicsOptions().includeAuthorizedOperations(true);
        try {
            return get(admin.describeTopics(List.of(name), options).allTopicNames())
                    .get(name);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return null;
            }
            if (e.getCause() instanceof TopicAuthorizationException) {
                throw new KafkaUnreadyException("topic " + name + ": " + KafkaUnreadyException.reason(config, e), e);
            }
            throw KafkaUnreadyException.of(config, e);
        }
    }

    /** Creates a missing topic, or asks the brokers whether it could be created; returns it. */
    private Topic missing(String name, boolean create, List<Check> checks)
            throws KafkaUnreadyException, InterruptedException {
        if (!config.topics().create()) {
            throw new KafkaUnreadyException(
                    "topic " + name + " does not exist; create it, or set topic.create=true to let ctstream create it");
        }
        Topic topic = create(name, !create);
        if (!create) {
            checks.add(Check.ok(
                    "topic",
                    "topic " + name,
                    "it does not exist yet; the collector creates it with " + topic.partitions() + " partitions",
                    "a topic to write to"));
        }
        return topic;
    }

    private Topic create(String name, boolean onlyTry) throws KafkaUnreadyException, InterruptedException {
        PublishConfig.TopicNames topics = config.topics();
        return create(new WantedTopic(name, topics.partitions(), topics.replicationFactor(), Map.of()), onlyTry);
    }

    /** Creates a topic, or asks the brokers whether it could be created; returns it. */
    Topic create(WantedTopic wanted, boolean onlyTry) throws KafkaUnreadyException, InterruptedException {
        String name = wanted.name();
        NewTopic topic = new NewTopic(
                        name,
                        Optional.of(wanted.partitions()),
                        wanted.replicas() < 0 ? Optional.empty() : Optional.of((short) wanted.replicas()))
                .configs(wanted.settings());
        try {
            CreateTopicsOptions options = new CreateTopicsOptions().validateOnly(onlyTry);
            CreateTopicsResult result = admin.createTopics(List.of(topic), options);
            get(result.all());
            return created(result, wanted);
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

    /** Adds the partitions that the topic lacks. */
    void widen(WantedTopic wanted) throws KafkaUnreadyException, InterruptedException {
        try {
            NewPartitions partitions = NewPartitions.increaseTo(wanted.partitions());
            get(admin.createPartitions(Map.of(wanted.name(), partitions)).all());
        } catch (ExecutionException e) {
            throw new KafkaUnreadyException(
                    "topic " + wanted.name() + " cannot be widened to " + wanted.partitions() + " partitions: "
                            + KafkaUnreadyException.reason(config, e),
                    e);
        }
    }

    /** The topic that was created; without its id when the broker says nothing of it, for want of permission. */
    private Topic created(CreateTopicsResult result, WantedTopic wanted)
            throws KafkaUnreadyException, InterruptedException {
        try {
            return topic(get(result.topicId(wanted.name())), get(result.numPartitions(wanted.name())));
        } catch (ExecutionException e) {
            return new Topic(null, wanted.partitions());
        }
    }

    /** The topic's settings; null when they cannot be read, which is a remark. */
    @Nullable
    Config settings(String name, List<Check> checks) throws KafkaUnreadyException, InterruptedException {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
        try {
            return get(admin.describeConfigs(List.of(resource)).all()).get(resource);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) { // created a moment ago
                checks.add(Check.warn(
                        "settings",
                        "topic " + name,
                        "they cannot be read: " + KafkaUnreadyException.reason(config, e),
                        "settings that can be checked",
                        "allow DescribeConfigs on the topic"));
            }
            return null;
        }
    }

    /** All calls together take no longer than {@link #WAIT_NANOS}. */
    private <T> T get(KafkaFuture<T> future) throws ExecutionException, KafkaUnreadyException, InterruptedException {
        try {
            long left = WAIT_NANOS - (System.nanoTime() - startNanos);
            return future.get(Math.min(Math.max(left, 0), CALL_NANOS), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw connected()
                    ? new KafkaUnreadyException(
                            "a broker of " + Secrets.withoutUserInfo(config.bootstrapServers())
                                    + " is connected and has not answered within "
                                    + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNanos)
                                    + " s; check that the port is one of Kafka's, and the brokers' load",
                            e)
                    : KafkaUnreadyException.of(config, e);
        }
    }

    private boolean connected() {
        return admin.metrics().entrySet().stream()
                .filter(metric -> metric.getKey().name().equals("connection-count"))
                .anyMatch(metric -> metric.getValue().metricValue() instanceof Number count && count.doubleValue() > 0);
    }
}
