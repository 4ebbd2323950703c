package dev.ctstream.cli;

import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.ClientSettings;
import dev.ctstream.read.EventFilter;
import dev.ctstream.read.EventPrinter;
import dev.ctstream.read.ReadConfig;
import dev.ctstream.read.ReadCounts;
import dev.ctstream.read.ReadException;
import dev.ctstream.read.TopicReader;
import dev.ctstream.record.AddressPrefix;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventHandler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ctstream read}: prints the events of a topic. */
@Command(
        name = "read",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Print the events of a topic.",
        description = "Read events from Kafka and print them, one per line. Reads all layouts and framings, and"
                + " control records. Needs no privilege and no consumer group.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream read --bootstrap-server localhost:9092                    new events only",
            "  ctstream read --bootstrap-server localhost:9092 --from-beginning --idle-seconds 5 -o json",
            "  ctstream read --bootstrap-server k:9093 --command-config tls.properties --zone 7 --count 10",
            "  ctstream read --bootstrap-server localhost:9092 --event new,destroy --address 192.0.2.0/24",
            "  ctstream read --bootstrap-server localhost:9092 --topic conntrack.control --from-beginning",
            "  ctstream read --bootstrap-server localhost:9092 -D schema.registry.url=http://localhost:8081",
            "  ctstream read --bootstrap-server localhost:9092 --from-beginning --idle-seconds 5 -o avro > events.avro"
        })
final class ReadCommand implements Callable<Integer> {
    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Option(
            names = "--topic",
            paramLabel = "T",
            converter = Converters.Topic.class,
            defaultValue = "conntrack.events",
            description = "Topic to read. Default: ${DEFAULT-VALUE}.")
    private String topic = "";

    @Option(
            names = "--zone",
            paramLabel = "N",
            converter = Converters.Zone.class,
            description = "Only events of this conntrack zone, 0..65535.")
    private @Nullable Integer zone;

    @Option(names = "--host", paramLabel = "HOST", description = "Only records of this host, by host_id or host_name.")
    private @Nullable String host;

    @Option(
            names = "--event",
            paramLabel = "TYPE",
            split = ",",
            converter = Converters.EventType.class,
            description = "Only events of these types: new, update, destroy, existing, interim.")
    private List<String> events = new ArrayList<>();

    @Option(
            names = "--address",
            paramLabel = "ADDRESS[/BITS]",
            converter = Converters.Prefix.class,
            description =
                    "Only events of flows that have this address, or one with this prefix, at either end, before or"
                            + " after translation.")
    private @Nullable AddressPrefix address;

    @Option(names = "--from-beginning", description = "Print all events of the topic, not only new ones.")
    private boolean fromBeginning;

    @Option(
            names = "-o",
            paramLabel = "text|json|avro",
            defaultValue = "text",
            converter = Converters.FileFormat.class,
            description = "text: for people. json: one object per line, all fields under their Avro names. avro: a"
                    + " container file with the records of the topic, unchanged; with --count the last record is"
                    + " still whole.")
    private OutputFormat format = OutputFormat.TEXT;

    @Option(
            names = "--count",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "End after N events or control records.")
    private @Nullable Long count;

    @Option(
            names = "--idle-seconds",
            paramLabel = "N",
            converter = Converters.Seconds.class,
            description = "End when no record has arrived for N seconds.")
    private @Nullable Integer idleSeconds;

    @Mixin
    private DecoderOptions decoding = new DecoderOptions();

    private final Console console;

    ReadCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        if (format == OutputFormat.AVRO && console.outIsTerminal()) {
            throw new CommandFailure(
                    ExitCode.USAGE, "-o avro writes binary data: redirect it to a file, > events.avro");
        }
        if (format == OutputFormat.AVRO && (!events.isEmpty() || address != null)) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "-o avro copies whole records: --event and --address would also copy the other events of a batch");
        }
        ClientSettings settings = kafka.all(console);
        ReadConfig config = new ReadConfig(
                settings.kafka(),
                topic,
                new EventFilter(
                        zone == null ? OptionalInt.empty() : OptionalInt.of(zone),
                        Optional.ofNullable(host),
                        new HashSet<>(events),
                        Optional.ofNullable(address)),
                fromBeginning,
                count == null ? OptionalLong.empty() : OptionalLong.of(count),
                idleSeconds == null ? OptionalInt.empty() : OptionalInt.of(idleSeconds));
        UndecodableRecords undecodable = new UndecodableRecords(console);
        try (TopicReader reader = TopicReader.open(config, decoding.decoder(settings), undecodable::add)) {
            Runnable restore = Signals.on(reader::stop, "INT", "TERM");
            try {
                print(reader);
            } finally {
                restore.run();
            }
            return undecodable.exitCode();
        } catch (ReadException e) {
            throw new CommandFailure(ExitCode.FAILURE, String.valueOf(e.getMessage()), e);
        }
    }

    private void print(TopicReader reader) throws IOException, ReadException {
        Progress progress = new Progress(console);
        EventPrinter printer = format.printer(console);
        try {
            reader.run(new EventHandler() {
                private long printed;

                @Override
                public boolean onEvent(DecodedRecord event) throws IOException {
                    printer.print(event);
                    progress.count(++printed, event.control() ? "control record" : "event");
                    return true;
                }

                @Override
                public void onPause() throws IOException {
                    printer.flush();
                }
            });
            printer.end();
        } finally {
            progress.end();
        }
        console.say(summary(reader.counts(), topic));
    }

    /** What was read. A record has many events, or is one control record. */
    static String summary(ReadCounts counts, String topic) {
        if (counts.controlRecords() == 0) {
            return "read " + Counted.of(counts.events(), "event") + " in " + Counted.of(counts.records(), "record")
                    + " of " + topic;
        }
        return "read " + Counted.of(counts.controlRecords(), "control record")
                + (counts.events() == 0 ? "" : " and " + Counted.of(counts.events(), "event")) + " of " + topic;
    }
}
