package dev.ctstream.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ctstream spool}: inspects a spool directory, even while a collector uses it. */
@Command(
        name = "spool",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Spool: inspect the directory in which a collector keeps events that Kafka does not have yet."
                + " Changes nothing and takes no lock; works with and without a running collector.")
final class SpoolCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    private SpoolCommand() {}

    /** The command with its subcommands. */
    static CommandLine line(Console console) {
        return new CommandLine(new SpoolCommand())
                .addSubcommand(new SpoolListCommand(console))
                .addSubcommand(new SpoolCatCommand(console))
                .addSubcommand(new SpoolVerifyCommand(console));
    }

    @Override
    public void run() {
        throw new MissingCommand(spec.commandLine());
    }
}
