package dev.ctstream.cli.log;

import ch.qos.logback.classic.Level;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.config.LogWords;
import dev.ctstream.publish.Secrets;
import dev.ctstream.record.PrintableText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Level and format of the log of this process, and whether systemd's journal reads it.
 *
 * <p>Threads: any.
 */
public final class LogSettings {
    private static final String LEVEL = "CTSTREAM_LOG_LEVEL";
    private static final String FORMAT = "CTSTREAM_LOG_FORMAT";
    private static final String KAFKA_LEVEL = "CTSTREAM_LOG_KAFKA_LEVEL";
    private static final int STDERR = 2;

    private static volatile LogFormat format = LogFormat.TEXT;
    private static volatile boolean journal;

    private LogSettings() {}

    /**
     * Takes over what the environment says, as far as it is right.
     *
     * @param environment of this process
     * @return what is wrong with it, one line each; levels and formats that a configuration checks are left to that
     */
    public static List<String> of(Map<String, String> environment, boolean configured) {
        List<String> problems = new ArrayList<>();
        problem(environment, KAFKA_LEVEL, LogWords.levelProblem(value(environment, KAFKA_LEVEL)), problems);
        String formatProblem = LogWords.formatProblem(value(environment, FORMAT));
        if (!configured) {
            problem(environment, LEVEL, LogWords.levelProblem(value(environment, LEVEL)), problems);
            problem(environment, FORMAT, formatProblem, problems);
        }
        String given = value(environment, FORMAT);
        format = given.isEmpty() || !formatProblem.isEmpty() ? LogFormat.TEXT : LogFormat.of(given);
        journal = isJournal(environment, STDERR);
        return problems;
    }

    private static String value(Map<String, String> environment, String name) {
        return environment.getOrDefault(name, "").strip();
    }

    private static void problem(Map<String, String> environment, String name, String problem, List<String> problems) {
        if (!value(environment, name).isEmpty() && !problem.isEmpty()) {
            problems.add(name + "=" + value(environment, name) + ": " + problem);
        }
    }

    /**
     * Whether a descriptor is the connection to the journal that systemd has made. A child that inherits the variable may
     * have another stderr.
     *
     * <p>Source: {@code systemd.exec(5)}, JOURNAL_STREAM.
     */
    static boolean isJournal(Map<String, String> environment, int descriptor) {
        String stream = environment.getOrDefault("JOURNAL_STREAM", "");
        if (stream.isEmpty()) {
            return false;
        }
        try {
            Map<String, Object> file = Files.readAttributes(Path.of("/proc/self/fd/" + descriptor), "unix:dev,ino");
            return stream.equals(file.get("dev") + ":" + file.get("ino"));
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /**
     * Shows warnings only, and for Kafka's clients errors only: the command itself reports a missing broker in one
     * line. Call it before anything logs.
     */
    public static void forPeople() {
        set("ctstream.log.level", LEVEL, "WARN");
        set("ctstream.log.kafka", KAFKA_LEVEL, "ERROR");
    }

    private static void set(String property, String variable, String level) {
        if (System.getProperty(property) == null
                && value(System.getenv(), variable).isEmpty()) {
            System.setProperty(property, level);
        }
    }

    /** Applies a configuration's level, except to Kafka's clients, which have one of their own, and its format. */
    public static void set(CollectorConfig.Log log) {
        setLevel(log);
        format = LogFormat.of(log.format());
    }

    /** Applies the level alone. */
    public static void setLevel(CollectorConfig.Log log) {
        if (LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME) instanceof ch.qos.logback.classic.Logger root) {
            root.setLevel(Level.valueOf(log.level().toUpperCase(Locale.ROOT)));
        }
    }

    static LogFormat format() {
        return format;
    }

    /** A line in the present format, for the journal with its priority. */
    static String line(LogLine line) {
        return priority(line.level()) + format.line(line);
    }

    /**
     * A line that a command says, as it is to be printed: in the format of the log where a program reads it, and else as
     * a person reads it.
     *
     * @param name of the program, before the text for a person
     */
    public static String said(org.slf4j.event.Level level, String name, String text) {
        return format == LogFormat.TEXT
                ? priority(level.toString()) + name + PrintableText.of(Secrets.withoutNoteKeys(text))
                : line(LogLine.said(level.toString(), text));
    }

    /** What tells the journal how severe a line is; empty for another reader. Source: {@code sd-daemon(3)}. */
    private static String priority(String level) {
        if (!journal) {
            return "";
        }
        return switch (level) {
            case "ERROR" -> "<3>";
            case "WARN" -> "<4>";
            case "INFO" -> "<6>";
            default -> "<7>";
        };
    }
}
