package dev.ctstream.cli.topics;

import dev.ctstream.cli.Json;
import dev.ctstream.publish.WantedTopic;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Topics as resources of Strimzi's topic operator, {@code kafka.strimzi.io/v1}. Text is written in double quotes, as in
 * JSON, so no name can change its meaning.
 */
final class StrimziTopics {
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");
    private static final Pattern NOT_OF_A_NAME = Pattern.compile("[^a-z0-9.-]+");
    private static final Pattern AROUND_DOT = Pattern.compile("-*\\.[.-]*");
    private static final Pattern EDGE = Pattern.compile("^[.-]+|[.-]+$");

    private StrimziTopics() {}

    /** Whether a text can be the name of a cluster. */
    static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    static String of(List<WantedTopic> topics, String cluster) {
        return topics.stream().map(topic -> of(topic, cluster)).collect(Collectors.joining("---\n"));
    }

    private static String of(WantedTopic topic, String cluster) {
        StringBuilder yaml = new StringBuilder("""
                apiVersion: kafka.strimzi.io/v1
                kind: KafkaTopic
                metadata:
                  name: %s
                  labels:
                    strimzi.io/cluster: %s
                spec:
                  topicName: %s
                  partitions: %d
                """.formatted(
                        Json.quoted(resourceName(topic.name())),
                        Json.quoted(cluster),
                        Json.quoted(topic.name()),
                        topic.partitions()));
        if (topic.replicas() > 0) {
            yaml.append("  replicas: ").append(topic.replicas()).append('\n');
        }
        yaml.append("  config:\n");
        for (Map.Entry<String, String> setting : topic.settings().entrySet()) {
            boolean number = NUMBER.matcher(setting.getValue()).matches();
            yaml.append("    ")
                    .append(setting.getKey())
                    .append(": ")
                    .append(number ? setting.getValue() : Json.quoted(setting.getValue()))
                    .append('\n');
        }
        return yaml.toString();
    }

    /** A name that Kubernetes takes, from that of a topic: small letters, digits, '-' and '.'. */
    static String resourceName(String topic) {
        String name = NOT_OF_A_NAME.matcher(topic.toLowerCase(Locale.ROOT)).replaceAll("-");
        String parts = AROUND_DOT.matcher(name).replaceAll(".");
        String inside = EDGE.matcher(parts).replaceAll("");
        return inside.isEmpty() ? "topic" : inside;
    }
}
