package dev.ctstream.cli;

import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** A command that only has subcommands was called without one. The answer is its usage, and the exit code of wrong usage. */
public final class MissingCommand extends ParameterException {
    private static final long serialVersionUID = 1L;

    /** Creates the error. */
    public MissingCommand(CommandLine command) {
        super(
                command,
                "a command is missing: "
                        + String.join(", ", command.getSubcommands().keySet()));
    }
}
