package dev.ctstream.cli.topics;

import dev.ctstream.cli.Counted;
import dev.ctstream.publish.TopicChanges.Change;
import dev.ctstream.publish.WantedTopic;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What is to be done with topics, as text. */
final class ChangeText {
    private static final String WIDENING = """
              warning: more partitions move zones and hosts. The streams of running collectors stay where they are until
              the collectors' next run. Whoever computes partitions from zones must use the new number from then on, and
              a reader that needs the order of a zone must have read the old records first.
            """;
    private static final String TOO_WIDE = """
              Kafka takes no partition away. Use the topic as it is, with topic.partitions=%d in the collectors'
              configuration and --partitions %d here, or a new topic with another name.
            """;

    private ChangeText() {}

    static String of(List<Change> changes) {
        return changes.stream().map(ChangeText::of).collect(Collectors.joining());
    }

    private static String of(Change change) {
        WantedTopic wanted = change.wanted();
        String topic = wanted.name() + ": ";
        String is = Counted.of(change.partitions(), "partition");
        String text = switch (change.kind()) {
            case CREATE ->
                topic + "does not exist; create it with " + Counted.of(wanted.partitions(), "partition") + ", "
                        + replicas(wanted) + "\n" + settings(wanted.settings());
            case WIDEN -> topic + "has " + is + "; widen it to " + wanted.partitions() + "\n" + WIDENING;
            case KEEP -> topic + "has " + is + ", as planned\n";
            case TOO_WIDE ->
                topic + "has " + is + ", more than the " + wanted.partitions() + " of the plan; nothing is changed\n"
                        + TOO_WIDE.formatted(change.partitions(), change.partitions());
        };
        return text + other(change);
    }

    private static String replicas(WantedTopic wanted) {
        return wanted.replicas() < 0
                ? "replicas as the brokers do by default"
                : Counted.of(wanted.replicas(), "replica");
    }

    static String settings(Map<String, String> settings) {
        return settings.entrySet().stream()
                .map(setting -> "  " + setting.getKey() + "=" + setting.getValue() + "\n")
                .collect(Collectors.joining());
    }

    private static String other(Change change) {
        return change.other().entrySet().stream()
                .map(setting -> "  stays: " + setting.getKey() + "=" + setting.getValue() + ", the plan has "
                        + change.wanted().settings().get(setting.getKey()) + "; kafka-configs.sh --alter changes it\n")
                .collect(Collectors.joining());
    }
}
