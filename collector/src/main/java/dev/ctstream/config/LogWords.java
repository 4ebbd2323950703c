package dev.ctstream.config;

import java.util.List;
import java.util.Locale;

/** The words of {@code log.level} and {@code log.format}, which stand in the environment of every command too. */
public final class LogWords {
    private static final List<String> LEVELS = List.of("debug", "info", "warn", "error");
    private static final List<String> FORMATS = List.of("text", "json", "logfmt");

    private LogWords() {}

    /** What is wrong with a level; empty = nothing. */
    public static String levelProblem(String level) {
        return problem(level, LEVELS);
    }

    /** What is wrong with a format; empty = nothing. */
    public static String formatProblem(String format) {
        return problem(format, FORMATS);
    }

    private static String problem(String word, List<String> words) {
        return words.contains(word.toLowerCase(Locale.ROOT)) ? "" : "is none of " + String.join(", ", words);
    }
}
