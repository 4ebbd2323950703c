package dev.ctstream.cli;

/** How much of Kafka's clients' own log is shown; to be set before anything logs. */
final class LogLevels {
    private static final String KAFKA = "ctstream.log.kafka";

    private LogLevels() {}

    /** For commands that tell about a broker's absence themselves, in one line. */
    static void onlyErrorsOfKafka() {
        if (System.getProperty(KAFKA) == null && System.getenv("CTSTREAM_LOG_KAFKA_LEVEL") == null) {
            System.setProperty(KAFKA, "ERROR");
        }
    }
}
