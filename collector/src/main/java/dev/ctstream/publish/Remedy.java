package dev.ctstream.publish;

import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;

/** What an operator can do against a failure that only an operator can mend. */
final class Remedy {
    private static final int MAX_CAUSES = 8;

    private Remedy() {}

    /** Goes behind the failure's own words; empty when there is nothing to say. */
    static String of(Throwable failure) {
        if (failure instanceof SaslAuthenticationException) {
            return "; check user and password in kafka.sasl.jaas.config, and that the brokers know the user";
        }
        if (failure instanceof UnsupportedSaslMechanismException) {
            return "; set kafka.sasl.mechanism to one that the brokers have";
        }
        if (failure instanceof SslAuthenticationException) {
            return ": " + tls(words(failure));
        }
        if (failure instanceof TopicAuthorizationException) {
            return "; grant the user DESCRIBE, DESCRIBE_CONFIGS and WRITE on the topics, and CREATE if topic.create=true";
        }
        if (failure instanceof AuthorizationException) {
            return "; grant the user WRITE on the topics: without it on any topic, it may not even begin to produce";
        }
        return "";
    }

    /** The JDK's words for a failed handshake name no remedy. */
    private static String tls(String words) {
        if (words.contains("valid certification path") || words.contains("PKIX")) {
            return words
                    + "; the brokers' certificate is not trusted: set kafka.ssl.truststore.location to a store that"
                    + " holds it or its authority";
        }
        if (words.contains("subject alternative")) {
            return words + "; the brokers' certificate is for other names: use one of those in"
                    + " kafka.bootstrap.servers, and have the brokers advertise them";
        }
        return words + "; check kafka.ssl.*";
    }

    /** Those of the innermost cause. */
    private static String words(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; i < MAX_CAUSES && cause.getCause() != null; i++) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    }
}
