package dev.ctstream.publish;

import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SerializationException;

/** What a failed send means for the batch. When in doubt the batch is kept: only what cannot be mended is set aside. */
enum SendFailure {
    /** The network or the cluster: the same batch again, soon. */
    RETRIABLE,
    /** Somebody must grant, create or configure something: the same batch again, and the reason is for a person. */
    CONFIGURATION,
    /** The record is larger than a limit on its way: in smaller pieces. */
    TOO_LARGE,
    /** Kafka looked at the record and will never take it. */
    REFUSED;

    /** The class of an exception from {@code send}, its callback or the producer's constructor. */
    static SendFailure of(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof RecordTooLargeException || cause instanceof RecordBatchTooLargeException) {
                return TOO_LARGE;
            }
            // A timestamp that is refused is no such case: we send none, so the clocks are to be set.
            if (cause.getClass() == InvalidRecordException.class || cause instanceof SerializationException) {
                return REFUSED;
            }
            if (cause instanceof AuthenticationException
                    || cause instanceof AuthorizationException
                    || cause instanceof InvalidTopicException
                    || cause instanceof InvalidConfigurationException) {
                return CONFIGURATION;
            }
        }
        return RETRIABLE;
    }
}
