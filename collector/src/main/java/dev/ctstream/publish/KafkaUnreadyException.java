package dev.ctstream.publish;

import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.errors.TimeoutException;

/** Kafka cannot be used now. The message tells the operator what failed and what to do. */
public final class KafkaUnreadyException extends Exception {
    private static final long serialVersionUID = 1L;
    private static final int MAX_CAUSES = 8;

    KafkaUnreadyException(String reason) {
        super(reason);
    }

    KafkaUnreadyException(String reason, Throwable cause) {
        super(reason, cause);
    }

    static KafkaUnreadyException of(PublishConfig config, Throwable failure) {
        return new KafkaUnreadyException(reason(config, failure), failure);
    }

    /** One line that gives the reason: the exception's own message where it is clear, otherwise our own. */
    static String reason(PublishConfig config, Throwable failure) {
        String servers = "kafka.bootstrap.servers=" + Secrets.withoutUserInfo(config.bootstrapServers());
        Throwable cause = failure;
        for (int i = 0; i < MAX_CAUSES && cause.getCause() != null && isWrapper(cause); i++) {
            cause = cause.getCause();
        }
        String message = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
        if (message.contains("No resolvable bootstrap")) {
            return "no host name in " + servers + " can be resolved; check the names and the name service";
        }
        if (cause instanceof TimeoutException || cause instanceof java.util.concurrent.TimeoutException) {
            return "no broker answers at " + servers
                    + "; check that Kafka runs there, that the port is open and kafka.security.protocol fits it";
        }
        String sentence = message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
        return cause.getClass().getSimpleName() + " from " + servers + ": " + Secrets.hide(sentence, config.kafka())
                + Remedy.of(cause);
    }

    /** Whether the exception only wraps a more informative cause. */
    private static boolean isWrapper(Throwable failure) {
        return failure instanceof ExecutionException
                || failure.getClass().getName().equals("org.apache.kafka.common.KafkaException");
    }
}
