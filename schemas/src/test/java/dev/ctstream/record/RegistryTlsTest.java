package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.record.RegistryException.Kind;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A registry behind TLS that demands a certificate of its clients. */
class RegistryTlsTest {
    private static final String SUBJECT = "conntrack.events-value";

    @TempDir
    private Path folder;

    private TestCertificate own;
    private TestCertificate client;
    private RegistryStandIn server;

    @BeforeEach
    void start() throws Exception {
        own = TestCertificate.make(folder, "registry", "ip:127.0.0.1");
        client = TestCertificate.make(folder, "client", "dns:client.example");
        server = new RegistryStandIn(RegistryTls.context(Map.of(
                "keystore.location",
                own.store().toString(),
                "keystore.password",
                TestCertificate.PASSWORD,
                "truststore.location",
                client.store().toString(),
                "truststore.password",
                TestCertificate.PASSWORD)));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private SchemaRegistry asking(Map<String, ?> tls) {
        Map<String, String> settings = new HashMap<>(Map.of(RegistrySettings.URL, server.url()));
        tls.forEach((name, value) -> settings.put(RegistrySettings.SSL + name, value.toString()));
        return new SchemaRegistry(RegistrySettings.of(settings));
    }

    private Map<String, Object> withOwnCertificate(Path trusted) {
        return Map.of(
                "truststore.location",
                trusted,
                "truststore.password",
                TestCertificate.PASSWORD,
                "keystore.location",
                client.store(),
                "keystore.password",
                TestCertificate.PASSWORD);
    }

    @Test
    void schemasAreRegisteredOverTlsWithACertificateOfTheClient() throws Exception {
        assertThat(server.url()).startsWith("https://");
        int id = asking(withOwnCertificate(own.store())).register(SUBJECT, Schemas.BATCH);
        assertThat(asking(withOwnCertificate(own.pem())).schema(id)).isEqualTo(Schemas.BATCH);
    }

    @Test
    void aRegistryThatIsNotTrustedIsNoOutage() {
        Map<String, Object> trustingAnother = withOwnCertificate(client.store());
        assertThatThrownBy(() -> asking(trustingAnother).schema(1))
                .hasMessageContaining("cannot be used with TLS")
                .hasMessageContaining("check schema.registry.ssl.*")
                .asInstanceOf(InstanceOfAssertFactories.type(RegistryException.class))
                .extracting(RegistryException::kind)
                .isEqualTo(Kind.CREDENTIALS);
    }

    @Test
    void aClientWithoutCertificateIsRefused() {
        Map<String, Object> without =
                Map.of("truststore.location", own.store(), "truststore.password", TestCertificate.PASSWORD);
        assertThatThrownBy(() -> asking(without).schema(1)).isInstanceOf(RegistryException.class);
    }
}
