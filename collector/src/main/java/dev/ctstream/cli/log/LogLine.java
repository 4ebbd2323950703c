package dev.ctstream.cli.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.ctstream.publish.Secrets;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One event of the log.
 *
 * @param time with milliseconds and offset
 * @param logger name of the class
 * @param message the whole sentence, with what it names
 * @param named what the sentence names as {@code key=value}, by key
 * @param error exception with its stack trace; empty = none
 */
record LogLine(
        String time,
        String level,
        String thread,
        String logger,
        String message,
        Map<String, @Nullable Object> named,
        String error) {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
    private static final Pattern ARGUMENT = Pattern.compile("(?:(?<=\\s|^)([A-Za-z][\\w.-]*)=)?\\{}");
    /** An exception is cut here: journald and other collectors cut long lines, and what is left would be no JSON. */
    private static final int MOST_CHARACTERS = 8192;

    /** Hides what nobody may read. */
    LogLine {
        message = Secrets.withoutNoteKeys(message);
        error = Secrets.withoutNoteKeys(error);
    }

    /** A line of an event. */
    static LogLine of(ILoggingEvent event, String error) {
        String name = event.getLoggerName();
        return new LogLine(
                time(Instant.ofEpochMilli(event.getTimeStamp())),
                event.getLevel().toString(),
                event.getThreadName(),
                name.substring(name.lastIndexOf('.') + 1),
                cut(event.getFormattedMessage()),
                named(event.getMessage(), event.getArgumentArray()),
                cut(error));
    }

    /** A line that a command says to its user. */
    static LogLine said(String level, String message) {
        return new LogLine(
                time(Instant.now()), level, Thread.currentThread().getName(), "ctstream", message, Map.of(), "");
    }

    private static String time(Instant instant) {
        return OffsetDateTime.ofInstant(instant, ZoneId.systemDefault()).format(TIME);
    }

    private static String cut(String text) {
        return text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + "...";
    }

    /** The arguments that stand behind a key in the event's pattern. */
    private static Map<String, @Nullable Object> named(
            @Nullable String pattern, @Nullable Object @Nullable [] arguments) {
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        if (pattern == null || arguments == null) {
            return named;
        }
        Matcher matcher = ARGUMENT.matcher(pattern);
        for (int i = 0; i < arguments.length && matcher.find(); i++) {
            if (matcher.group(1) != null) {
                named.put(matcher.group(1), arguments[i]);
            }
        }
        return named;
    }

    /** Every field of the line in its order; what the sentence names cannot replace the line's own. */
    Map<String, @Nullable Object> fields() {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("time", time);
        fields.put("level", level);
        fields.put("thread", thread);
        fields.put("logger", logger);
        fields.put("message", message);
        named.forEach((key, value) -> {
            if (!key.equals("error")) {
                fields.putIfAbsent(key, value);
            }
        });
        if (!error.isEmpty()) {
            fields.put("error", error);
        }
        return fields;
    }
}
