package dev.ctstream.cli.proof;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.MissingCommand;
import dev.ctstream.cli.Version;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.spool.ProofKeyFile;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ctstream proof key}: the keys that sign the log. */
@Command(
        name = "key",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "The key of proof.key-file: make one, print its public key, replace it.")
final class KeyCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new MissingCommand(spec.commandLine());
    }

    /** What a command says when a key file cannot be used. */
    static CommandFailure failure(IOException e) {
        return new CommandFailure(
                ExitCode.FAILURE,
                e instanceof ProofKeyFile.Unusable unusable ? String.valueOf(unusable.getMessage()) : ErrorText.of(e),
                e);
    }
}
