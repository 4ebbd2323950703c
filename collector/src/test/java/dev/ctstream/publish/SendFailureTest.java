package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownServerException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SendFailureTest {
    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(new TimeoutException("t"), SendFailure.RETRIABLE),
                Arguments.of(new NotEnoughReplicasException("t"), SendFailure.RETRIABLE),
                Arguments.of(new UnknownTopicOrPartitionException("t"), SendFailure.RETRIABLE),
                Arguments.of(new UnknownServerException("t"), SendFailure.RETRIABLE),
                Arguments.of(new OutOfOrderSequenceException("t"), SendFailure.RETRIABLE),
                Arguments.of(new ProducerFencedException("t"), SendFailure.RETRIABLE),
                Arguments.of(new IllegalStateException("producer is closed"), SendFailure.RETRIABLE),
                Arguments.of(new KafkaException("t"), SendFailure.RETRIABLE),
                Arguments.of(new InvalidTimestampException("clock"), SendFailure.TIMESTAMP),
                Arguments.of(new TopicAuthorizationException("t"), SendFailure.TOPIC),
                Arguments.of(new ClusterAuthorizationException("t"), SendFailure.CONFIGURATION),
                Arguments.of(new SaslAuthenticationException("t"), SendFailure.CONFIGURATION),
                Arguments.of(new SslAuthenticationException("t"), SendFailure.CONFIGURATION),
                Arguments.of(new InvalidTopicException("t"), SendFailure.TOPIC),
                Arguments.of(
                        new ExecutionException(new KafkaException(new SaslAuthenticationException("t"))),
                        SendFailure.CONFIGURATION),
                Arguments.of(new RecordTooLargeException("t"), SendFailure.TOO_LARGE),
                Arguments.of(new RecordBatchTooLargeException("t"), SendFailure.TOO_LARGE),
                Arguments.of(new ExecutionException(new RecordTooLargeException("t")), SendFailure.TOO_LARGE),
                Arguments.of(new InvalidRecordException("t"), SendFailure.REFUSED),
                Arguments.of(
                        new InvalidRecordException("Timestamp 1 of message with offset 0 is out of range."),
                        SendFailure.TIMESTAMP),
                Arguments.of(new SerializationException("t"), SendFailure.REFUSED));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void onlyPermanentFailuresAreRefused(Throwable failure, SendFailure expected) {
        assertThat(SendFailure.of(failure)).isEqualTo(expected);
    }
}
