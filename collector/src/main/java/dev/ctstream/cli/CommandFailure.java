package dev.ctstream.cli;

import java.util.List;

/** A command failed. Each line says what failed, the system's error text, and what to do. */
public final class CommandFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final int exitCode;
    private final String[] lines;

    /** Ends the command with this exit code and this text on stderr. */
    public CommandFailure(int exitCode, String line) {
        this(exitCode, List.of(line), null);
    }

    /** Ends the command with this exit code and this text on stderr. */
    public CommandFailure(int exitCode, String line, Throwable cause) {
        this(exitCode, List.of(line), cause);
    }

    /** Ends the command with this exit code and this text on stderr. */
    @SuppressWarnings("NullAway") // Throwable takes null for "no cause"
    public CommandFailure(int exitCode, List<String> lines, @org.jspecify.annotations.Nullable Throwable cause) {
        super(String.join("; ", lines), cause);
        this.exitCode = exitCode;
        this.lines = lines.toArray(String[]::new);
    }

    int exitCode() {
        return exitCode;
    }

    List<String> lines() {
        return List.of(lines);
    }
}
