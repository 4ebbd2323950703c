package dev.ctstream.cli.log;

import dev.ctstream.cli.Json;
import dev.ctstream.record.PrintableText;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How one event of the log becomes one line. Whatever the event quotes, the line controls no terminal. */
enum LogFormat {
    /** For people: the event's sentence as it is. */
    TEXT {
        @Override
        String line(LogLine line) {
            String text = line.error().isEmpty() ? line.message() : line.message() + " error=" + line.error();
            return "time=" + line.time() + " level=" + line.level() + " thread=" + line.thread() + " logger="
                    + line.logger() + " "
                    + PrintableText.of(BREAKS.matcher(text.strip()).replaceAll(" | "));
        }
    },

    /** One JSON object. */
    JSON {
        @Override
        String line(LogLine line) {
            StringBuilder out = new StringBuilder(256).append('{');
            line.fields().forEach((key, value) -> {
                out.append(out.length() > 1 ? "," : "").append(Json.quoted(key)).append(':');
                out.append(plain(value) ? String.valueOf(value) : Json.quoted(String.valueOf(value)));
            });
            return out.append('}').toString();
        }

        private static boolean plain(@Nullable Object value) {
            return value == null || value instanceof Boolean || (value instanceof Number && isWhole(value));
        }

        private static boolean isWhole(Object value) {
            return !(value instanceof Double || value instanceof Float); // JSON has no NaN
        }
    },

    /** {@code key=value}, a value in quotes where it has to be. */
    LOGFMT {
        @Override
        String line(LogLine line) {
            StringBuilder out = new StringBuilder(256);
            line.fields().forEach((key, value) -> {
                String text = String.valueOf(value);
                out.append(out.isEmpty() ? "" : " ").append(key).append('=');
                out.append(bare(text) ? text : Json.quoted(text));
            });
            return out.toString();
        }

        private static boolean bare(String text) {
            return !text.isEmpty()
                    && text.chars()
                            .noneMatch(c -> c <= ' '
                                    || c == '='
                                    || c == '"'
                                    || c == '\\'
                                    || Character.isSpaceChar(c)
                                    || PrintableText.hidden((char) c));
        }
    };

    private static final Pattern BREAKS = Pattern.compile("[\r\n\t]+");

    /** The line, without its end. */
    abstract String line(LogLine line);

    /** The format of a value of {@code log.format}, which was checked. */
    static LogFormat of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
