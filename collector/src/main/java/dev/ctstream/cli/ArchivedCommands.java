package dev.ctstream.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * The process whose classes go into the class-data archive. It runs the short commands first, then {@code run} or the
 * command given as arguments. The launcher's script starts it in a private namespace. The output is discarded.
 */
final class ArchivedCommands {
    private static final List<String[]> SHORT = List.of(
            new String[] {"entries", "list", "-o", "text"},
            new String[] {"entries", "list", "-o", "json", "--zone", "1", "--protocol", "tcp"},
            new String[] {"entries", "list", "-o", "conntrack"},
            new String[] {"entries", "count", "-o", "json"},
            new String[] {"zones", "list"});

    private ArchivedCommands() {}

    public static void main(String[] arguments) {
        System.setProperty("ctstream.log.level", "INFO"); // as run has it; the others would show warnings only
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        Console console = new Console(nowhere, nowhere, Map.of(), false, false);
        for (String[] command : SHORT) {
            Main.execute(console, command);
        }
        Main.main(arguments);
    }
}
