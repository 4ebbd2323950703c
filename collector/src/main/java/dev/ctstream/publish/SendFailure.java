package dev.ctstream.publish;

import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;

/**
 * Consequence of a failed send for the batch. When in doubt, the batch is kept; it is set aside only if it can never be
 * accepted.
 */
enum SendFailure {
    /** A problem of the network or the cluster: retry the same batch soon. */
    RETRIABLE,
    /** An operator must grant, create or configure something: retry the same batch and report the reason. */
    CONFIGURATION,
    /** As {@link #CONFIGURATION}, but only records of the same topic are concerned. */
    TOPIC,
    /** The record exceeds a size limit: send it in smaller pieces. */
    TOO_LARGE,
    /** The topic takes no record of this time: try that of publishing; else the clocks need fixing. */
    TIMESTAMP,
    /** Kafka validated the record and will never accept it. */
    REFUSED;

    /** Classifies an exception from {@code send}, its callback or the producer's constructor. */
    static SendFailure of(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof RecordTooLargeException || cause instanceof RecordBatchTooLargeException) {
                return TOO_LARGE;
            }
            if (cause instanceof InvalidTimestampException || KafkaErrorText.isAboutTimestamp(cause)) {
                return TIMESTAMP;
            }
            if (cause.getClass() == InvalidRecordException.class || cause instanceof SerializationException) {
                return REFUSED;
            }
            if (cause instanceof TopicAuthorizationException || cause instanceof InvalidTopicException) {
                return TOPIC;
            }
            if (cause instanceof AuthenticationException
                    || cause instanceof AuthorizationException
                    || cause instanceof InvalidConfigurationException) {
                return CONFIGURATION;
            }
        }
        return RETRIABLE;
    }

    /** Whether Kafka is there but does not take the record; it may take others. */
    boolean isRefusal() {
        return this == TOO_LARGE || this == REFUSED || this == TOPIC;
    }
}
