package dev.ctstream.cli;

/** How much of the log is shown by commands that people look at; to be set before anything logs. */
public final class LogLevels {
    private LogLevels() {}

    /** Warnings only, and of Kafka's clients errors only: the command tells about a broker's absence in one line. */
    public static void forPeople() {
        set("ctstream.log.level", "CTSTREAM_LOG_LEVEL", "WARN");
        set("ctstream.log.kafka", "CTSTREAM_LOG_KAFKA_LEVEL", "ERROR");
    }

    private static void set(String property, String variable, String level) {
        if (System.getProperty(property) == null && System.getenv(variable) == null) {
            System.setProperty(property, level);
        }
    }
}
