package dev.ctstream.cli.entries;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Asks before many entries are deleted. */
final class Confirmation {
    /** Up to this many entries are deleted without a question. */
    static final int MAX_UNCONFIRMED = 100;

    private Confirmation() {}

    /**
     * Returns if the deletion may go on; otherwise throws before anything is deleted.
     *
     * @param yes whether {@code --yes} was given
     */
    static void require(Console console, boolean yes, long count) throws CommandFailure, IOException {
        if (yes || count <= MAX_UNCONFIRMED) {
            return;
        }
        if (!console.errIsTerminal() || !Console.terminal(0)) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    count + " entries would be deleted: without a terminal, more than " + MAX_UNCONFIRMED
                            + " need --yes; --dry-run shows them");
        }
        console.err().print("delete " + count + " entries? [y/N] ");
        console.err().flush();
        String answer = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        String word = answer == null ? "" : answer.strip().toLowerCase(Locale.ROOT);
        if (!word.equals("y") && !word.equals("yes")) {
            throw new CommandFailure(ExitCode.FAILURE, "nothing was deleted");
        }
    }
}
