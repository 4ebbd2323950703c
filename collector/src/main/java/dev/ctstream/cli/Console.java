package dev.ctstream.cli;

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

/**
 * Where a command prints, and what it may take from the process's surroundings. Data goes to {@code out}, everything
 * else to {@code err}.
 *
 * @param out data; buffered, the command flushes it
 * @param outIsTerminal whether somebody looks at the data
 * @param errIsTerminal whether somebody looks at the rest
 */
public record Console(
        OutputStream out,
        PrintStream err,
        Map<String, String> environment,
        boolean outIsTerminal,
        boolean errIsTerminal) {
    private static final int OUT_BUFFER_BYTES = 1 << 16;
    private static final String NAME = "ctstream: ";

    /** Copies the environment. */
    public Console {
        environment = Map.copyOf(environment);
    }

    /** That of this process. */
    static Console system() {
        // Not System.out: a PrintStream swallows the error that says that nobody reads any more.
        OutputStream out = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), OUT_BUFFER_BYTES);
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        return new Console(out, err, System.getenv(), terminal(1), terminal(2));
    }

    /** Whether data may be coloured. */
    boolean colour() {
        return outIsTerminal
                && environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !environment.getOrDefault("TERM", "").equals("dumb");
    }

    /** Tells a person something, on one line. */
    public void say(String line) {
        err.println(NAME + line);
    }

    /** Prints text as data. */
    public void print(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    /** Whether an error means that the reader of our output has gone, which is no failure of ours. */
    static boolean brokenPipe(IOException error) {
        return String.valueOf(error.getMessage()).contains("Broken pipe");
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
