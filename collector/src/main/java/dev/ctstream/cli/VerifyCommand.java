package dev.ctstream.cli;

import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.ClientSettings;
import dev.ctstream.proof.Place;
import dev.ctstream.proof.ProofAudit;
import dev.ctstream.read.AvroFile;
import dev.ctstream.read.EventFilter;
import dev.ctstream.read.PartitionExtent;
import dev.ctstream.read.ReadConfig;
import dev.ctstream.read.ReadException;
import dev.ctstream.read.TopicReader;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventHandler;
import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.RecordException;
import dev.ctstream.verify.Verifier;
import dev.ctstream.verify.VerifyJson;
import dev.ctstream.verify.VerifyReport;
import dev.ctstream.verify.VerifyText;
import java.io.IOException;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ctstream verify}: proves that a topic is complete, or names what is missing. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Prove that the events of a topic are complete: each is there, is declared as lost in the control"
                + " topic, or is named here. Reads both topics from the beginning to their current end; needs no"
                + " privilege and no consumer group. Exit code 1 if anything is undeclared, out of order or"
                + " inconsistent. With --key: prove too that nobody has altered, removed or added a record since its host"
                + " has signed it.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream verify --bootstrap-server localhost:9092",
            "  ctstream verify --bootstrap-server localhost:9092 --topic conntrack.flat -o json",
            "  ctstream verify --bootstrap-server localhost:9092 --key hosts.keys",
            "  ctstream verify --file events.avro --file control.avro     files made with ctstream read -o avro"
        })
final class VerifyCommand implements Callable<Integer> {
    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private TopicOptions topics = new TopicOptions();

    @Option(
            names = "--file",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Avro files instead of topics: everything exported from both.")
    private List<Path> files = new ArrayList<>();

    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "text: for people. json: one object, all streams.")
    private OutputFormat format = OutputFormat.TEXT;

    @Mixin
    private DecoderOptions decoding = new DecoderOptions();

    @Mixin
    private ProofOptions proving = new ProofOptions();

    private @Nullable ProofAudit audit; // null = only completeness is asked for
    private RawRecordReader raw = new RawRecordReader();

    private final Console console;
    private final Verifier verifier =
            new Verifier(Verifier.Limits.ofHeap(Runtime.getRuntime().maxMemory()));
    private volatile boolean interrupted;
    private volatile @Nullable TopicReader reading;

    VerifyCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        Progress progress = Progress.beforeData(console);
        Runnable restore = Signals.on(this::interrupt, "INT", "TERM");
        try (ProofAudit proof = proving.audit()) {
            audit = proof;
            if (files.isEmpty()) {
                readTopics(progress);
            } else {
                readFiles(progress);
            }
            if (interrupted) {
                throw new CommandFailure(ExitCode.FAILURE, "interrupted before everything was read: nothing is proven");
            }
            progress.end();
            return report(proof);
        } catch (ReadException e) {
            throw new CommandFailure(ExitCode.FAILURE, String.valueOf(e.getMessage()), e);
        } catch (Verifier.LimitException e) {
            throw new CommandFailure(
                    ExitCode.FAILURE, e.getMessage() + ": give it more memory with CTSTREAM_JAVA_OPTS=-Xmx4g", e);
        } finally {
            restore.run();
            progress.end();
        }
    }

    private int report(@Nullable ProofAudit proof) throws IOException {
        VerifyReport report = verifier.finish();
        if (proof != null) {
            report.with(proof.finish());
        }
        if (format == OutputFormat.JSON) {
            new VerifyJson(console.out()).write(report);
            console.out().flush();
        } else {
            console.print(new VerifyText(ZoneId.systemDefault()).format(report));
        }
        return report.proven() ? ExitCode.OK : ExitCode.FAILURE;
    }

    private void interrupt() {
        interrupted = true;
        TopicReader reader = reading;
        if (reader != null) {
            reader.stop();
        }
    }

    private void readTopics(Progress progress) throws CommandFailure, ReadException, IOException {
        ClientSettings settings = kafka.all(console);
        raw = decoding.raw(settings);
        // The end of the event topic first: every GAP for a hole below it is then in the control topic. What a later
        // control record acknowledges may be beyond that end, so records up to an earlier end are read apart.
        try (TopicReader control = open(settings, topics.control());
                TopicReader events = open(settings, topics.events())) {
            List<PartitionExtent> acknowledging = control.extents();
            List<PartitionExtent> eventExtents = events.extents();
            List<PartitionExtent> controlExtents = control.extents();
            trimmed(true, controlExtents);
            trimmed(false, eventExtents);
            read(control, acknowledging, true, progress);
            verifier.eventEndsFixed();
            ProofAudit proof = audit;
            if (proof != null) {
                proof.eventEndsFixed();
            }
            read(control, controlExtents, true, progress);
            read(events, eventExtents, false, progress);
        }
    }

    private TopicReader open(ClientSettings settings, String name) throws ReadException, CommandFailure {
        ReadConfig config = new ReadConfig(
                settings.kafka(), name, EventFilter.NONE, true, OptionalLong.empty(), OptionalInt.empty());
        return TopicReader.open(config, decoding.decoder(settings), verifier::undecodable);
    }

    private void trimmed(boolean control, List<PartitionExtent> extents) {
        int[] partitions = extents.stream()
                .filter(extent -> extent.begin() > 0)
                .mapToInt(PartitionExtent::partition)
                .toArray();
        verifier.trimmed(control, partitions);
        ProofAudit proof = audit;
        if (proof != null) {
            proof.trimmed(control, partitions);
        }
    }

    private void read(TopicReader reader, List<PartitionExtent> extents, boolean control, Progress progress)
            throws ReadException, IOException {
        progress.of(
                () -> reader.counts().records(),
                extents.stream().mapToLong(PartitionExtent::records).sum());
        reading = reader;
        if (!interrupted) {
            reader.runTo(extents, new VerifierFeed(progress, control));
        }
    }

    private static AvroFile.RawHandler rawHandler(ProofAudit proof, boolean control, int file) {
        return new AvroFile.RawHandler() {
            @Override
            public void onRecord(RawRecord record, long number) throws IOException {
                proof.record(record, new Place(control, file, number));
            }

            @Override
            public void onDamaged(long number) {
                proof.undecodable(new Place(control, file, number));
            }
        };
    }

    private void readFiles(Progress progress) throws ReadException, IOException {
        ProofAudit proof = audit;
        for (boolean control : new boolean[] {true, false}) {
            for (int number = 0; number < files.size(); number++) {
                try (AvroFile file = AvroFile.open(files.get(number))) {
                    if (file.control() == control && !interrupted) {
                        VerifierFeed taker = new VerifierFeed(progress, control);
                        taker.onPartition(-1 - number); // a file, not a partition
                        file.run(taker, proof == null ? null : rawHandler(proof, control, -1 - number));
                    }
                }
            }
        }
    }

    /** Passes records to the verifier. Skips a record that does not belong in the topic. */
    private final class VerifierFeed implements EventHandler {
        private final Progress progress;
        private final boolean control;
        private int partition;
        private long events;

        VerifierFeed(Progress progress, boolean control) {
            this.progress = progress;
            this.control = control;
        }

        @Override
        public void onPartition(int number) {
            partition = number;
        }

        @Override
        public void onValue(byte[] value, OptionalLong fingerprint, long offset) throws IOException {
            ProofAudit proof = audit;
            if (proof != null) {
                Place place = new Place(control, partition, offset);
                try {
                    proof.record(raw.read(value, fingerprint), place);
                } catch (RecordException e) {
                    proof.undecodable(place);
                }
            }
        }

        @Override
        public boolean onEvent(DecodedRecord event) {
            progress.count(++events, control ? "control record" : "event");
            if (event.control() && control) {
                verifier.control(event, partition);
            } else if (!event.control() && !control) {
                verifier.event(event, partition);
            }
            return !interrupted;
        }
    }
}
