package dev.ctstream.cli;

import dev.ctstream.config.ClientSettings;
import dev.ctstream.config.SmallFile;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.EventScanner;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.RegistrySettings;
import dev.ctstream.record.SchemaRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Where commands that read records find the schemas of their writers: files, and a registry if one is given. */
final class DecoderOptions {
    @Option(
            names = "--schema",
            paramLabel = "FILE",
            description = "Schema (.avsc) of a newer ctstream that wrote the records; may be given several times.")
    private List<Path> files = new ArrayList<>();

    /** Takes the text of a schema. */
    private interface SchemaUser {
        void add(String json) throws RecordException;
    }

    /** A decoder of records. */
    RecordDecoder decoder(ClientSettings settings) throws CommandFailure {
        RecordDecoder decoder = new RecordDecoder();
        if (!settings.registry().isEmpty()) {
            decoder.useRegistry(registry(settings));
        }
        addFiles(decoder::addSchema);
        return decoder;
    }

    /** A scanner of events. */
    EventScanner scanner(ClientSettings settings) throws CommandFailure {
        EventScanner scanner = new EventScanner();
        if (!settings.registry().isEmpty()) {
            scanner.useRegistry(registry(settings));
        }
        addFiles(scanner::addSchema);
        return scanner;
    }

    private static SchemaRegistry registry(ClientSettings settings) {
        return new SchemaRegistry(RegistrySettings.of(settings.registry()));
    }

    private void addFiles(SchemaUser user) throws CommandFailure {
        for (Path file : files) {
            try {
                user.add(SmallFile.text(file));
            } catch (IOException | RecordException e) {
                throw new CommandFailure(ExitCode.USAGE, "--schema " + ErrorText.ofFile(file, e), e);
            }
        }
    }
}
