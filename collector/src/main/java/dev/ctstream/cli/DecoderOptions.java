package dev.ctstream.cli;

import dev.ctstream.config.ClientSettings;
import dev.ctstream.config.SmallFile;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.EventScanner;
import dev.ctstream.record.RawRecordReader;
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
public final class DecoderOptions {
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
    public RecordDecoder decoder(ClientSettings settings) throws CommandFailure {
        RecordDecoder decoder = new RecordDecoder();
        if (!settings.registry().isEmpty()) {
            decoder.useRegistry(registry(settings));
        }
        addFiles(decoder::addSchema);
        return decoder;
    }

    /** A reader of records as they are. */
    public RawRecordReader raw(ClientSettings settings) throws CommandFailure {
        RawRecordReader reader = new RawRecordReader();
        if (!settings.registry().isEmpty()) {
            reader.useRegistry(registry(settings));
        }
        addFiles(reader::addSchema);
        return reader;
    }

    /** A decoder without a registry. */
    public RecordDecoder decoder() throws CommandFailure {
        RecordDecoder decoder = new RecordDecoder();
        addFiles(decoder::addSchema);
        return decoder;
    }

    /** A reader of records as they are, without a registry. */
    public RawRecordReader raw() throws CommandFailure {
        RawRecordReader reader = new RawRecordReader();
        addFiles(reader::addSchema);
        return reader;
    }

    /** A scanner of events. */
    public EventScanner scanner(ClientSettings settings) throws CommandFailure {
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
