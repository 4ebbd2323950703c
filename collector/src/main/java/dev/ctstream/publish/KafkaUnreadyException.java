package dev.ctstream.publish;

/** Kafka cannot be used now. The message tells the operator what failed and what to do. */
public final class KafkaUnreadyException extends Exception {
    private static final long serialVersionUID = 1L;

    KafkaUnreadyException(String reason) {
        super(reason);
    }

    KafkaUnreadyException(String reason, Throwable cause) {
        super(reason, cause);
    }

    static KafkaUnreadyException of(PublishConfig config, Throwable failure) {
        return new KafkaUnreadyException(reason(config, failure), failure);
    }

    /** One line that gives the reason. */
    static String reason(PublishConfig config, Throwable failure) {
        return KafkaErrorText.of("kafka.bootstrap.servers=" + config.bootstrapServers(), config.kafka(), failure);
    }
}
