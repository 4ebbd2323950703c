package dev.ctstream.config;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The sources of the configuration; a later one overrides an earlier one.
 *
 * @param file {@code --config}
 * @param environment the whole environment; only {@code CTSTREAM_*} and {@code STATE_DIRECTORY} are used
 * @param commandLine {@code -D}, by key
 * @param host source of the defaults that depend on the host
 * @param brokerNeeded whether kafka.bootstrap.servers must be set; false with an embedded broker
 */
public record ConfigSources(
        Optional<Path> file,
        Map<String, String> environment,
        Map<String, String> commandLine,
        HostFacts host,
        boolean brokerNeeded) {
    /** Copies the maps. */
    public ConfigSources {
        environment = Map.copyOf(environment);
        commandLine = Map.copyOf(commandLine);
    }
}
