package dev.ctstream.config;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;

/** The documentation's table of all keys, generated from their definition. */
public final class ConfigTable {
    private ConfigTable() {}

    /** One Markdown table: key, default, permitted values, meaning. */
    public static String markdown() {
        StringBuilder table = new StringBuilder(8192);
        table.append("| Key | Default | Values | Meaning |\n|---|---|---|---|\n");
        Keys.definition()
                .configKeys()
                .values()
                .forEach(key -> table.append("| `")
                        .append(key.name)
                        .append("` | ")
                        .append(defaultText(key))
                        .append(" | ")
                        .append(values(key))
                        .append(" | ")
                        .append(key.documentation)
                        .append(" |\n"));
        Keys.FAMILIES.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(family -> table.append("| `")
                        .append(family.getKey())
                        .append("*` | | | ")
                        .append(family.getValue())
                        .append(" |\n"));
        return table.toString();
    }

    static String defaultText(ConfigDef.ConfigKey key) {
        String text = Keys.DEFAULT_TEXTS.get(key.name);
        if (text != null) {
            return text;
        }
        Object value = key.defaultValue;
        return value instanceof List<?> items
                ? String.join(",", items.stream().map(String::valueOf).toList())
                : String.valueOf(value);
    }

    /** The type, and the validator's permitted values in a form that is easier to read than Kafka's. */
    private static String values(ConfigDef.ConfigKey key) {
        String type = key.type.name().toLowerCase(Locale.ROOT);
        if (key.validator == null) {
            return type;
        }
        String permitted = key.validator
                .toString()
                .replaceFirst("^\\[(-?\\d+),\\.\\.\\.,(-?\\d+)]$", "$1..$2")
                .replaceFirst("^\\[(-?\\d+),\\.\\.\\.]$", "at least $1")
                .replaceFirst("^\\[(?:, )?(.*)]$", "$1");
        return type + ": " + permitted;
    }
}
