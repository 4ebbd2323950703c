package dev.ctstream.config;

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
 * @param warnings settings that are probably mistakes, one line each
 */
public record ClientSettings(Map<String, String> kafka, List<String> warnings) {
    /** Copies the collections. */
    public ClientSettings {
        kafka = Map.copyOf(kafka);
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
            String key = setting.key().startsWith(Keys.KAFKA) ? setting.key() : Keys.KAFKA + setting.key();
            new Setting(key, setting.value(), setting.source()).putOnce(given, problems);
        }
        commandLine.forEach((key, value) -> given.put(key, new Setting(key, value.strip(), Setting.COMMAND_LINE)));
        KafkaSettings.Check check = KafkaSettings.reader();
        Map<String, String> kafka = new TreeMap<>();
        for (Setting setting : given.values()) {
            if (!setting.key().startsWith(Keys.KAFKA)) {
                problems.add(
                        setting.key() + " (" + setting.source() + "): only keys that begin with kafka. are allowed");
            } else if (check.name(setting, problems, warnings)) {
                kafka.put(setting.key().substring(Keys.KAFKA.length()), setting.value());
            }
        }
        check.values(kafka, given, problems);
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
        return new ClientSettings(kafka, warnings);
    }
}
