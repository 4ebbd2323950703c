package dev.ctstream.cli;

import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.ClientSettings;
import dev.ctstream.lookup.Answer;
import dev.ctstream.lookup.AnswerJson;
import dev.ctstream.lookup.AnswerText;
import dev.ctstream.lookup.Lookup;
import dev.ctstream.lookup.Outlook;
import dev.ctstream.read.EventFilter;
import dev.ctstream.read.PartitionExtent;
import dev.ctstream.read.ReadConfig;
import dev.ctstream.read.ReadException;
import dev.ctstream.read.TopicReader;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventHandler;
import dev.ctstream.record.RecordException;
import dev.ctstream.verify.Verifier;
import java.io.IOException;
import java.time.ZoneId;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ctstream lookup}: who had an address and a port at a time. */
@Command(
        name = "lookup",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Say who had an address and a port at a time, or that nobody had.",
        description = "Finds every flow that had them at either end then,"
                + " before or after translation, with its destination: Linux gives one public port to several flows."
                + " Says whether the log is complete for that time, so that nobody is an answer too. Reads both topics"
                + " once; needs no privilege and no consumer group. Exit code 0: a flow was found, or it was provably"
                + " nobody. 1: it cannot be proven.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream lookup --bootstrap-server k:9092 --address 192.0.2.7 --port 61000 --protocol tcp \\",
            "      --at 2026-11-21T12:06:32+01:00",
            "  ctstream lookup --bootstrap-server k:9092 --address 2001:db8::7 --at '2026-11-21 12:06:32' --since 7d"
        })
final class LookupCommand implements Callable<Integer> {
    private static final int HEAP_SHARE_OF_FLOWS = 4;
    private static final int FLOW_BYTES = 1024;

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private QuestionOptions asked = new QuestionOptions();

    @Mixin
    private TopicOptions topics = new TopicOptions();

    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "text: for people. json: one object.")
    private OutputFormat format = OutputFormat.TEXT;

    @Mixin
    private DecoderOptions decoding = new DecoderOptions();

    private final Console console;
    private volatile boolean interrupted;
    private volatile @Nullable TopicReader reading;

    LookupCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        ClientSettings settings = kafka.all(console);
        Lookup lookup;
        Progress progress = Progress.beforeData(console);
        Runnable restore = Signals.on(this::interrupt, "INT", "TERM");
        try {
            lookup = lookUp(settings, progress);
        } catch (ReadException e) {
            throw new CommandFailure(ExitCode.FAILURE, String.valueOf(e.getMessage()), e);
        } catch (Verifier.LimitException e) {
            throw tooMuch(e.getMessage(), e);
        } catch (Lookup.LimitException e) {
            throw tooMuch(e.getMessage(), e);
        } finally {
            restore.run();
            progress.end();
        }
        if (interrupted) {
            throw new CommandFailure(ExitCode.FAILURE, "interrupted before everything was read: nothing is known");
        }
        Answer answer = lookup.finish();
        if (format == OutputFormat.JSON) {
            new AnswerJson(console.out()).write(answer);
            console.out().flush();
        } else {
            console.print(new AnswerText(ZoneId.systemDefault()).format(answer));
        }
        return answer.known() ? ExitCode.OK : ExitCode.FAILURE;
    }

    private static CommandFailure tooMuch(@Nullable String what, RuntimeException limit) {
        return new CommandFailure(ExitCode.FAILURE, what + "; CTSTREAM_JAVA_OPTS=-Xmx4g gives it more memory", limit);
    }

    private Lookup lookUp(ClientSettings settings, Progress progress)
            throws CommandFailure, ReadException, IOException {
        long heapBytes = Runtime.getRuntime().maxMemory();
        OptionalLong given = asked.untilMillis();
        long until = given.isPresent() ? given.getAsLong() : asked.atMillis() + outlookMillis(settings, progress);
        Lookup lookup =
                new Lookup(asked.question(until), decoding.scanner(settings), Verifier.Limits.ofHeap(heapBytes), (int)
                        Math.min(Integer.MAX_VALUE, heapBytes / HEAP_SHARE_OF_FLOWS / FLOW_BYTES));
        read(lookup, until, settings, progress);
        return lookup;
    }

    /** How far forward the collectors of that time make us read. */
    private long outlookMillis(ClientSettings settings, Progress progress)
            throws CommandFailure, ReadException, IOException {
        Outlook outlook = new Outlook();
        // What cannot be decoded is read again, and reported, by the lookup.
        try (TopicReader control = open(settings, topics.control(), (place, problem) -> {})) {
            List<PartitionExtent> before = control.extents(asked.fromMillis(), asked.atMillis());
            control.seek(before);
            readControl(control, before, (record, partition) -> outlook.control(record), progress);
        }
        return outlook.millis();
    }

    private void interrupt() {
        interrupted = true;
        TopicReader reader = reading;
        if (reader != null) {
            reader.stop();
        }
    }

    /**
     * Reads the control records, then the events. As in {@code verify}, control records that may acknowledge events beyond
     * the end of the events are read apart. Events are read for some minutes more on both sides: what the first HEARTBEAT counts,
     * and what hosts sent late.
     */
    private void read(Lookup lookup, long until, ClientSettings settings, Progress progress)
            throws CommandFailure, ReadException, IOException {
        long from = asked.fromMillis();
        try (TopicReader control = open(settings, topics.control(), lookup::undecodable);
                TopicReader events = open(settings, topics.events(), lookup::undecodable)) {
            List<PartitionExtent> acknowledging = control.extents(from, until);
            List<PartitionExtent> ofEvents =
                    events.extents(from - QuestionOptions.LEAD_MILLIS, until + QuestionOptions.LEAD_MILLIS);
            List<PartitionExtent> ofControl = control.extents(from, until + 2 * QuestionOptions.LEAD_MILLIS);
            reachesBack(lookup, topics.control(), control.extents(), ofControl);
            reachesBack(lookup, topics.events(), events.extents(), ofEvents);
            control.seek(acknowledging);
            readControl(control, acknowledging, lookup::control, progress);
            lookup.eventEndsFixed();
            readControl(control, ofControl, lookup::control, progress);
            events.seek(ofEvents);
            progress.of(() -> events.counts().records(), records(ofEvents));
            reading = events;
            if (!interrupted) {
                events.valuesTo(ofEvents, (value, fingerprint, partition) -> {
                    lookup.events(value, fingerprint, partition);
                    progress.reached(lookup.events(), "event");
                    return !interrupted;
                });
            }
        }
        console.say("read " + Counted.of(lookup.events(), "event") + " of " + topics.events());
    }

    /** Retention may have removed what should be read: then the partition begins with the first record that is kept. */
    private static void reachesBack(
            Lookup lookup, String topic, List<PartitionExtent> kept, List<PartitionExtent> wanted) {
        for (PartitionExtent all : kept) {
            boolean fromFirst = wanted.stream()
                    .anyMatch(extent -> extent.partition() == all.partition() && extent.begin() <= all.begin());
            if (all.begin() > 0 && fromFirst) {
                lookup.beginsLater(
                        topic + ", partition " + all.partition() + ": retention may have removed records of this time");
            }
        }
    }

    private static long records(List<PartitionExtent> extents) {
        return extents.stream().mapToLong(PartitionExtent::records).sum();
    }

    /** Takes a control record and its partition. */
    private interface ControlTaker {
        void take(DecodedRecord record, int partition);
    }

    private void readControl(TopicReader control, List<PartitionExtent> extents, ControlTaker to, Progress progress)
            throws ReadException, IOException {
        progress.of(() -> control.counts().records(), records(extents));
        reading = control;
        if (interrupted) {
            return;
        }
        control.runTo(extents, new EventHandler() {
            private int partition;
            private long records;

            @Override
            public void onPartition(int number) {
                partition = number;
            }

            @Override
            public boolean onEvent(DecodedRecord record) {
                progress.count(++records, "control record");
                if (record.control()) {
                    to.take(record, partition);
                }
                return !interrupted;
            }
        });
    }

    private TopicReader open(ClientSettings settings, String name, BiConsumer<String, RecordException> undecodable)
            throws ReadException, CommandFailure {
        ReadConfig config = new ReadConfig(
                settings.kafka(), name, EventFilter.NONE, true, OptionalLong.empty(), OptionalInt.empty());
        return TopicReader.open(config, decoding.decoder(settings), undecodable);
    }
}
