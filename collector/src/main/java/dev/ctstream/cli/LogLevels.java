package dev.ctstream.cli;

import ch.qos.logback.classic.Level;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Log levels of the commands. */
public final class LogLevels {
    private LogLevels() {}

    /**
     * Shows warnings only, and for Kafka's clients errors only: the command itself reports a missing broker in one
     * line. Call it before anything logs.
     */
    public static void forPeople() {
        set("ctstream.log.level", "CTSTREAM_LOG_LEVEL", "WARN");
        set("ctstream.log.kafka", "CTSTREAM_LOG_KAFKA_LEVEL", "ERROR");
    }

    /** Sets the least level that is logged, except by Kafka's clients, which have one of their own. */
    static void set(String level) {
        if (LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME) instanceof ch.qos.logback.classic.Logger root) {
            root.setLevel(Level.valueOf(level.toUpperCase(Locale.ROOT)));
        }
    }

    private static void set(String property, String variable, String level) {
        if (System.getProperty(property) == null && System.getenv(variable) == null) {
            System.setProperty(property, level);
        }
    }
}
