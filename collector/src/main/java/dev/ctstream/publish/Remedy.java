package dev.ctstream.publish;

import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;

/** Advice for failures that only an operator can fix. */
final class Remedy {
    private static final int MAX_CAUSES = 8;

    private Remedy() {}

    /** Advice to append to the failure's message; empty when there is none. */
    static String of(Throwable failure) {
        if (failure instanceof SaslAuthenticationException) {
            return "; check user and password in kafka.sasl.jaas.config, and that the brokers know the user";
        }
        if (failure instanceof UnsupportedSaslMechanismException) {
            return "; set kafka.sasl.mechanism to one that the brokers support";
        }
        if (failure instanceof SslAuthenticationException) {
            return ": " + tls(words(failure));
        }
        if (failure instanceof TopicAuthorizationException) {
            return "; grant the user DESCRIBE, DESCRIBE_CONFIGS and WRITE on the topics, and CREATE if"
                    + " topic.create=true";
        }
        if (failure instanceof AuthorizationException) {
            return "; grant the user WRITE on the topics; a producer needs it on at least one topic to start";
        }
        return "";
    }

    /**
     * Advice for a control record that Kafka does not take; empty when {@link #of} has already given it.
     *
     * @param reason what Kafka said
     */
    static String ofControl(String topic, SendFailure kind, String reason) {
        return switch (kind) {
            case TOO_LARGE ->
                reason.contains(ProducerConfig.MAX_REQUEST_SIZE_CONFIG)
                        ? "; raise kafka." + ProducerConfig.MAX_REQUEST_SIZE_CONFIG
                        : "; raise " + TopicConfig.MAX_MESSAGE_BYTES_CONFIG + " of topic " + topic;
            case REFUSED ->
                "; the brokers' log names the rule that the record breaks; change the settings of topic " + topic;
            default -> "";
        };
    }

    /** Adds advice to the JDK's message for a failed handshake. */
    private static String tls(String words) {
        if (words.contains("valid certification path") || words.contains("PKIX")) {
            return words
                    + "; the brokers' certificate is not trusted: set kafka.ssl.truststore.location to a store that"
                    + " holds it or its authority";
        }
        if (words.contains("subject alternative")) {
            return words + "; the brokers' certificate is for other names: use one of these names in"
                    + " kafka.bootstrap.servers, and have the brokers advertise them";
        }
        return words + "; check kafka.ssl.*";
    }

    /** The message of the innermost cause. */
    private static String words(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; i < MAX_CAUSES && cause.getCause() != null; i++) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    }
}
