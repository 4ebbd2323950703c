package dev.ctstream.config;

import dev.ctstream.read.KafkaKeys;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Names of keys in the environment: {@code CTSTREAM_} and the key in upper case, with {@code _} for each dot and
 * hyphen. {@code CTSTREAM_BATCH_MAX_EVENTS} is {@code batch.max-events}, {@code CTSTREAM_KAFKA_BOOTSTRAP_SERVERS} is
 * {@code kafka.bootstrap.servers}. In an unknown key, each {@code _} is a dot.
 */
final class EnvironmentNames {
    private static final String PREFIX = "CTSTREAM_";

    /** Variables of the launcher and of logback.xml. */
    private static final Set<String> LAUNCHER =
            Set.of("CTSTREAM_JAVA_OPTS", "CTSTREAM_IN_NAMESPACE", "CTSTREAM_LOG_KAFKA_LEVEL");

    /** Variables that Docker links and Kubernetes set for a service named ctstream. */
    private static final Pattern SERVICE_LINK = Pattern.compile("CTSTREAM_(SERVICE_(HOST|PORT)|PORT)(_.*)?");

    private final Map<String, String> keys = new HashMap<>();

    EnvironmentNames(Set<String> known) {
        known.forEach(key -> keys.put(of(key), key));
        KafkaKeys.ofCollector().forEach(name -> keys.put(of(Keys.KAFKA + name), Keys.KAFKA + name));
    }

    static String of(String key) {
        return PREFIX + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    /** The settings in an environment, sorted by name. */
    List<Setting> read(Map<String, String> environment) {
        return new TreeMap<>(environment)
                .entrySet().stream()
                        .filter(entry -> ours(entry.getKey()))
                        .map(entry -> new Setting(
                                key(entry.getKey()), entry.getValue().strip(), entry.getKey()))
                        .toList();
    }

    private static boolean ours(String name) {
        return name.startsWith(PREFIX)
                && !LAUNCHER.contains(name)
                && !SERVICE_LINK.matcher(name).matches();
    }

    private String key(String name) {
        @Nullable String key = keys.get(name);
        return key != null
                ? key
                : name.substring(PREFIX.length()).toLowerCase(Locale.ROOT).replace('_', '.');
    }
}
