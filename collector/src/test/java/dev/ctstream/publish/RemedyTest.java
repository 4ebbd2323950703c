package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Framing;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RemedyTest {
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
