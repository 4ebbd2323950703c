package dev.ctstream.config;

import dev.ctstream.publish.ProducerSettings;
import dev.ctstream.read.KafkaKeys;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.JaasContext;

/** Checks Kafka's settings: known names, and values that Kafka's clients accept. */
final class KafkaSettings {
    /** With up to this many typing errors, a name is a misspelt known one; with more, it belongs to a plug-in. */
    private static final int TYPING_ERRORS = 2;

    /** What a provider puts in, which is not known here. */
    private static final String PROVIDED = "${";

    private static final String JAAS_FORM = "not of the form MODULE required NAME=\"VALUE\" NAME=\"VALUE\"; - put each"
            + " value in double quotes, and end with a semicolon";

    private KafkaSettings() {}

    /** For the collector: a producer and an admin client. */
    static Check collector() {
        return new Check("producer or admin client", KafkaKeys.ofCollector(), KafkaKeys::refusedByProducer);
    }

    /** For reading commands: a consumer and an admin client. */
    static Check reader() {
        return new Check("consumer or admin client", KafkaKeys.ofReader(), KafkaKeys::refusedByConsumer);
    }

    /** Checks the settings of one kind of client. */
    record Check(String clients, Set<String> known, Function<Map<String, String>, Map<String, String>> refused) {
        /** Checks a key with its prefix; returns whether it can be passed on. */
        boolean name(Setting setting, List<String> problems, List<String> warnings) {
            String name = setting.key().substring(Keys.KAFKA.length());
            if (known.contains(name) || ProducerSettings.isOfProvider(name)) {
                return true;
            }
            if (!GivenKeys.isKey(name)) {
                problems.add(GivenKeys.notAKey(setting));
                return false;
            }
            Optional<String> nearest = NearestKey.of(name, known)
                    .filter(candidate -> NearestKey.distance(name, candidate) <= TYPING_ERRORS);
            if (nearest.isPresent()) {
                problems.add(setting.key() + " (" + setting.source() + "): Kafka has no such setting; did you mean "
                        + Keys.KAFKA + nearest.get() + "?");
                return false;
            }
            warnings.add(setting.key() + " (" + setting.source() + ") is not a setting of Kafka's " + clients
                    + "; it is passed on unchanged");
            return true;
        }

        /** Lets the client check the values. Keys of {@code kafka} have no prefix, those of {@code given} have it. */
        void values(Map<String, String> kafka, Map<String, Setting> given, List<String> problems) {
            refused.apply(kafka)
                    .forEach((name, text) -> problems.add(
                            GivenKeys.problem(Objects.requireNonNull(given.get(Keys.KAFKA + name)), text)));
            String jaas = kafka.get(SaslConfigs.SASL_JAAS_CONFIG);
            if (jaas != null && !jaas.contains(PROVIDED) && !isJaas(jaas)) {
                problems.add(GivenKeys.problem(
                        Objects.requireNonNull(given.get(Keys.KAFKA + SaslConfigs.SASL_JAAS_CONFIG)), JAAS_FORM));
            }
        }

        /** Kafka's own message quotes a piece of the password when a blank in it is not in quotes, so it is dropped. */
        private static boolean isJaas(String value) {
            try {
                JaasContext.loadClientContext(Map.of(SaslConfigs.SASL_JAAS_CONFIG, new Password(value)));
                return true;
            } catch (RuntimeException e) {
                return false;
            }
        }
    }
}
