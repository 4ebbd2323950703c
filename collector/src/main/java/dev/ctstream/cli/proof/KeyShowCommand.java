package dev.ctstream.cli.proof;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.Version;
import dev.ctstream.spool.ProofKeyFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code ctstream proof key show}: prints a public key. */
@Command(
        name = "show",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Print the public key of a key file, as verify --key and proof check --key read it: one"
                + " line for each host.",
        footerHeading = "%nExample:%n",
        footer = "  ctstream proof key show /etc/ctstream/proof.key >> hosts.keys")
final class KeyShowCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "The key file.")
    private Path file = Path.of("");

    private final Console console;

    KeyShowCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure {
        try {
            console.print(ProofKeyFile.read(file).signer().key() + "\n");
            return ExitCode.OK;
        } catch (IOException e) {
            throw KeyCommand.failure(e);
        }
    }
}
