package dev.ctstream.config;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.conntrack.SubscriptionConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that a collector is told at start.
 *
 * @param kafka settings for Kafka's clients, without the prefix
 * @param netns what to watch: self, all, names, paths
 * @param httpListen host:port, or empty when there is to be no endpoint
 * @param shutdownTimeoutSeconds how long a stop may take
 */
public record CollectorConfig(
        String hostId,
        String bootId,
        List<String> netns,
        SubscriptionConfig subscription,
        BatchConfig batch,
        Map<String, String> kafka,
        Optional<String> httpListen,
        int shutdownTimeoutSeconds) {
    /** Copies the collections. */
    public CollectorConfig {
        kafka = Map.copyOf(kafka);
        netns = List.copyOf(netns);
    }

    static CollectorConfig from(Settings settings, String bootId) {
        return new CollectorConfig(
                settings.string("host.id"),
                bootId,
                settings.list("netns"),
                subscription(settings),
                new BatchConfig(
                        settings.integer("batch.max-events"),
                        settings.integer("batch.max-bytes"),
                        settings.integer("batch.linger-millis")),
                settings.kafka(),
                Optional.of(settings.string("http.listen")).filter(listen -> !listen.equals("off")),
                settings.integer("shutdown.timeout-seconds"));
    }

    private static SubscriptionConfig subscription(Settings settings) {
        List<String> events = settings.list("events");
        return new SubscriptionConfig(
                events.contains("new"),
                events.contains("update"),
                events.contains("destroy"),
                settings.integer("socket.receive-buffer-bytes"),
                settings.string("delivery").equals("reliable"));
    }
}
