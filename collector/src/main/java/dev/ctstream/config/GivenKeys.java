package dev.ctstream.config;

import dev.ctstream.publish.ProducerSettings;
import dev.ctstream.publish.Secrets;
import dev.ctstream.read.KafkaKeys;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Checks the names of the keys that were given to the collector. */
final class GivenKeys {
    /** What else stands before the = may be a piece of a value, which may be secret. */
    private static final Pattern KEY = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,99}");

    private GivenKeys() {}

    static void check(Map<String, Setting> given, Set<String> known, List<String> problems, List<String> warnings) {
        KafkaSettings.Check check = KafkaSettings.collector();
        Map<String, String> kafka = new TreeMap<>();
        for (Setting setting : given.values()) {
            String key = setting.key();
            if (key.startsWith(Keys.KAFKA)) {
                if (check.name(setting, problems, warnings)) {
                    kafka.put(key.substring(Keys.KAFKA.length()), setting.value());
                }
            } else if (!known.contains(key)) {
                problems.add(
                        isKey(key)
                                ? key + " (" + setting.source() + "): no such key" + hint(key, known)
                                : notAKey(setting));
            }
        }
        int before = problems.size();
        check.values(kafka, given, problems);
        if (problems.size() == before) {
            // DerivedDefaults checks whether a broker is set; an embedded one starts later.
            kafka.putIfAbsent("bootstrap.servers", "localhost:9092");
            problems.addAll(ProducerSettings.problems(kafka));
        }
    }

    /** Whether this may be shown as a key. */
    static boolean isKey(String key) {
        return KEY.matcher(key).matches();
    }

    /** What is said instead. */
    static String notAKey(Setting setting) {
        return setting.source()
                + ": not a line of the form key=value; is it the rest of the line before, which must then"
                + " end with a backslash?";
    }

    /** {@code key=value (source): text}; a secret value is hidden. */
    static String problem(Setting setting, String text) {
        return setting.key() + "=" + Secrets.shown(setting.key(), setting.value()) + " (" + setting.source() + "): "
                + Secrets.withoutUserInfo(ValueErrorText.of(setting.key(), text));
    }

    private static String hint(String key, Set<String> known) {
        if (KafkaKeys.ofCollector().contains(key)) {
            return "; did you mean " + Keys.KAFKA + key + "?";
        }
        return NearestKey.of(key, known)
                .map(nearest -> "; did you mean " + nearest + "?")
                .orElse("; ctstream run --dump-config shows all keys");
    }
}
