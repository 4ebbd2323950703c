package dev.ctstream.cli.topics;

import dev.ctstream.cli.Console;
import dev.ctstream.cli.MissingCommand;
import dev.ctstream.cli.Version;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ctstream topics}: sizes the topics for a fleet, creates them, and widens them. */
@Command(
        name = "topics",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Topics: size the topics for a fleet of collectors, or for this host as it is; create or widen"
                + " them.")
public final class TopicsCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    private TopicsCommand() {}

    /** The command with its subcommands. */
    public static CommandLine line(Console console) {
        return new CommandLine(new TopicsCommand())
                .addSubcommand(new TopicsPlanCommand(console))
                .addSubcommand(new TopicsApplyCommand(console));
    }

    @Override
    public void run() {
        throw new MissingCommand(spec.commandLine());
    }
}
