package dev.ctstream.publish;

import dev.ctstream.metrics.Check;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.TopicConfig;
import org.jspecify.annotations.Nullable;

/** Checks one topic as the brokers describe it. */
final class TopicChecks {
    /** Until Kafka 3.6 it was one setting for times before and after the broker's. */
    private static final String DIFFERENCE_MAX_MS_CONFIG = "message.timestamp.difference.max.ms";
    /** The longest control record, a report with 4096 streams, has half of it. */
    private static final int MAX_CONTROL_BYTES = 64 << 10;
    /** A broker that takes no timestamps that are this far ahead of its clock refuses records when clocks differ a little. */
    private static final long AHEAD_LEAST_MILLIS = 60_000;

    private final PublishConfig config;
    private final TopicDescription topic;
    private final @Nullable Config settings;
    private final String scope;
    private final List<Check> checks = new ArrayList<>();

    /** @param settings null when they could not be read */
    TopicChecks(PublishConfig config, TopicDescription topic, @Nullable Config settings) {
        this.config = config;
        this.topic = topic;
        this.settings = settings;
        scope = "topic " + topic.name();
    }

    List<Check> all() {
        authorization();
        partitions();
        replicas();
        if (settings != null) {
            inSync();
            cleanup();
            messageBytes();
            timestamps();
        }
        return checks;
    }

    /** The longest record that the topic takes; {@code Long.MAX_VALUE} = unknown. */
    long maxMessageBytes() {
        return number(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Long.MAX_VALUE);
    }

    /** The age at which the topic deletes or refuses a record, ms. */
    long maxAgeMillis() {
        long retention = number(TopicConfig.RETENTION_MS_CONFIG, Long.MAX_VALUE);
        long before = number(
                TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG, number(DIFFERENCE_MAX_MS_CONFIG, Long.MAX_VALUE));
        boolean deletes = value(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE)
                .contains(TopicConfig.CLEANUP_POLICY_DELETE);
        return Math.min(deletes && retention >= 0 ? retention : Long.MAX_VALUE, before);
    }

    private void authorization() {
        Set<AclOperation> allowed = topic.authorizedOperations();
        if (allowed == null) { // the broker does not say
            return;
        }
        String wanted = "permission to write";
        checks.add(
                allowed.contains(AclOperation.WRITE) || allowed.contains(AclOperation.ALL)
                        ? Check.ok("authorization", scope, "may write", wanted)
                        : Check.fail(
                                "authorization",
                                scope,
                                "may not write",
                                wanted,
                                "allow Write on the topic to the collector's Kafka user"));
    }

    private void partitions() {
        int found = topic.partitions().size();
        int wanted = config.topics().partitions();
        String is = Integer.toString(found);
        checks.add(
                found == wanted
                        ? Check.ok("partitions", scope, is, is)
                        : Check.warn(
                                "partitions",
                                scope,
                                is,
                                wanted + " (topic.partitions)",
                                "zones are spread over the " + found + "; set topic.partitions=" + found));
    }

    private void replicas() {
        int least = topic.partitions().stream()
                .mapToInt(one -> one.replicas().size())
                .min()
                .orElse(0);
        long brokers = topic.partitions().stream()
                .flatMap(one -> one.replicas().stream())
                .distinct()
                .count();
        int asked = config.topics().replicationFactor();
        String found = Integer.toString(least);
        if (asked > 0 && least != asked) {
            checks.add(Check.warn(
                    "replication-factor",
                    scope,
                    found,
                    asked + " (topic.replication-factor)",
                    "move the topic to as many brokers with kafka-reassign-partitions, or set"
                            + " topic.replication-factor=" + least));
        } else if (least == 1 && brokers > 1) {
            checks.add(Check.warn(
                    "replication-factor",
                    scope,
                    found,
                    "2 or more: the loss of one broker loses records that were acknowledged",
                    "move the topic to more brokers with kafka-reassign-partitions"));
        } else {
            checks.add(Check.ok("replication-factor", scope, found, asked > 0 ? found : "the brokers' own"));
        }
    }

    /** With acks=all a partition takes nothing while fewer replicas than min.insync.replicas are in sync. */
    private void inSync() {
        long wanted = number(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, 1);
        long tooFew = topic.partitions().stream()
                .filter(one ->
                        one.isr().size() < Math.min(wanted, one.replicas().size()))
                .count();
        long withoutLeader = topic.partitions().stream()
                .map(TopicPartitionInfo::leader)
                .filter(leader -> leader == null || leader.isEmpty())
                .count();
        String all = wanted + " or more (min.insync.replicas) on every partition";
        if (withoutLeader > 0) {
            checks.add(Check.fail(
                    "in-sync-replicas",
                    scope,
                    withoutLeader + " of " + topic.partitions().size() + " partitions have no leader",
                    all,
                    "start the brokers that hold them"));
        } else if (tooFew > 0) {
            checks.add(Check.fail(
                    "in-sync-replicas",
                    scope,
                    "fewer than " + wanted + " on " + tooFew + " of "
                            + topic.partitions().size() + " partitions, which take no records",
                    all,
                    "start the missing brokers, or lower min.insync.replicas of the topic"));
        } else {
            checks.add(Check.ok("in-sync-replicas", scope, "enough on every partition", all));
        }
    }

    private void cleanup() {
        String policy = value(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE);
        String name = TopicConfig.CLEANUP_POLICY_CONFIG;
        checks.add(
                policy.contains(TopicConfig.CLEANUP_POLICY_COMPACT)
                        ? Check.warn(
                                name,
                                scope,
                                policy,
                                "delete: Kafka would keep only the last record of a key",
                                "set cleanup.policy=delete")
                        : Check.ok(name, scope, policy, "delete"));
    }

    private void messageBytes() {
        long limit = maxMessageBytes();
        String name = TopicConfig.MAX_MESSAGE_BYTES_CONFIG;
        boolean control = topic.name().equals(config.topics().control());
        long wanted = control ? MAX_CONTROL_BYTES : config.records().batchMaxBytes();
        if (limit >= wanted) {
            checks.add(Check.ok(name, scope, Long.toString(limit), wanted + " or more"));
        } else if (control) {
            checks.add(Check.warn(
                    name,
                    scope,
                    Long.toString(limit),
                    wanted
                            + " or more: a longer control record waits until the limit is raised, and later ones wait for"
                            + " it",
                    "raise it"));
        } else {
            checks.add(Check.warn(
                    name,
                    scope,
                    Long.toString(limit),
                    wanted + " or more (batch.max-bytes): batches that are longer when compressed are cut into pieces",
                    "raise it, or lower batch.max-bytes"));
        }
    }

    private void timestamps() {
        String name = TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG;
        String type = value(name, "CreateTime");
        checks.add(
                type.equals("CreateTime")
                        ? Check.ok(name, scope, type, "CreateTime")
                        : Check.warn(
                                name,
                                scope,
                                type,
                                "CreateTime: consumers that seek by time find when a record arrived, not when it was"
                                        + " made",
                                "set message.timestamp.type=CreateTime"));
        long ahead = number(
                TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG, number(DIFFERENCE_MAX_MS_CONFIG, Long.MAX_VALUE));
        checks.add(
                ahead >= AHEAD_LEAST_MILLIS
                        ? Check.ok(
                                TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG,
                                scope,
                                ahead == Long.MAX_VALUE ? "no limit" : Long.toString(ahead),
                                AHEAD_LEAST_MILLIS + " or more")
                        : Check.warn(
                                TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG,
                                scope,
                                Long.toString(ahead),
                                AHEAD_LEAST_MILLIS
                                        + " or more: the brokers refuse records of a host whose clock is that"
                                        + " far ahead",
                                "raise it, and keep the hosts' clocks synchronized"));
    }

    private long number(String key, long otherwise) {
        return Long.parseLong(value(key, Long.toString(otherwise)));
    }

    private String value(String key, String otherwise) {
        ConfigEntry entry = settings == null ? null : settings.get(key);
        return entry == null || entry.value() == null ? otherwise : entry.value();
    }
}
