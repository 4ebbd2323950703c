package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.Check;
import dev.ctstream.record.Framing;
import dev.ctstream.record.ZoneWidths;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TopicChecksTest {
    private static final Map<String, String> GOOD = Map.of(
            "cleanup.policy", "delete",
            "max.message.bytes", "1048588",
            "min.insync.replicas", "2",
            "message.timestamp.type", "CreateTime",
            "message.timestamp.after.max.ms", "3600000");

    @Test
    void aGoodTopicHasNoRemarks() {
        List<Check> checks = checks(topic(12, 3, 3, Set.of(AclOperation.WRITE)), GOOD);
        assertThat(checks).allMatch(Check::isOk);
        assertThat(checks.stream().map(Check::name))
                .containsExactly(
                        "authorization",
                        "partitions",
                        "replication-factor",
                        "in-sync-replicas",
                        "cleanup.policy",
                        "max.message.bytes",
                        "message.timestamp.type",
                        "message.timestamp.after.max.ms");
    }

    @Test
    void eachFaultOfATopicIsNamedWithItsRemedy() {
        Map<String, String> bad = Map.of(
                "cleanup.policy", "compact,delete",
                "max.message.bytes", "1000",
                "min.insync.replicas", "2",
                "message.timestamp.type", "LogAppendTime",
                "message.timestamp.after.max.ms", "10");
        assertThat(remarks(topic(5, 1, 1, Set.of(AclOperation.DESCRIBE)), bad))
                .containsExactly(
                        "authorization (topic conntrack.events): may not write, wanted permission to write; allow Write on"
                                + " the topic to the collector's Kafka user",
                        "partitions (topic conntrack.events): 5, wanted 12 (topic.partitions); zones are spread over the 5;"
                                + " set topic.partitions=5",
                        "replication-factor (topic conntrack.events): 1, wanted 3 (topic.replication-factor); move the topic"
                                + " to as many brokers with kafka-reassign-partitions, or set topic.replication-factor=1",
                        "cleanup.policy (topic conntrack.events): compact,delete, wanted delete: Kafka would keep only the"
                                + " last record of a key; set cleanup.policy=delete",
                        "max.message.bytes (topic conntrack.events): 1000, wanted 262144 or more (batch.max-bytes): batches"
                                + " that are longer when compressed are cut into pieces; raise it, or lower batch.max-bytes",
                        "message.timestamp.type (topic conntrack.events): LogAppendTime, wanted CreateTime: consumers that"
                                + " seek by time find when a record arrived, not when it was made; set"
                                + " message.timestamp.type=CreateTime",
                        "message.timestamp.after.max.ms (topic conntrack.events): 10, wanted 60000 or more: the brokers"
                                + " refuse records of a host whose clock is that far ahead; raise it, and keep the hosts'"
                                + " clocks synchronized");
    }

    @Test
    void partitionsThatTakeNoRecordsFail() {
        assertThat(remarks(topic(12, 3, 1, Set.of(AclOperation.ALL)), GOOD))
                .containsExactly(
                        "in-sync-replicas (topic conntrack.events): fewer than 2 on 12 of 12 partitions, which take"
                                + " no records, wanted 2 or more (min.insync.replicas) on every partition; start the missing"
                                + " brokers, or lower min.insync.replicas of the topic");
    }

    @Test
    void partitionsWithoutALeaderFail() {
        TopicDescription topic = topic(12, 3, 0, Set.of(AclOperation.ALL));
        assertThat(remarks(topic, GOOD))
                .containsExactly(
                        "in-sync-replicas (topic conntrack.events): 12 of 12 partitions have no leader, wanted 2 or"
                                + " more (min.insync.replicas) on every partition; start the brokers that hold them");
    }

    @Test
    void whatABrokerDoesNotTellIsNotChecked() {
        assertThat(checks(topic(12, 3, 3, null), null).stream().map(Check::name))
                .containsExactly("partitions", "replication-factor");
    }

    private static List<String> remarks(TopicDescription topic, Map<String, String> settings) {
        return Check.remarks(checks(topic, settings));
    }

    private static List<Check> checks(TopicDescription topic, @Nullable Map<String, String> settings) {
        PublishConfig config = new PublishConfig(
                new PublishConfig.TopicNames("conntrack.events", "conntrack.control", true, 12, 3),
                new PublishConfig.RecordForm(Layout.BATCH, Framing.SINGLE_OBJECT, true, true, 1 << 18),
                ZoneWidths.DEFAULT,
                1 << 24,
                Map.of("bootstrap.servers", "localhost:9092"),
                Optional.empty());
        Config entries = settings == null
                ? null
                : new Config(settings.entrySet().stream()
                        .map(entry -> new ConfigEntry(entry.getKey(), entry.getValue()))
                        .toList());
        return new TopicChecks(config, topic, entries).all();
    }

    /** A topic on {@code replicas} brokers, of which {@code inSync} are in sync; without one there is no leader. */
    private static TopicDescription topic(
            int partitions, int replicas, int inSync, @Nullable Set<AclOperation> authorized) {
        List<Node> nodes = IntStream.range(0, replicas)
                .mapToObj(id -> new Node(id, "kafka" + id, 9092))
                .toList();
        List<TopicPartitionInfo> infos = new ArrayList<>();
        Stream.iterate(0, id -> id + 1)
                .limit(partitions)
                .forEach(id -> infos.add(new TopicPartitionInfo(
                        id, inSync == 0 ? Node.noNode() : nodes.get(0), nodes, nodes.subList(0, inSync))));
        return new TopicDescription("conntrack.events", false, infos, authorized, Uuid.ZERO_UUID);
    }
}
