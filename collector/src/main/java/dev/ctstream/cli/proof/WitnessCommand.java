package dev.ctstream.cli.proof;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.DecoderOptions;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.KafkaOptions;
import dev.ctstream.cli.ProofOptions;
import dev.ctstream.cli.Signals;
import dev.ctstream.cli.TopicOptions;
import dev.ctstream.cli.Version;
import dev.ctstream.config.ClientSettings;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.proof.CheckpointsFile;
import dev.ctstream.proof.Witness;
import dev.ctstream.read.EventFilter;
import dev.ctstream.read.ReadConfig;
import dev.ctstream.read.ReadException;
import dev.ctstream.read.TopicReader;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventHandler;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.SignedNote;
import dev.ctstream.spool.ProofKeyFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
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
    private static final long WRITE_NANOS = TimeUnit.SECONDS.toNanos(10);

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private TopicOptions topics = new TopicOptions();

    @Mixin
    private DecoderOptions decoding = new DecoderOptions();

    @Option(
            names = "--key",
            required = true,
            paramLabel = "FILE",
            description = "The hosts' public keys, one a line, as ctstream proof key show prints them.")
    private Path keyFile = Path.of("");

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
            description = "Where to keep the newest checkpoint of each log, cosigned; made when it is missing.")
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
    private volatile @Nullable TopicReader reading;
    private long writtenNanos;

    WitnessCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        Witness witness = witness();
        ClientSettings settings = kafka.all(console);
        RawRecordReader raw = decoding.raw(settings);
        Runnable restore = Signals.on(this::interrupt, "INT", "TERM");
        ReadConfig config = new ReadConfig(
                settings.kafka(), topics.control(), EventFilter.NONE, true, OptionalLong.empty(), OptionalInt.empty());
        try (TopicReader control = TopicReader.open(
                config,
                decoding.decoder(settings),
                (place, problem) ->
                        console.say("cannot decode the record at " + place + ": " + problem.getMessage()))) {
            reading = control;
            Follower follower = new Follower(witness, raw);
            if (once) {
                control.runTo(control.extents(), follower);
                witness.lookForSilence(System.currentTimeMillis(), TimeUnit.SECONDS.toMillis(silentSeconds));
            } else {
                control.run(follower);
            }
        } catch (ReadException e) {
            throw new CommandFailure(ExitCode.FAILURE, String.valueOf(e.getMessage()), e);
        } finally {
            restore.run();
            write(witness);
        }
        console.say(
                "keeps " + witness.newest().size() + " checkpoints of " + witness.hosts() + " hosts in " + stateFile);
        return once && witness.alarms() > 0 ? ExitCode.FAILURE : ExitCode.OK;
    }

    private void interrupt() {
        TopicReader reader = reading;
        if (reader != null) {
            reader.stop();
        }
    }

    private Witness witness() throws CommandFailure {
        try {
            NoteSigner signer = ProofKeyFile.read(signerFile).signer();
            if (signer.key().type() != NoteKey.COSIGNATURE) {
                throw new CommandFailure(
                        ExitCode.USAGE,
                        "--signer " + signerFile
                                + ": not the key of a witness; make one with ctstream proof key generate --witness NAME FILE");
            }
            List<SignedNote> kept =
                    Files.exists(stateFile) ? CheckpointsFile.parse(Files.readString(stateFile)) : List.of();
            return new Witness(ProofOptions.keys(keyFile), signer, kept, console::say);
        } catch (NoteException e) {
            throw new CommandFailure(ExitCode.FAILURE, "--state " + stateFile + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw e instanceof ProofKeyFile.Unusable
                    ? KeyCommand.failure(e)
                    : new CommandFailure(ExitCode.FAILURE, ErrorText.ofFile(stateFile, e), e);
        }
    }

    private void write(Witness witness) throws CommandFailure {
        writtenNanos = System.nanoTime();
        if (!witness.takeChanged()) {
            return;
        }
        Path part = stateFile.resolveSibling(stateFile.getFileName() + ".new");
        try {
            Files.writeString(part, CheckpointsFile.format(witness.newest()));
            Files.move(part, stateFile, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, ErrorText.ofFile(stateFile, e), e);
        }
    }

    /** Passes records to the witness, and writes its file now and then. */
    private final class Follower implements EventHandler {
        private final Witness witness;
        private final RawRecordReader raw;

        Follower(Witness witness, RawRecordReader raw) {
            this.witness = witness;
            this.raw = raw;
        }

        @Override
        public void onValue(byte[] value, OptionalLong fingerprint, long offset) throws IOException {
            try {
                witness.record(raw.read(value, fingerprint), System.currentTimeMillis());
            } catch (RecordException e) {
                return; // the reader says so
            }
            if (System.nanoTime() - writtenNanos > WRITE_NANOS) {
                writeNow();
            }
        }

        @Override
        public boolean onEvent(DecodedRecord event) {
            return true;
        }

        @Override
        public void onPause() throws IOException {
            if (System.nanoTime() - writtenNanos > WRITE_NANOS) {
                witness.lookForSilence(System.currentTimeMillis(), TimeUnit.SECONDS.toMillis(silentSeconds));
                writeNow();
            }
        }

        private void writeNow() throws IOException {
            try {
                write(witness);
            } catch (CommandFailure e) {
                throw new IOException(String.valueOf(e.getMessage()), e);
            }
        }
    }
}
