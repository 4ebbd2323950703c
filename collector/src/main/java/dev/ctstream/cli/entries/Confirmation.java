package dev.ctstream.cli.entries;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.util.Locale;

/** Asks before many entries go. */
final class Confirmation {
    /** So many go without a question. */
    static final int WITHOUT = 100;

    private Confirmation() {}

    /**
     * Goes on, or fails with nothing done.
     *
     * @param yes whether the answer was given beforehand
     */
    static void before(Console console, boolean yes, long count) throws CommandFailure, IOException {
        if (yes || count <= WITHOUT) {
            return;
        }
        if (!console.errIsTerminal() || !Console.terminal(0)) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    count + " entries would be deleted: give --yes for more than " + WITHOUT
                            + " where nobody can be asked; --dry-run shows them");
        }
        console.err().print("delete " + count + " entries? [y/N] ");
        console.err().flush();
        String answer = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())).readLine();
        String word = answer == null ? "" : answer.strip().toLowerCase(Locale.ROOT);
        if (!word.equals("y") && !word.equals("yes")) {
            throw new CommandFailure(ExitCode.FAILURE, "nothing was deleted");
        }
    }
}
