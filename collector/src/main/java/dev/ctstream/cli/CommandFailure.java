package dev.ctstream.cli;

import java.util.List;

/** A command cannot do its work. Each line says what failed, the system's own words, and what to do. */
final class CommandFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final int exitCode;
    private final List<String> lines;

    CommandFailure(int exitCode, String line) {
        this(exitCode, List.of(line), null);
    }

    CommandFailure(int exitCode, String line, Throwable cause) {
        this(exitCode, List.of(line), cause);
    }

    @SuppressWarnings("NullAway") // Throwable takes null for "no cause"
    CommandFailure(int exitCode, List<String> lines, @org.jspecify.annotations.Nullable Throwable cause) {
        super(String.join("; ", lines), cause);
        this.exitCode = exitCode;
        this.lines = List.copyOf(lines);
    }

    int exitCode() {
        return exitCode;
    }

    List<String> lines() {
        return lines;
    }
}
