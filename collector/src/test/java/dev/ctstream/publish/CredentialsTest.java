package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CredentialsTest {
    @TempDir
    private Path folder;

    @Test
    void aFileWithOtherContentIsAnotherCredential() throws IOException {
        Path store = folder.resolve("client.p12");
        Map<String, String> settings =
                Map.of("ssl.keystore.location", store.toString(), "ssl.keystore.password", "hush", "linger.ms", "5");
        Credentials missing = Credentials.of(settings);
        Files.writeString(store, "one");
        Credentials one = Credentials.of(settings);
        assertThat(one.differences(missing)).containsExactly("ssl.keystore.location");
        assertThat(Credentials.of(settings).differences(one)).isEmpty();
        Files.writeString(store, "two");
        assertThat(Credentials.of(settings).differences(one)).containsExactly("ssl.keystore.location");
        assertThat(one.toString()).doesNotContain("hush");
    }

    @Test
    void onlySettingsOfTlsAndSaslAreCredentials() {
        Credentials one = Credentials.of(Map.of("sasl.mechanism", "PLAIN", "linger.ms", "5"));
        Credentials two = Credentials.of(Map.of("sasl.jaas.config", "x", "linger.ms", "6"));
        assertThat(two.differences(one)).containsExactly("sasl.jaas.config", "sasl.mechanism");
    }

    @Test
    void aFileThatAProviderReadsIsPartOfTheCredential() throws IOException {
        Path file = Files.writeString(folder.resolve("kafka.properties"), "password=one\n");
        Files.writeString(folder.resolve("password"), "one");
        Map<String, String> settings = Map.of(
                "sasl.jaas.config", "x password=\"${file:" + file + ":password}\";",
                "ssl.key.password", "${dir:" + folder + ":password}");
        Credentials one = Credentials.of(settings);
        assertThat(Credentials.of(settings).differences(one)).isEmpty();
        Files.writeString(file, "password=two\n");
        assertThat(Credentials.of(settings).differences(one)).containsExactly("sasl.jaas.config");
        Files.writeString(folder.resolve("password"), "two");
        assertThat(Credentials.of(settings).differences(one)).containsExactly("sasl.jaas.config", "ssl.key.password");
    }
}
