package dev.ctstream.cli;

import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.read.EventPrinter;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.Schemas;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.SpoolReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ctstream spool cat}: prints the events in a spool directory as {@code ctstream read} does. */
@Command(
        name = "cat",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Cat: print the events in the spool as ctstream read does, in the order in which they were"
                + " appended. Events that Kafka already has are included until their segment is deleted. Exit code"
                + " 1 if anything is damaged; the rest is still printed.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream spool cat -o json /var/lib/ctstream",
            "  ctstream spool cat --zone 7 --count 10 /var/lib/ctstream",
            "  ctstream spool cat --dead-letters /var/lib/ctstream     batches that Kafka rejected"
        })
final class SpoolCatCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "The collector's spool.directory.")
    private Path directory = Path.of("");

    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "text: for people. json: one object per line, all fields under their Avro names.")
    private OutputFormat format = OutputFormat.TEXT;

    @Option(
            names = "--zone",
            paramLabel = "N",
            converter = Converters.Zone.class,
            description = "Only events of this conntrack zone, 0..65535.")
    private @Nullable Integer zone;

    @Option(
            names = "--count",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "End after N events.")
    private long count = Long.MAX_VALUE;

    @Option(names = "--control", description = "Print control records too, at their position between the events.")
    private boolean control;

    @Option(
            names = "--dead-letters",
            description = "Print the batches that Kafka rejected permanently, instead of the spool.")
    private boolean deadLetters;

    private final Console console;
    private final RecordDecoder decoder = new RecordDecoder();
    private final OptionalLong batchSchema = OptionalLong.of(Schemas.fingerprint(Schemas.BATCH));
    private final OptionalLong controlSchema = OptionalLong.of(Schemas.fingerprint(Schemas.CONTROL));
    private long printed;

    SpoolCatCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        UndecodableRecords undecodable = new UndecodableRecords(console);
        EventPrinter printer = format.printer(console);
        Progress progress = new Progress(console);
        try (SpoolReader reader = open()) {
            try {
                while (printed < count && next(reader)) {
                    if (wanted(reader.envelope())) {
                        print(reader, printer, progress, undecodable);
                    }
                }
                printer.end();
            } finally {
                progress.end();
            }
            return Math.max(undecodable.exitCode(), damage(reader));
        }
    }

    private SpoolReader open() throws CommandFailure {
        try {
            return deadLetters ? SpoolReader.deadLetters(directory) : SpoolReader.segments(directory);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private static boolean next(SpoolReader reader) throws CommandFailure {
        try {
            return reader.next();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private static CommandFailure failure(IOException e) {
        return new CommandFailure(ExitCode.FAILURE, ErrorText.of(e), e);
    }

    private boolean wanted(BatchEnvelope batch) {
        return batch.kind() == BatchEnvelope.CONTROL
                ? control
                : zone == null || zone == batch.stream().zone();
    }

    private void print(SpoolReader reader, EventPrinter printer, Progress progress, UndecodableRecords undecodable)
            throws IOException {
        BatchEnvelope batch = reader.envelope();
        ByteBuffer body = reader.body();
        byte[] datum = new byte[body.remaining()];
        body.get(datum);
        try {
            decoder.decode(
                    datum,
                    batch.kind() == BatchEnvelope.CONTROL ? controlSchema : batchSchema,
                    (DecodedRecord event) -> {
                        printer.print(event);
                        progress.count(++printed, "record");
                        return printed < count;
                    });
        } catch (RecordException e) {
            undecodable.add("number " + batch.number(), e);
        }
    }

    /** Reports what was skipped; returns the exit code. */
    private int damage(SpoolReader reader) {
        if (reader.deletedFiles() > 0) {
            console.say("deleted before it could be read, because Kafka has it or to make room for newer data: "
                    + Counted.of(reader.deletedFiles(), "file"));
        }
        reader.unreadable().forEach(console::say);
        if (reader.damagedBytes() > 0) {
            console.say("skipped " + reader.damagedBytes() + " damaged bytes; ctstream spool verify names the lost"
                    + " events");
        }
        return reader.damagedBytes() > 0 || !reader.unreadable().isEmpty() ? ExitCode.FAILURE : ExitCode.OK;
    }
}
