package dev.ctstream.publish;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A topic as it should be.
 *
 * @param name of the topic
 * @param partitions number of partitions
 * @param replicas of each partition; -1 = the brokers' default
 * @param settings of the topic, by Kafka's names, in the order in which they are shown
 */
public record WantedTopic(String name, int partitions, int replicas, Map<String, String> settings) {
    /** Copies the settings. */
    public WantedTopic {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }
}
