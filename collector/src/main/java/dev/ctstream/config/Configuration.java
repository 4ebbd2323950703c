package dev.ctstream.config;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;

/** The configuration of a collector, read from all sources and checked. Immutable. */
public final class Configuration {
    private static final ConfigDef DEFINITION = Keys.definition();

    private final Settings settings;
    private final CollectorConfig collector;
    private final List<String> warnings;

    private Configuration(Settings settings, CollectorConfig collector, List<String> warnings) {
        this.settings = settings;
        this.collector = collector;
        this.warnings = List.copyOf(warnings);
    }

    /**
     * Reads all sources.
     *
     * @throws ConfigurationException with all problems, not just the first
     */
    public static Configuration load(ConfigSources sources) throws ConfigurationException {
        List<String> problems = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        Map<String, Setting> given = gather(sources, problems);
        GivenKeys.check(given, DEFINITION.names(), problems, warnings);
        Map<String, Object> values = parse(given, problems);
        DerivedDefaults facts = DerivedDefaults.complete(sources, given, values, problems);
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
        Settings settings = new Settings(values, given);
        return new Configuration(settings, CollectorConfig.from(settings, facts), warnings);
    }

    /** The values for the collector. */
    public CollectorConfig collector() {
        return collector;
    }

    /** SHA-256 of every key with its value, without secrets, hexadecimal. Equal digests mean equal configurations. */
    public String digest() {
        try {
            byte[] dump = settings.dump(DEFINITION).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(dump));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    /** The keys whose values differ from those of another configuration, in the order of their names. */
    public Set<String> differences(Configuration other) {
        return settings.differences(other.settings);
    }

    /** Settings that are probably mistakes, one line each. */
    public List<String> warnings() {
        return warnings;
    }

    /** Every key with value, default, source and meaning, as a properties file; secrets are hidden. */
    public String dump() {
        return settings.dump(DEFINITION);
    }

    private static Map<String, Setting> gather(ConfigSources sources, List<String> problems) {
        List<Setting> file = new ArrayList<>();
        sources.file().ifPresent(path -> PropertiesFile.read(path, "--config", file, problems));
        Map<String, Setting> given = new LinkedHashMap<>();
        file.forEach(setting -> setting.putOnce(given, problems));
        for (Setting setting : new EnvironmentNames(DEFINITION.names()).read(sources.environment())) {
            given.put(setting.key(), setting);
        }
        new TreeMap<>(sources.commandLine())
                .forEach((key, value) -> given.put(key, new Setting(key, value.strip(), Setting.COMMAND_LINE)));
        // An empty value means that no broker is set: dumps write it so, and compose files pass it so.
        given.values()
                .removeIf(setting -> setting.key().equals("kafka.bootstrap.servers")
                        && setting.value().isEmpty());
        return given;
    }

    private static Map<String, Object> parse(Map<String, Setting> given, List<String> problems) {
        Map<String, String> texts = new HashMap<>();
        given.forEach((key, setting) -> texts.put(key, ByteSize.plain(key, setting.value())));
        Map<String, Object> values = new LinkedHashMap<>();
        Map<String, ConfigValue> parsed = DEFINITION.validateAll(texts);
        for (String key : DEFINITION.names()) {
            ConfigValue value = Objects.requireNonNull(parsed.get(key), key);
            Setting setting = given.get(value.name());
            if (!value.errorMessages().isEmpty() && setting != null) {
                problems.add(GivenKeys.problem(setting, value.errorMessages().get(0)));
            }
            values.put(value.name(), value.value());
        }
        return values;
    }
}
