package dev.ctstream.cli.proof;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Converters;
import dev.ctstream.cli.DecoderOptions;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.HostKeysOption;
import dev.ctstream.cli.OutputFormat;
import dev.ctstream.cli.Version;
import dev.ctstream.config.SmallFile;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.proof.ProvenRecord;
import dev.ctstream.read.EventPrinter;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.TrustedKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ctstream proof check}: shows that exported records are what their hosts have signed. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Check exported records, and print the events of those that are what their host has signed. Needs"
                + " neither Kafka nor a privilege. Exit code 1 if one does not hold.",
        footerHeading = "%nExample:%n",
        footer = "  ctstream proof check --key hosts.keys -o json proofs/*.tlog-proof")
final class CheckCommand implements Callable<Integer> {
    /** A batch of the greatest batch.max-bytes, 8 MiB, takes 11 MiB in Base64; with its head, proof and note less than this. */
    private static final int MOST_BYTES = 32 << 20;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Files that ctstream proof export has written.")
    private List<Path> files = new ArrayList<>();

    @Mixin
    private HostKeysOption hosts = new HostKeysOption();

    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "text: for people. json: one event a line, as ctstream read -o json prints it.")
    private OutputFormat format = OutputFormat.TEXT;

    @Mixin
    private DecoderOptions decoding = new DecoderOptions();

    private final Console console;

    CheckCommand(Console console) {
        this.console = console;
    }

    private static String text(Path file) throws IOException {
        return new String(SmallFile.read(file, MOST_BYTES), StandardCharsets.UTF_8);
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        TrustedKeys keys = hosts.read();
        RawRecordReader raw = decoding.raw();
        RecordDecoder decoder = decoding.decoder();
        EventPrinter printer = format.printer(console);
        boolean all = true;
        for (Path file : files) {
            try {
                ProvenRecord proven = ProvenRecord.check(text(file), keys, raw);
                decoder.decode(proven.value(), OptionalLong.empty(), event -> {
                    printer.print(event);
                    return true;
                });
                console.say(file + ": proven: leaf " + proven.leaf().index() + " of "
                        + proven.checkpoint().origin() + ", signed at size "
                        + proven.checkpoint().size());
            } catch (NoteException | RecordException e) {
                console.say(file + ": NOT PROVEN: " + ErrorText.of(e));
                all = false;
            } catch (IOException e) {
                console.say(ErrorText.ofFile(file, e));
                all = false;
            }
        }
        printer.end();
        return all ? ExitCode.OK : ExitCode.FAILURE;
    }
}
