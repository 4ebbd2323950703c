package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Framing;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProducerSettingsTest {
    private static final Map<String, String> SERVERS = Map.of("bootstrap.servers", "127.0.0.1:9092");

    private static Map<String, String> with(String key, String value) {
        Map<String, String> kafka = new HashMap<>(SERVERS);
        kafka.put(key, value);
        return kafka;
    }

    private static PublishConfig config(Map<String, String> kafka) {
        return RecordFactoryTest.config(Layout.BATCH, Framing.SINGLE_OBJECT, true, kafka);
    }

    private static Map<String, Object> producer(Map<String, String> kafka) {
        return ProducerSettings.producer(config(kafka), Long.MAX_VALUE);
    }

    @Test
    void waitsForAllReplicasWithoutATimeout() {
        assertThat(producer(SERVERS))
                .containsEntry("acks", "all")
                .containsEntry("enable.idempotence", true)
                .containsEntry("retries", Integer.MAX_VALUE)
                .containsEntry("delivery.timeout.ms", Integer.MAX_VALUE)
                .containsEntry("max.in.flight.requests.per.connection", 1)
                .containsEntry("compression.type", "zstd")
                .containsEntry("compression.zstd.level", 1)
                .containsEntry("max.block.ms", 1_000)
                .containsEntry("metadata.recovery.strategy", "none");
    }

    @ParameterizedTest
    @CsvSource({"linger.ms,50", "compression.type,lz4", "security.protocol,SASL_SSL", "acks,-1", "acks,all"})
    void allOtherSettingsArePassedOn(String key, String value) {
        assertThat(ProducerSettings.problems(with(key, value))).isEmpty();
        assertThat(producer(with(key, value))).containsEntry(key, key.equals("acks") ? "all" : value);
    }

    @ParameterizedTest
    @CsvSource({
        "acks,1",
        "enable.idempotence,false",
        "retries,3",
        "delivery.timeout.ms,120000",
        "max.in.flight.requests.per.connection,5",
        "max.block.ms,60000",
        "transactional.id,x",
        "value.serializer,x",
        "partitioner.class,x"
    })
    void settingsThatBreakTheGuaranteesAreRejectedByName(String key, String value) {
        assertThat(ProducerSettings.problems(with(key, value)))
                .singleElement()
                .asString()
                .startsWith("kafka." + key)
                .contains("cannot be");
    }

    @Test
    void kafkasOwnMessageIsPassedOn() {
        assertThat(ProducerSettings.problems(with("linger.ms", "soon")))
                .singleElement()
                .asString()
                .contains("linger.ms");
    }

    @Test
    void kafkasBatchesFitTheTopicsLimit() {
        assertThat(producer(SERVERS)).containsEntry("batch.size", 1_000_000);
        assertThat(ProducerSettings.producer(config(SERVERS), 6_000)).containsEntry("batch.size", 6_000);
    }

    @Test
    void brokersAreMandatory() {
        assertThat(ProducerSettings.problems(Map.of()))
                .singleElement()
                .asString()
                .contains("kafka.bootstrap.servers");
    }

    @Test
    void theAdminClientGetsOnlySettingsThatItKnows() {
        Map<String, String> kafka = with("security.protocol", "SSL");
        kafka.put("linger.ms", "1");

        assertThat(ProducerSettings.admin(config(kafka)))
                .containsEntry("security.protocol", "SSL")
                .containsEntry("default.api.timeout.ms", 3_000)
                .doesNotContainKey("linger.ms");
    }
}
