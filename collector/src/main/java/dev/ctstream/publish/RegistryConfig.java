package dev.ctstream.publish;

import dev.ctstream.record.RegistrySettings;
import dev.ctstream.record.SchemaRegistry;
import dev.ctstream.record.SubjectSchemas;
import java.nio.file.Path;
import java.util.Map;

/**
 * The schema registry of {@code record.framing=confluent}.
 *
 * @param settings with the prefix {@code schema.registry.}, see {@link RegistrySettings}
 * @param register whether missing schemas are registered
 * @param directory of the spool, in which the ids are kept
 */
public record RegistryConfig(Map<String, String> settings, boolean register, Path directory) {
    /** Copies the map. */
    public RegistryConfig {
        settings = Map.copyOf(settings);
    }

    /** The addresses, without user and password. */
    String addresses() {
        return RegistrySettings.of(settings).toString();
    }

    SubjectSchemas schemas() {
        return new SubjectSchemas(new SchemaRegistry(RegistrySettings.of(settings)), register);
    }

    /** Secrets stay hidden. */
    @Override
    public String toString() {
        return addresses();
    }
}
