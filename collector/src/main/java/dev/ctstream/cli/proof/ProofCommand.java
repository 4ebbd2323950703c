package dev.ctstream.cli.proof;

import dev.ctstream.cli.Console;
import dev.ctstream.cli.MissingCommand;
import dev.ctstream.cli.Version;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ctstream proof}: shows that nobody altered the log. */
@Command(
        name = "proof",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Proof that nobody altered the log: the keys that sign it, and records that prove themselves."
                + " ctstream verify --key checks whole topics.")
public final class ProofCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    private ProofCommand() {}

    /** The command with its subcommands. */
    public static CommandLine line(Console console) {
        return new CommandLine(new ProofCommand())
                .addSubcommand(new ExportCommand(console))
                .addSubcommand(new CheckCommand(console))
                .addSubcommand(new WitnessCommand(console))
                .addSubcommand(new CommandLine(new KeyCommand())
                        .addSubcommand(new KeyGenerateCommand(console))
                        .addSubcommand(new KeyShowCommand(console))
                        .addSubcommand(new KeyRotateCommand(console)));
    }

    @Override
    public void run() {
        throw new MissingCommand(spec.commandLine());
    }
}
