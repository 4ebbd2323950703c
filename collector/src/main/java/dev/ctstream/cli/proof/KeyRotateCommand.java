package dev.ctstream.cli.proof;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.Version;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.spool.ProofKeyFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code ctstream proof key rotate}: replaces a key by one that it signs. */
@Command(
        name = "rotate",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description =
                "Replace the key in a file by a new one, which the old one signs, and print the new public key. The"
                        + " collector uses it from its next start on, and says so in KEY records: whoever has the old public"
                        + " key can follow. The old private key is gone.",
        footerHeading = "%nExample:%n",
        footer = "  ctstream proof key rotate /etc/ctstream/proof.key && systemctl restart ctstream")
final class KeyRotateCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "The key file.")
    private Path file = Path.of("");

    private final Console console;

    KeyRotateCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure {
        try {
            ProofKeyFile next = ProofKeyFile.read(file).rotated();
            next.replace(file);
            console.print(next.signer().key() + "\n");
            return ExitCode.OK;
        } catch (IOException e) {
            throw KeyCommand.failure(e);
        } catch (NoteException e) {
            throw new CommandFailure(ExitCode.FAILURE, file + ": " + e.getMessage(), e);
        }
    }
}
