package dev.ctstream.config;

import dev.ctstream.publish.Secrets;
import dev.ctstream.record.RegistrySettings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.config.ConfigDef;
import org.jspecify.annotations.Nullable;

/** Every key's value and source, after all sources were read and checked. Immutable. */
final class Settings {
    private final Map<String, Object> values;
    private final Map<String, Setting> given;

    /**
     * Creates settings from checked values.
     *
     * @param values typed values by key, including defaults
     * @param given explicitly set keys
     */
    Settings(Map<String, Object> values, Map<String, Setting> given) {
        this.values = new LinkedHashMap<>(values);
        this.given = new TreeMap<>(given);
    }

    String string(String key) {
        return (String) value(key);
    }

    int integer(String key) {
        return (Integer) value(key);
    }

    long number(String key) {
        return (Long) value(key);
    }

    boolean flag(String key) {
        return (Boolean) value(key);
    }

    List<String> list(String key) {
        return ((List<?>) value(key)).stream().map(String.class::cast).toList();
    }

    /** The keys whose values differ. */
    Set<String> differences(Settings other) {
        Set<String> keys = new TreeSet<>(values.keySet());
        keys.addAll(given.keySet());
        keys.addAll(other.given.keySet());
        keys.removeIf(key -> effective(key).equals(other.effective(key)));
        return keys;
    }

    /** The checked value, or what is given for Kafka's clients; empty for neither. */
    private Object effective(String key) {
        Object value = values.get(key);
        Setting setting = given.get(key);
        return value != null ? value : setting == null ? "" : setting.value();
    }

    /** The settings for Kafka's clients, without the prefix. */
    Map<String, String> kafka() {
        Map<String, String> kafka = new TreeMap<>();
        given.forEach((key, setting) -> {
            if (key.startsWith(Keys.KAFKA)) {
                kafka.put(key.substring(Keys.KAFKA.length()), setting.value());
            }
        });
        return kafka;
    }

    /** The settings for the schema registry's client, with the prefix; empty = none is configured. */
    Map<String, String> registry() {
        Map<String, String> registry = new TreeMap<>();
        if (!text(value(RegistrySettings.URL)).isEmpty()) {
            values.keySet().stream()
                    .filter(key -> key.startsWith(RegistrySettings.PREFIX)
                            && !text(value(key)).isEmpty())
                    .forEach(key -> registry.put(key, text(value(key))));
        }
        return registry;
    }

    /**
     * Every key with its value, default, source and meaning, as a valid properties file. Secrets are hidden. What was
     * derived from this host is a comment, so that another host that gets the file derives its own.
     */
    String dump(ConfigDef definition) {
        StringBuilder dump = new StringBuilder(4096);
        definition.configKeys().values().forEach(key -> {
            dump.append("# ").append(key.documentation).append('\n');
            dump.append("# default: ").append(ConfigTable.defaultText(key)).append("; from: ");
            dump.append(source(key.name)).append('\n');
            dump.append(ofThisHost(key.name) ? "#" : "")
                    .append(key.name)
                    .append('=')
                    .append(escape(Secrets.shown(key.name, text(value(key.name)))))
                    .append("\n\n");
        });
        given.values().stream()
                .filter(setting -> !definition.names().contains(setting.key()))
                .forEach(setting -> dump.append("# from: ")
                        .append(setting.source())
                        .append('\n')
                        .append(setting.key())
                        .append('=')
                        .append(escape(Secrets.shown(setting.key(), setting.value())))
                        .append("\n\n"));
        return dump.toString();
    }

    private boolean ofThisHost(String key) {
        return Keys.OF_THE_HOST.contains(key) && !given.containsKey(key);
    }

    private String source(String key) {
        @Nullable Setting setting = given.get(key);
        return setting == null ? "default" : setting.source();
    }

    private static String text(Object value) {
        return value instanceof List<?> items
                ? String.join(",", items.stream().map(String::valueOf).toList())
                : String.valueOf(value);
    }

    private static String escape(String value) {
        return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
    }

    private Object value(String key) {
        Object value = values.get(key);
        if (value == null) {
            throw new IllegalArgumentException("no such key: " + key);
        }
        return value;
    }
}
