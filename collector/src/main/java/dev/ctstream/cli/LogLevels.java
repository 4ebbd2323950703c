package dev.ctstream.cli;

/** Log levels for interactive commands; set them before anything logs. */
public final class LogLevels {
    private LogLevels() {}

    /**
     * Shows warnings only, and for Kafka's clients errors only: the command itself reports a missing broker in one
     * line.
     */
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
