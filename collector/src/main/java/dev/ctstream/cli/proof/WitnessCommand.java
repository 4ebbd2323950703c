package dev.ctstream.cli.proof;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ControlTopicOption;
import dev.ctstream.cli.Counted;
import dev.ctstream.cli.DecoderOptions;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.HostKeysOption;
import dev.ctstream.cli.KafkaOptions;
import dev.ctstream.cli.Signals;
import dev.ctstream.cli.UndecodableRecords;
import dev.ctstream.cli.Version;
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.ClientSettings;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.proof.CheckpointsFile;
import dev.ctstream.proof.Witness;
import dev.ctstream.read.EventFilter;
import dev.ctstream.read.PartitionExtent;
import dev.ctstream.read.ReadConfig;
import dev.ctstream.read.ReadException;
import dev.ctstream.read.TopicReader;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.TrustedKeys;
import dev.ctstream.spool.KeptFile;
import dev.ctstream.spool.ProofKeyFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ctstream proof witness}: keeps what hosts have signed. */
@Command(
        name = "witness",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description =
                "Follow the control topic of a fleet, check that each host's checkpoints continue one another, cosign"
                        + " them, and keep the newest of each log in a file, for verify --checkpoints. Says when a log goes back,"
                        + " forks or falls silent. Run it where nobody who administers Kafka can change the file.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream proof key generate --witness witness.example/w1 witness.key",
            "  ctstream proof witness --bootstrap-server k:9092 --key hosts.keys --signer witness.key --state checkpoints"
        })
final class WitnessCommand implements Callable<Integer> {
    private static final long LEAST_WRITE_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** The file is written so seldom that its cosignatures take at most a tenth of the time. */
    private static final int WRITE_SHARE = 10;

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private ControlTopicOption topic = new ControlTopicOption();

    @Mixin
    private DecoderOptions decoding = new DecoderOptions();

    @Mixin
    private HostKeysOption hosts = new HostKeysOption();

    @Option(
            names = "--signer",
            required = true,
            paramLabel = "FILE",
            description = "The witness's own key file, of ctstream proof key generate --witness.")
    private Path signerFile = Path.of("");

    @Option(
            names = "--state",
            required = true,
            paramLabel = "FILE",
            description =
                    "Where to keep the newest checkpoint of each log, cosigned; made when it is missing. One witness"
                            + " at a time: it locks FILE.lock.")
    private Path stateFile = Path.of("");

    @Option(
            names = "--silent-seconds",
            paramLabel = "N",
            defaultValue = "600",
            description = "Say when a host has signed nothing for so long. Default: ${DEFAULT-VALUE}.")
    private int silentSeconds;

    @Option(names = "--once", description = "End at the current end of the topic. Exit code 1 if anything is wrong.")
    private boolean once;

    private final Console console;
    private final CountDownLatch interrupted = new CountDownLatch(1);
    private volatile @Nullable TopicReader reading;
    private long writtenNanos = System.nanoTime();
    private long writeNanos = LEAST_WRITE_NANOS;

    WitnessCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        NoteSigner signer = signer();
        TrustedKeys keys = hosts.read();
        Runnable restore = Signals.on(this::interrupt, "INT", "TERM");
        try (KeptFile file = KeptFile.open(stateFile)) {
            Witness witness = new Witness(
                    keys, signer, CheckpointsFile.parse(file.read(CheckpointsFile.MOST_BYTES)), console::warn);
            UndecodableRecords undecodable = new UndecodableRecords(console);
            try {
                follow(witness, file, undecodable);
            } finally {
                write(witness, file);
            }
            report(witness);
            boolean good =
                    undecodable.exitCode() == ExitCode.OK && witness.wrong().isEmpty();
            return once && !good ? ExitCode.FAILURE : ExitCode.OK;
        } catch (NoteException e) {
            throw new CommandFailure(ExitCode.FAILURE, "--state " + stateFile + ": " + e.getMessage(), e);
        } catch (ReadException e) {
            throw new CommandFailure(ExitCode.FAILURE, String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, "--state " + ErrorText.ofFile(stateFile, e), e);
        } finally {
            restore.run();
        }
    }

    private NoteSigner signer() throws CommandFailure {
        try {
            NoteSigner signer = ProofKeyFile.read(signerFile).signer();
            if (signer.key().type() == NoteKey.COSIGNATURE) {
                return signer;
            }
        } catch (ProofKeyFile.Unusable e) {
            throw unusable(e.found, e);
        } catch (IOException e) {
            throw unusable(ErrorText.reason(e), e);
        }
        throw unusable("not the key of a witness", null);
    }

    private CommandFailure unusable(String found, @Nullable IOException cause) {
        String text = "--signer " + signerFile + ": " + found
                + "; only its owner may use it (mode 600), and ctstream proof key generate --witness NAME FILE makes one";
        return new CommandFailure(ExitCode.USAGE, List.of(text), cause);
    }

    private void report(Witness witness) {
        console.say("has read " + topic.name() + "; keeps " + Counted.of(witness.logs(), "checkpoint") + " of "
                + Counted.of(witness.hosts(), "host") + " in " + stateFile
                + (witness.wrong().isEmpty() ? "" : "; wrong: " + witness.wrong()));
    }

    private void interrupt() {
        interrupted.countDown();
        TopicReader reader = reading;
        if (reader != null) {
            reader.stop();
        }
    }

    private boolean isInterrupted() {
        return interrupted.getCount() == 0;
    }

    /** Reads the topic up to its end, again and again. */
    private void follow(Witness witness, KeptFile file, UndecodableRecords undecodable)
            throws CommandFailure, ReadException, IOException {
        ClientSettings settings = kafka.all(console);
        RawRecordReader raw = decoding.raw(settings);
        ReadConfig config = new ReadConfig(
                settings.kafka(), topic.name(), EventFilter.NONE, true, OptionalLong.empty(), OptionalInt.empty());
        try (TopicReader control = TopicReader.open(config, decoding.decoder(settings), undecodable::add)) {
            reading = control;
            boolean failed = false;
            boolean all = false;
            do {
                try {
                    readToEnd(control, witness, raw, file);
                    if (!all && !once) {
                        report(witness);
                    }
                    all = true;
                    failed = false;
                } catch (ReadException e) {
                    if (isInterrupted()) {
                        return;
                    }
                    if (!all) {
                        throw e;
                    }
                    if (!failed) {
                        console.warn(e.getMessage() + ". The witness goes on when it can be read again");
                    }
                    failed = true;
                }
            } while (!once && !pause());
        }
    }

    /** Waits for new records; true when the command shall end. */
    private boolean pause() {
        try {
            return interrupted.await(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            return true;
        }
    }

    private void readToEnd(TopicReader control, Witness witness, RawRecordReader raw, KeptFile file)
            throws ReadException, IOException {
        long now = System.currentTimeMillis();
        List<PartitionExtent> extents = control.extents();
        control.valuesTo(extents, (value, fingerprint, partition) -> {
            witness.record(raw.read(value, fingerprint), System.currentTimeMillis());
            writeIfDue(witness, file);
            return !isInterrupted();
        });
        if (!isInterrupted()) {
            witness.lookForSilence(now, TimeUnit.SECONDS.toMillis(silentSeconds));
            writeIfDue(witness, file);
        }
    }

    private void writeIfDue(Witness witness, KeptFile file) throws IOException {
        if (System.nanoTime() - writtenNanos >= writeNanos) {
            write(witness, file);
        }
    }

    private void write(Witness witness, KeptFile file) throws IOException {
        long begin = System.nanoTime();
        if (witness.takeChanged()) {
            file.replace(witness.file(System.currentTimeMillis()));
        }
        writtenNanos = System.nanoTime();
        writeNanos = Math.max(LEAST_WRITE_NANOS, WRITE_SHARE * (writtenNanos - begin));
    }
}
