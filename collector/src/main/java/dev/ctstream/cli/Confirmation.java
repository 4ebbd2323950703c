package dev.ctstream.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Asks before something is done that cannot be undone. */
public final class Confirmation {
    private Confirmation() {}

    /**
     * Returns if it may be done; otherwise throws before anything is done.
     *
     * @param withoutTerminal why it is not done when nobody can be asked
     * @param question without its end
     * @param refused what the answer no means
     */
    public static void require(Console console, String withoutTerminal, String question, String refused)
            throws CommandFailure, IOException {
        if (!console.errIsTerminal() || !Console.terminal(0)) {
            throw new CommandFailure(ExitCode.USAGE, withoutTerminal);
        }
        console.err().print(question + "? [y/N] ");
        console.err().flush();
        String answer = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        String word = answer == null ? "" : answer.strip().toLowerCase(Locale.ROOT);
        if (!word.equals("y") && !word.equals("yes")) {
            throw new CommandFailure(ExitCode.FAILURE, refused);
        }
    }
}
