package dev.ctstream.publish;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/**
 * Compares topics with what they should be, creates missing ones, and adds partitions. Nothing else of a topic is changed.
 *
 * <p>Ownership: owns a client of Kafka. Threads: runs on the calling thread and waits for Kafka, for at most 9 s in each
 * method; an interrupt ends the wait.
 */
public final class TopicChanges implements AutoCloseable {
    private final Admin admin;
    private final PublishConfig config;

    private TopicChanges(Admin admin, PublishConfig config) {
        this.admin = admin;
        this.config = config;
    }

    /** What is to be done with a topic. */
    public enum Kind {
        /** It is missing. */
        CREATE,
        /** It has fewer partitions than wanted. */
        WIDEN,
        /** It has as many partitions as wanted. */
        KEEP,
        /** It has more partitions than wanted, which cannot be taken away. */
        TOO_WIDE
    }

    /**
     * A topic as it is and as it should be.
     *
     * @param partitions that it has; 0 = it does not exist
     * @param other settings with another value than wanted, by name; they stay
     */
    public record Change(WantedTopic wanted, Kind kind, int partitions, Map<String, String> other) {}

    /** Connects to the cluster with the collector's settings. */
    public static TopicChanges open(PublishConfig config) throws KafkaUnreadyException {
        try {
            return new TopicChanges(Admin.create(ProducerSettings.admin(config)), config);
        } catch (KafkaException e) {
            throw KafkaUnreadyException.of(config, e);
        }
    }

    /** Number of the cluster's brokers. */
    public int brokers() throws KafkaUnreadyException, InterruptedException {
        return new Topics(admin, config).brokers().size();
    }

    /** What is to be done; changes nothing. */
    public List<Change> look(List<WantedTopic> topics) throws KafkaUnreadyException, InterruptedException {
        Topics found = new Topics(admin, config);
        List<Change> changes = new ArrayList<>();
        for (WantedTopic wanted : topics) {
            TopicDescription topic = found.describe(wanted.name());
            changes.add(
                    topic == null
                            ? new Change(wanted, Kind.CREATE, 0, Map.of())
                            : change(
                                    wanted,
                                    topic.partitions().size(),
                                    found.settings(wanted.name(), new ArrayList<>())));
        }
        return changes;
    }

    private static Change change(WantedTopic wanted, int partitions, @Nullable Config settings) {
        Map<String, String> other = new LinkedHashMap<>();
        wanted.settings().forEach((name, value) -> {
            ConfigEntry entry = settings == null ? null : settings.get(name);
            String is = entry == null ? null : entry.value();
            if (is != null && !is.equals(value)) {
                other.put(name, is);
            }
        });
        Kind kind = partitions < wanted.partitions()
                ? Kind.WIDEN
                : partitions == wanted.partitions() ? Kind.KEEP : Kind.TOO_WIDE;
        return new Change(wanted, kind, partitions, other);
    }

    /** Creates or widens the topic; does nothing for the other kinds. */
    public void carryOut(Change change) throws KafkaUnreadyException, InterruptedException {
        Topics topics = new Topics(admin, config);
        switch (change.kind()) {
            case CREATE -> topics.create(change.wanted(), false);
            case WIDEN -> topics.widen(change.wanted());
            case KEEP, TOO_WIDE -> {}
        }
    }

    @Override
    public void close() {
        admin.close(Duration.ZERO);
    }
}
