package dev.ctstream.config;

import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.RegistrySettings;
import dev.ctstream.record.SubjectSchemas;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Settings of commands that are only Kafka clients, from a file, then the command line.
 *
 * @param kafka checked settings, without the prefix
 * @param registry those of a schema registry, with the prefix {@code schema.registry.}; empty = none
 * @param warnings settings that are probably mistakes, one line each
 */
public record ClientSettings(Map<String, String> kafka, Map<String, String> registry, List<String> warnings) {
    /** Copies the collections. */
    public ClientSettings {
        kafka = Map.copyOf(kafka);
        registry = Map.copyOf(registry);
        warnings = List.copyOf(warnings);
    }

    /**
     * Reads and checks the settings.
     *
     * @param file keys with or without the prefix {@code kafka.}
     * @param commandLine keys with the prefix
     * @throws ConfigurationException with all problems
     */
    public static ClientSettings load(Optional<Path> file, Map<String, String> commandLine)
            throws ConfigurationException {
        List<String> problems = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        List<Setting> settings = new ArrayList<>();
        file.ifPresent(path -> PropertiesFile.read(path, "--command-config", settings, problems));
        Map<String, Setting> given = new LinkedHashMap<>();
        for (Setting setting : settings) {
            boolean whole = setting.key().startsWith(Keys.KAFKA) || isOfRegistry(setting);
            String key = whole ? setting.key() : Keys.KAFKA + setting.key();
            new Setting(key, setting.value(), setting.source()).putOnce(given, problems);
        }
        commandLine.forEach((key, value) -> given.put(key, new Setting(key, value.strip(), Setting.COMMAND_LINE)));
        KafkaSettings.Check check = KafkaSettings.reader();
        Map<String, String> kafka = new TreeMap<>();
        Map<String, String> registry = new TreeMap<>();
        for (Setting setting : given.values()) {
            if (isOfRegistry(setting)) {
                registry.put(setting.key(), setting.value());
            } else if (!setting.key().startsWith(Keys.KAFKA)) {
                problems.add(setting.key() + " (" + setting.source()
                        + "): only keys that begin with kafka. or schema.registry. are allowed");
            } else if (check.name(setting, problems, warnings)) {
                kafka.put(setting.key().substring(Keys.KAFKA.length()), setting.value());
            }
        }
        check.values(kafka, given, problems);
        registry(registry, problems);
        String servers = kafka.getOrDefault("bootstrap.servers", "");
        if (servers.isEmpty() && problems.isEmpty()) {
            problems.add("no broker given: --bootstrap-server HOST:PORT");
        } else if (!servers.isEmpty()) {
            Stream.of(servers.split(",", -1))
                    .map(server -> Checks.serverProblem(server.strip()))
                    .filter(problem -> !problem.isEmpty())
                    .forEach(problem -> problems.add(GivenKeys.problem(
                            Objects.requireNonNull(given.get(Keys.KAFKA + "bootstrap.servers")), problem)));
        }
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
        return new ClientSettings(kafka, registry, warnings);
    }

    private static boolean isOfRegistry(Setting setting) {
        return setting.key().startsWith(RegistrySettings.PREFIX);
    }

    private static void registry(Map<String, String> registry, List<String> problems) {
        registry.keySet().stream()
                .filter(key -> !Keys.definition().names().contains(key) || key.equals(SubjectSchemas.AUTO_REGISTER))
                .forEach(key -> problems.add(key + ": no such setting of a reader"));
        if (!registry.isEmpty() && problems.isEmpty()) {
            try {
                var unused = RegistrySettings.of(registry);
            } catch (IllegalArgumentException e) {
                problems.add(RegistrySettings.PREFIX + "*: " + ErrorText.reason(e));
            }
        }
    }
}
