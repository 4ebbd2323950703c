package dev.ctstream.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ctstream spool}: looks into a spool directory, also while a collector uses it. */
@Command(
        name = "spool",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Spool: look into the directory in which a collector keeps what Kafka has not got yet. Changes"
                + " nothing and takes no lock; works beside a collector that runs, and without one.")
final class SpoolCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    private SpoolCommand() {}

    /** The command with all below it. */
    static CommandLine line(Console console) {
        return new CommandLine(new SpoolCommand())
                .addSubcommand(new SpoolListCommand(console))
                .addSubcommand(new SpoolCatCommand(console))
                .addSubcommand(new SpoolVerifyCommand(console));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing: list, cat or verify");
    }
}
