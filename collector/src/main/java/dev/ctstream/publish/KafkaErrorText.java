package dev.ctstream.publish;

import dev.ctstream.netlink.ErrorText;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.jspecify.annotations.Nullable;

/**
 * The only place that turns an exception of Kafka's clients into a sentence: what failed, where, and what an operator can
 * do. No name of a Java class and no secret comes out of it.
 */
public final class KafkaErrorText {
    private static final int MAX_CAUSES = 8;

    private KafkaErrorText() {}

    /**
     * One line without a full stop.
     *
     * @param where the brokers' addresses, perhaps with the key that gives them
     * @param settings those of the client; secrets among them are hidden
     */
    public static String of(String where, Map<String, String> settings, Throwable failure) {
        Throwable cause = unwrapped(failure);
        if (cause instanceof Error) {
            return "Kafka's client cannot be used on this host: " + ErrorText.of(cause); // not the brokers' fault
        }
        String words = firstLine(ErrorText.of(cause));
        String brokers = Secrets.withoutUserInfo(where);
        if (words.contains("No resolvable bootstrap")) {
            return "no host name in " + brokers + " can be resolved; check the names and the name service";
        }
        if (words.contains("not present in metadata")) {
            return "the topic or one of its partitions is not known to " + brokers + ": " + words;
        }
        if (cause instanceof TimeoutException || cause instanceof java.util.concurrent.TimeoutException) {
            return "no broker answers at " + brokers
                    + "; check that Kafka runs there, that the port is open and kafka.security.protocol fits it";
        }
        String sentence = words.endsWith(".") ? words.substring(0, words.length() - 1) : words;
        return what(cause) + " " + brokers + ": " + Secrets.hide(sentence, settings) + remedy(cause);
    }

    /**
     * Advice for a control record that Kafka does not take; empty when {@link #of} has already given it.
     *
     * @param reason what Kafka said
     */
    static String remedyOfControl(String topic, SendFailure kind, String reason) {
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

    /**
     * Whether Kafka has refused a record because of its time although the exception has no name for it: so it comes from the
     * client when several records of a request are refused.
     */
    static boolean isAboutTimestamp(Throwable failure) {
        return failure.getClass() == InvalidRecordException.class
                && String.valueOf(failure.getMessage()).startsWith("Timestamp ");
    }

    /** What happened; the brokers' addresses complete it. */
    private static String what(Throwable cause) {
        if (cause instanceof SaslAuthenticationException || cause instanceof UnsupportedSaslMechanismException) {
            return "login refused by";
        }
        if (cause instanceof SslAuthenticationException) {
            return "TLS handshake failed with";
        }
        if (cause instanceof AuthorizationException) {
            return "not permitted by";
        }
        if (cause instanceof UnsupportedVersionException) {
            return "a feature is missing in the version of";
        }
        return cause instanceof KafkaException && !(cause instanceof ApiException)
                ? "wrong settings for"
                : "error from";
    }

    private static String remedy(Throwable failure) {
        if (failure instanceof SaslAuthenticationException) {
            return "; check user and password in kafka.sasl.jaas.config, and that the brokers know the user";
        }
        if (failure instanceof InvalidTimestampException) {
            return "; this host's clock says " + Instant.now().truncatedTo(ChronoUnit.SECONDS)
                    + " and is further from the brokers' clock than message.timestamp.after.max.ms and"
                    + " message.timestamp.before.max.ms of the topic allow: synchronize the clocks";
        }
        if (failure instanceof UnsupportedSaslMechanismException) {
            return "; set kafka.sasl.mechanism to one that the brokers support";
        }
        if (failure instanceof SslAuthenticationException) {
            return ": " + tls(innermost(failure));
        }
        if (failure instanceof TopicAuthorizationException) {
            return "; grant the user DESCRIBE, DESCRIBE_CONFIGS and WRITE on the topics (READ to read them), and"
                    + " CREATE if topic.create=true";
        }
        if (failure instanceof AuthorizationException) {
            return "; grant the user WRITE on the topics; a producer needs it on at least one topic to start";
        }
        return "";
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
        if (words.startsWith("NotAfter") || words.startsWith("NotBefore")) {
            return words
                    + "; the brokers' certificate has expired or does not hold yet: renew it, or set this host's clock";
        }
        if (words.contains("certificate_required") || words.contains("bad_certificate")) {
            return words + "; check kafka.ssl.*: the brokers demand a certificate that they trust, with its key, in"
                    + " kafka.ssl.keystore.location";
        }
        if (words.contains("certificate_expired")) {
            return words + "; the certificate in kafka.ssl.keystore.location has expired: renew it";
        }
        return words + "; check kafka.ssl.*";
    }

    /** The failure that the clients wrap. An {@link Error} inside counts even if Kafka's own words hide it. */
    private static Throwable unwrapped(Throwable failure) {
        Throwable inner = failure;
        Throwable shown = failure;
        for (int i = 0; i < MAX_CAUSES; i++) {
            boolean wrapper = inner instanceof ExecutionException || inner.getClass() == KafkaException.class;
            @Nullable Throwable cause = inner.getCause();
            if (cause == null) {
                break;
            }
            shown = shown == inner && wrapper ? cause : shown;
            inner = cause;
        }
        return inner instanceof Error ? inner : shown;
    }

    private static String innermost(Throwable failure) {
        Throwable inner = failure;
        for (int i = 0; i < MAX_CAUSES; i++) {
            @Nullable Throwable cause = inner.getCause();
            if (cause == null) {
                break;
            }
            inner = cause;
        }
        return firstLine(ErrorText.of(inner));
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }
}
