package dev.ctstream.cli.entries;

import dev.ctstream.cli.Console;
import dev.ctstream.cli.MissingCommand;
import dev.ctstream.cli.Version;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ctstream zones}: shows the zones in use, and finds free ones. */
@Command(
        name = "zones",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Zones: show the zones in use in a network namespace, or find and reserve a free one. Needs"
                + " CAP_NET_ADMIN.")
public final class ZonesCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    private ZonesCommand() {}

    /** The command with its subcommands. */
    public static CommandLine line(Console console) {
        return new CommandLine(new ZonesCommand())
                .addSubcommand(new ZonesListCommand(console))
                .addSubcommand(new ZonesAllocateCommand(console));
    }

    @Override
    public void run() {
        throw new MissingCommand(spec.commandLine());
    }
}
