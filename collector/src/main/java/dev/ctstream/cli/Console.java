package dev.ctstream.cli;

import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.ErrorText;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.slf4j.event.Level;

/**
 * Output and environment of a command. Data goes to {@code out}, everything else to {@code err}.
 *
 * @param out data; buffered, the command flushes it
 * @param outIsTerminal whether {@code out} is a terminal
 * @param errIsTerminal whether {@code err} is a terminal
 */
public record Console(
        OutputStream out,
        PrintStream err,
        Map<String, String> environment,
        boolean outIsTerminal,
        boolean errIsTerminal) {
    private static final int OUT_BUFFER_BYTES = 1 << 16;
    private static final String NAME = "ctstream: ";
    private static final int DEFAULT_COLUMNS = 100;
    /** The narrowest usage text that picocli writes. */
    private static final int LEAST_COLUMNS = 55;

    /** Copies the environment. */
    public Console {
        environment = Map.copyOf(environment);
    }

    /** The console of this process. */
    static Console system() {
        // Not System.out: a PrintStream swallows the error that reports a closed pipe.
        OutputStream out = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), OUT_BUFFER_BYTES);
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        return new Console(out, err, System.getenv(), terminal(1), terminal(2));
    }

    /** The same console with another environment. */
    Console with(Map<String, String> other) {
        return new Console(out, err, other, outIsTerminal, errIsTerminal);
    }

    /** Whether data may be coloured. */
    boolean colour() {
        return outIsTerminal
                && environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !environment.getOrDefault("TERM", "").equals("dumb");
    }

    /** Width of the usage text: that of the terminal, which the launcher passes in COLUMNS, or 100 without one. */
    int columns() {
        try {
            return Math.max(LEAST_COLUMNS, Integer.parseInt(environment.getOrDefault("COLUMNS", "")));
        } catch (NumberFormatException e) {
            return DEFAULT_COLUMNS;
        }
    }

    /** Prints one line for the user on {@code err}, printable whatever it quotes, in the format of the log. */
    public void say(String line) {
        err.println(LogSettings.said(Level.INFO, NAME, line));
    }

    /** Prints one line about what is probably a mistake on {@code err}. */
    public void warn(String line) {
        err.println(LogSettings.said(Level.WARN, NAME, "warning: " + line));
    }

    /** Prints one line about what has failed on {@code err}. */
    public void fail(String line) {
        err.println(LogSettings.said(Level.ERROR, NAME, line));
    }

    /** Prints text to {@code out}. */
    public void print(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    /** Whether an error means that the reader of our output has gone; this is not a failure of the command. */
    static boolean brokenPipe(IOException error) {
        return ErrorText.errno(error) == Errno.EPIPE;
    }

    /** Whether a file descriptor is a terminal. */
    public static boolean terminal(int fd) {
        try {
            String target =
                    Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException e) {
            return false;
        }
    }
}
