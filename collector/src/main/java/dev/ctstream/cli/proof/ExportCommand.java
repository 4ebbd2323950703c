package dev.ctstream.cli.proof;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Counted;
import dev.ctstream.cli.DecoderOptions;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.KafkaOptions;
import dev.ctstream.cli.QuestionOptions;
import dev.ctstream.cli.TopicOptions;
import dev.ctstream.cli.UndecodableRecords;
import dev.ctstream.cli.Version;
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.ClientSettings;
import dev.ctstream.lookup.Question;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.proof.ProofExport;
import dev.ctstream.read.EventFilter;
import dev.ctstream.read.PartitionExtent;
import dev.ctstream.read.ReadConfig;
import dev.ctstream.read.ReadException;
import dev.ctstream.read.TopicReader;
import dev.ctstream.record.EventScanner;
import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.RecordException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ctstream proof export}: writes records with their proofs. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description =
                "Write the batches that hold certain events, each with an inclusion proof and the signed checkpoint in"
                        + " a file (C2SP tlog-proof), which stands for itself: ctstream proof check needs nothing else but the"
                        + " public key. Chosen by the conditions of lookup, or by stream and sequences.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream proof export --bootstrap-server k:9092 --address 192.0.2.7 --port 61000 \\",
            "      --at 2026-11-21T12:06:32+01:00 --directory proofs",
            "  ctstream proof export --bootstrap-server k:9092 --stream HOST_ID/BOOT_ID/EPOCH/NETNS_ID/ZONE \\",
            "      --sequences 100-200 --directory proofs"
        })
final class ExportCommand implements Callable<Integer> {
    private static final Pattern SEQUENCES = Pattern.compile("([0-9]{1,18})(?:-([0-9]{1,18}))?");

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private TopicOptions topics = new TopicOptions();

    @Mixin
    private DecoderOptions decoding = new DecoderOptions();

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Wanted wanted = new Wanted();

    @Option(
            names = "--directory",
            required = true,
            paramLabel = "DIR",
            description = "Where to write the files *.tlog-proof; made when it is missing.")
    private Path directory = Path.of("");

    private final Console console;
    private final ProofExport export = new ProofExport();
    private final UndecodableRecords undecodable;

    ExportCommand(Console console) {
        this.console = console;
        undecodable = new UndecodableRecords(console);
    }

    /** One of two ways to say which events. */
    private static final class Wanted {
        @ArgGroup(exclusive = false)
        private @Nullable QuestionOptions question;

        @ArgGroup(exclusive = false)
        private @Nullable StreamOptions stream;
    }

    /** Sequences of a stream. */
    private static final class StreamOptions {
        @Option(
                names = "--stream",
                required = true,
                paramLabel = "STREAM",
                description = "HOST_ID/BOOT_ID/STREAM_EPOCH/NETNS_ID/ZONE, as the fields of the events are.")
        private String name = "";

        @Option(
                names = "--sequences",
                required = true,
                paramLabel = "A[-B]",
                description = "With --stream: sequences of its events.")
        private String sequences = "";
    }

    /** Chooses records. */
    private interface Choice {
        boolean wants(RawRecord record, byte[] value, OptionalLong fingerprint) throws RecordException;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        ClientSettings settings = kafka.all(console);
        Choice choice = choice(settings);
        RawRecordReader raw = decoding.raw(settings);
        Files.createDirectories(directory);
        try (TopicReader events = open(settings, topics.events());
                TopicReader control = open(settings, topics.control())) {
            List<PartitionExtent> ofEvents = extents(events, false);
            boolean[] few = {true};
            events.seek(ofEvents);
            events.valuesTo(ofEvents, (value, fingerprint, partition) -> {
                RawRecord record = raw.read(value, fingerprint);
                if (choice.wants(record, value, fingerprint)) {
                    few[0] &= export.wanted(record);
                }
                return few[0];
            });
            if (!few[0]) {
                throw new CommandFailure(
                        ExitCode.FAILURE,
                        "more than " + ProofExport.MOST_BATCHES + " batches fit: narrow the conditions");
            }
            int chosen = export.batches();
            gather(events, ofEvents, raw);
            prove(control, extents(control, true), raw);
            console.say("wrote " + Counted.of(export.made(), "proof") + " to " + directory + ", of "
                    + Counted.of(chosen, "batch", "batches"));
        } catch (ReadException e) {
            throw new CommandFailure(ExitCode.FAILURE, String.valueOf(e.getMessage()), e);
        } catch (UncheckedIOException e) {
            throw new CommandFailure(ExitCode.FAILURE, ErrorText.of(e), e);
        }
        if (export.rest() > 0) {
            console.say(Counted.of(export.rest(), "batch", "batches")
                    + " cannot be proven: no checkpoint in the control topic lists them yet, or any more");
        }
        boolean all = undecodable.exitCode() == ExitCode.OK && export.rest() == 0;
        return all && export.made() > 0 ? ExitCode.OK : ExitCode.FAILURE;
    }

    private Choice choice(ClientSettings settings) throws CommandFailure {
        StreamOptions stream = wanted.stream;
        if (stream != null) {
            return ofStream(stream.name, stream.sequences);
        }
        Question.Matcher matcher =
                Objects.requireNonNull(wanted.question).question().matcher();
        EventScanner scanner = decoding.scanner(settings);
        return (record, value, fingerprint) -> {
            if (record.control()) {
                return false;
            }
            boolean[] any = {false};
            scanner.scan(value, fingerprint, (event, first) -> any[0] |= matcher.matches(event));
            return any[0];
        };
    }

    private static Choice ofStream(String name, String range) throws CommandFailure {
        Matcher bounds = SEQUENCES.matcher(range);
        if (!bounds.matches()) {
            throw new CommandFailure(ExitCode.USAGE, "--sequences " + range + ": not a number, or two such as 100-200");
        }
        long first = Long.parseLong(bounds.group(1));
        long last = bounds.group(2) == null ? first : Long.parseLong(bounds.group(2));
        return (record, value, fingerprint) -> {
            String of = record.text("host_id") + "/" + record.text("boot_id") + "/" + record.text("stream_epoch") + "/"
                    + record.text("netns_id") + "/" + record.text("ct_zone");
            return of.equals(name)
                    && record.firstSequence() <= last
                    && record.firstSequence() + record.events() > first;
        };
    }

    private List<PartitionExtent> extents(TopicReader reader, boolean toTheEnd) throws ReadException {
        QuestionOptions question = wanted.question;
        if (question == null) {
            return reader.extents();
        }
        return reader.extents(
                question.fromMillis() - QuestionOptions.LEAD_MILLIS,
                toTheEnd ? Long.MAX_VALUE : question.question().untilMillis() + QuestionOptions.LEAD_MILLIS);
    }

    /** Reads the events once more: a batch may be in pieces, and the one that fits need not be the first. */
    private void gather(TopicReader events, List<PartitionExtent> extents, RawRecordReader raw)
            throws ReadException, IOException {
        events.seek(extents);
        events.valuesTo(extents, (value, fingerprint, partition) -> {
            export.event(raw.read(value, fingerprint));
            return true;
        });
    }

    private void prove(TopicReader control, List<PartitionExtent> extents, RawRecordReader raw)
            throws ReadException, IOException {
        control.seek(extents);
        control.valuesTo(extents, (value, fingerprint, partition) -> {
            export.control(raw.read(value, fingerprint), (name, proof) -> {
                try {
                    Files.writeString(directory.resolve(name), proof.format());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            return true;
        });
    }

    private TopicReader open(ClientSettings settings, String name) throws ReadException, CommandFailure {
        ReadConfig config = new ReadConfig(
                settings.kafka(), name, EventFilter.NONE, true, OptionalLong.empty(), OptionalInt.empty());
        return TopicReader.open(config, decoding.decoder(settings), undecodable::add);
    }
}
