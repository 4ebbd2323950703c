package dev.ctstream.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.publish.Secrets;
import dev.ctstream.read.KafkaKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretsTest {
    private static final String PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required username=";

    @ParameterizedTest
    @ValueSource(
            strings = {
                PLAIN + "u password=hush hidden;",
                PLAIN + "u password=\"hush hidden\"",
                PLAIN + "u password='hush",
                "hush hidden;",
                "hush",
                "password=hush;hidden;",
                PLAIN + "u password=hush,hidden hush;"
            })
    void noPieceOfAMalformedJaasConfigIsInTheMessage(String jaas) {
        for (KafkaSettings.Check check : List.of(KafkaSettings.collector(), KafkaSettings.reader())) {
            assertThat(problems(check, jaas))
                    .singleElement()
                    .asString()
                    .contains("double quotes")
                    .doesNotContain("hush")
                    .doesNotContain("hidden ");
        }
    }

    private static List<String> problems(KafkaSettings.Check check, String jaas) {
        List<String> problems = new ArrayList<>();
        String key = "kafka.sasl.jaas.config";
        check.values(
                Map.of("sasl.jaas.config", jaas), Map.of(key, new Setting(key, jaas, Setting.COMMAND_LINE)), problems);
        return problems;
    }

    @Test
    void aQuotedPasswordWithABlankIsAccepted() {
        String jaas = PLAIN + "\"u\" password=\"hush hidden\";";
        assertThat(KafkaKeys.refusedByProducer(Map.of("sasl.jaas.config", jaas)))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://me:hush@registry",
                "https://hush@registry:8081/x",
                "SASL_SSL://a:hu/sh@k:9092",
                "http://me:hu@sh@registry",
                "http://me:hush@a,http://you:hush@b"
            })
    void passwordsInUrlsAreHidden(String url) {
        assertThat(Secrets.shown("schema.registry.url", url))
                .doesNotContain("hush")
                .doesNotContain("hu/sh")
                .doesNotContain("hu@sh")
                .contains("://[hidden]@");
    }

    @Test
    void whatKafkaQuotesOfASecretIsHidden() {
        Map<String, String> settings = Map.of(
                "sasl.jaas.config", PLAIN + "alice password=se cret1;",
                "ssl.keystore.password", "changeit",
                "ssl.keystore.key", "-----BEGIN PRIVATE KEY----- MIIEvQ",
                "client.id", "web-1");
        assertThat(Secrets.hide("Value not specified for key 'cret1' in JAAS config", settings))
                .isEqualTo("Value not specified for key '[hidden]' in JAAS config");
        assertThat(Secrets.hide("changeit: wrong; MIIEvQ is no key; user alice of web-1", settings))
                .isEqualTo("[hidden]: wrong; [hidden] is no key; user alice of web-1");
    }

    @Test
    void aPrivateKeyOfTheProofIsHiddenWhereverItIsQuoted() {
        String key = "PRIVATE+KEY+ctstream/web-01.example+1234abcd+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
        assertThat(Secrets.shown("proof.key-file", key)).isEqualTo("PRIVATE+KEY+[hidden]");
        assertThat(Secrets.hide("'" + key + "': no such file", Map.of()))
                .isEqualTo("'PRIVATE+KEY+[hidden]': no such file");
        assertThat(Secrets.problem("proof.key-file", key + ", and " + key))
                .isEqualTo("PRIVATE+KEY+[hidden], and PRIVATE+KEY+[hidden]");
        assertThat(Secrets.withoutNoteKeys("PRIVATE+KEY+[hidden] (-D): is")).isEqualTo("PRIVATE+KEY+[hidden] (-D): is");
        assertThat(Secrets.withoutNoteKeys("PRIVATE+KEY+wit'ness+1234abcd+AYEKF\nnext"))
                .isEqualTo("PRIVATE+KEY+[hidden]\nnext");
    }

    @Test
    void everySettingOfKafkaThatHoldsASecretIsKnown() {
        assertThat(KafkaKeys.ofCollector().stream()
                        .filter(key -> key.contains("password") || key.endsWith(".key") || key.contains("jaas")))
                .isNotEmpty()
                .filteredOn(key -> !key.startsWith("key."))
                .allMatch(Secrets::isSecret);
    }
}
