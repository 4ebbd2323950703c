package dev.ctstream.config;

import dev.ctstream.read.KafkaKeys;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Checks settings that are Kafka's: known names, and values that its clients take. */
final class KafkaSettings {
    /** Up to this many typing errors a setting is a known one misspelt; beyond, a plug-in's own. */
    private static final int TYPING_ERRORS = 2;

    private KafkaSettings() {}

    /** For the collector: a producer and an admin client. */
    static Check collector() {
        return new Check("producer or admin client", KafkaKeys.ofCollector(), KafkaKeys::refusedByProducer);
    }

    /** For commands that read: a consumer and an admin client. */
    static Check reader() {
        return new Check("consumer or admin client", KafkaKeys.ofReader(), KafkaKeys::refusedByConsumer);
    }

    /** What one kind of client takes. */
    record Check(String clients, Set<String> known, Function<Map<String, String>, Map<String, String>> refused) {
        /** Looks at a key with its prefix; returns whether it can be passed on. */
        boolean name(Setting setting, List<String> problems, List<String> warnings) {
            String name = setting.key().substring(Keys.KAFKA.length());
            if (known.contains(name)) {
                return true;
            }
            Optional<String> nearest = NearestKey.of(name, known)
                    .filter(candidate -> NearestKey.distance(name, candidate) <= TYPING_ERRORS);
            if (nearest.isPresent()) {
                problems.add(setting.key() + " (" + setting.source() + "): Kafka has no such setting; did you mean "
                        + Keys.KAFKA + nearest.get() + "?");
                return false;
            }
            warnings.add(setting.key() + " (" + setting.source() + ") is no setting of Kafka's " + clients
                    + "; it is passed on as it is");
            return true;
        }

        /** Asks the client about the values; {@code kafka} has no prefix, {@code given} has it. */
        void values(Map<String, String> kafka, Map<String, Setting> given, List<String> problems) {
            refused.apply(kafka)
                    .forEach((name, text) -> problems.add(
                            GivenKeys.problem(Objects.requireNonNull(given.get(Keys.KAFKA + name)), text)));
        }
    }
}
