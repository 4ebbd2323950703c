package dev.ctstream.cli.entries;

import dev.ctstream.admin.EntryFields;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.MissingCommand;
import dev.ctstream.cli.Version;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ctstream entries}: the commands on the entries of a namespace. */
@Command(
        name = "entries",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Entries: list, count, create, delete and flush the connection-tracking entries of a network"
                + " namespace. Needs CAP_NET_ADMIN.")
public final class EntriesCommand implements Runnable {
    private static final List<String> FLUSH = List.of("zone", "family");

    @Spec
    private CommandSpec spec;

    private EntriesCommand() {}

    /** The command with its subcommands. */
    public static CommandLine line(Console console) {
        return new CommandLine(new EntriesCommand())
                .addSubcommand(with(new EntriesListCommand(console), EntryFields.COMMON))
                .addSubcommand(with(new EntriesCountCommand(console), EntryFields.COMMON))
                .addSubcommand(with(new EntriesCreateCommand(console), EntriesCreateCommand.FIELDS))
                .addSubcommand(with(new EntriesDeleteCommand(console), EntryFields.COMMON))
                .addSubcommand(with(new EntriesFlushCommand(console), FLUSH));
    }

    private static CommandLine with(TableCommand command, List<String> options) {
        CommandLine line = new CommandLine(command);
        EntryOptions.add(line.getCommandSpec(), options);
        return line;
    }

    /** All fields of a new entry. */
    static List<String> creating() {
        return Stream.concat(EntryFields.COMMON.stream(), EntryFields.CREATE_ONLY.stream())
                .toList();
    }

    @Override
    public void run() {
        throw new MissingCommand(spec.commandLine());
    }
}
