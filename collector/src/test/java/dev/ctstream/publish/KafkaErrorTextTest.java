package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Framing;
import java.nio.file.NoSuchFileException;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class KafkaErrorTextTest {
    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(
                        new SaslAuthenticationException("no"), "check user and password in kafka.sasl.jaas.config"),
                Arguments.of(new UnsupportedSaslMechanismException("no"), "set kafka.sasl.mechanism"),
                Arguments.of(new TopicAuthorizationException("no"), "grant the user DESCRIBE"),
                Arguments.of(new ClusterAuthorizationException("no"), "grant the user WRITE"),
                Arguments.of(tls("PKIX path building failed: no"), "set kafka.ssl.truststore.location"),
                Arguments.of(tls("No subject alternative names present"), "is for other names"),
                Arguments.of(tls("Received fatal alert: bad_certificate"), "check kafka.ssl.*"),
                Arguments.of(
                        new ExecutionException(new KafkaException(new SaslAuthenticationException("no"))),
                        "kafka.sasl.jaas.config"));
    }

    private static SslAuthenticationException tls(String words) {
        return new SslAuthenticationException("SSL handshake failed", new SSLHandshakeException(words));
    }

    static Stream<Arguments> sentences() {
        return Stream.of(
                Arguments.of(
                        new TimeoutException("Timed out waiting for a node assignment."), "no broker answers at k:1;"),
                Arguments.of(new java.util.concurrent.TimeoutException(), "no broker answers at k:1;"),
                Arguments.of(
                        new KafkaException(
                                "Failed to construct kafka producer",
                                new KafkaException("No resolvable bootstrap urls given in bootstrap.servers")),
                        "no host name in k:1 can be resolved;"),
                Arguments.of(
                        new SaslAuthenticationException("Authentication failed."),
                        "login refused by k:1: Authentication failed; check user and password"),
                Arguments.of(new ClusterAuthorizationException("no"), "not permitted by k:1: no; grant"),
                Arguments.of(new UnsupportedVersionException("v"), "a feature is missing in the version of k:1: v"),
                Arguments.of(
                        new ExecutionException(new NotLeaderOrFollowerException("moved")), "error from k:1: moved"),
                Arguments.of(
                        new KafkaException(new NoSuchFileException("/store")),
                        "error from k:1: /store: ENOENT (2) No such file or directory; check the path"),
                Arguments.of(
                        new KafkaException("Failed to construct kafka producer", new UnsatisfiedLinkError("no zstd")),
                        "Kafka's client cannot be used on this host: a library cannot be used: no zstd"),
                Arguments.of(
                        new ExecutionException(new OutOfMemoryError("Java heap space")),
                        "Kafka's client cannot be used on this host: not enough memory: the heap is"),
                Arguments.of(new KafkaException("hush, said x"), "wrong settings for k:1: [hidden], said x"));
    }

    @ParameterizedTest
    @MethodSource("sentences")
    void isASentenceWithoutAClassOrASecret(Throwable failure, String text) {
        assertThat(KafkaErrorText.of("k:1", Map.of("ssl.key.password", "hush"), failure))
                .startsWith(text)
                .doesNotContain("Exception", "Error:", "hush");
    }

    @ParameterizedTest
    @MethodSource("failures")
    void theReasonNamesTheBrokersAndTheRemedy(Throwable failure, String remedy) {
        PublishConfig config = RecordFactoryTest.config(
                Layout.BATCH, Framing.SINGLE_OBJECT, true, Map.of("bootstrap.servers", "kafka:9093"));
        assertThat(KafkaUnreadyException.reason(config, failure))
                .contains("kafka.bootstrap.servers=kafka:9093", remedy)
                .doesNotContain("\n");
    }
}
