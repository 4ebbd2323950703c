package dev.ctstream.cli.entries;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/** The command line for a record, without values that may be secrets. */
final class RedactedCommandLine {
    private RedactedCommandLine() {}

    static String of(CommandSpec spec) {
        List<String> arguments = spec.root().commandLine().getParseResult().originalArgs();
        return spec.root().name() + " " + String.join(" ", withoutSecrets(arguments));
    }

    /** Keeps only the key of a {@code -D}. */
    static List<String> withoutSecrets(List<String> arguments) {
        List<String> words = new ArrayList<>();
        boolean property = false;
        for (String argument : arguments) {
            boolean attached = argument.startsWith("-D") && argument.length() > 2;
            words.add(property || attached ? keyOnly(argument) : argument);
            property = argument.equals("-D");
        }
        return words;
    }

    private static String keyOnly(String property) {
        int end = property.indexOf('=');
        return end < 0 ? property : property.substring(0, end) + "=...";
    }
}
