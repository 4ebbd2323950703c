package dev.ctstream.config;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where the configuration comes from; a later one overrides an earlier one.
 *
 * @param file {@code --config}
 * @param environment all of it; only {@code CTSTREAM_*} is looked at, and {@code STATE_DIRECTORY}
 * @param commandLine {@code -D}, by key
 * @param host what is taken from the host when nobody sets it
 * @param brokerNeeded whether kafka.bootstrap.servers must be set; not with an embedded broker
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
