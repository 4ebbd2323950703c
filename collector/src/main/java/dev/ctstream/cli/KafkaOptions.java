package dev.ctstream.cli;

import dev.ctstream.config.ClientSettings;
import dev.ctstream.config.ConfigurationException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that are Kafka clients: broker addresses and client properties. */
public final class KafkaOptions {
    @Option(
            names = "--bootstrap-server",
            paramLabel = "HOST:PORT,...",
            converter = Converters.Servers.class,
            description = "Kafka bootstrap servers.")
    private @Nullable String bootstrapServer;

    @Option(
            names = "--command-config",
            paramLabel = "FILE",
            description = "Properties for the Kafka client (TLS, SASL, ...), with or without the prefix kafka.")
    private @Nullable Path commandConfig;

    @Option(
            names = "-D",
            paramLabel = "kafka.KEY=VALUE",
            description = "One property of the Kafka client, or schema.registry.KEY=VALUE for values that name their"
                    + " schema by an id; overrides the file.")
    private Map<String, String> properties = new LinkedHashMap<>();

    /** The checked settings of a consumer and an admin client. */
    Map<String, String> settings(Console console) throws CommandFailure {
        return all(console).kafka();
    }

    /** All checked settings. */
    public ClientSettings all(Console console) throws CommandFailure {
        Map<String, String> commandLine = new LinkedHashMap<>(properties);
        if (bootstrapServer != null) {
            commandLine.put("kafka.bootstrap.servers", bootstrapServer);
        }
        try {
            ClientSettings settings = ClientSettings.load(Optional.ofNullable(commandConfig), commandLine);
            settings.warnings().forEach(console::say);
            return settings;
        } catch (ConfigurationException e) {
            throw new CommandFailure(ExitCode.USAGE, e.problems(), e);
        }
    }
}
