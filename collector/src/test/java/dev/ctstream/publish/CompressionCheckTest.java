package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.Check;
import dev.ctstream.record.Framing;
import dev.ctstream.record.ZoneWidths;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompressionCheckTest {
    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void everyCodecIsLoadedAndUsed(String type) {
        PublishConfig config = new PublishConfig(
                new PublishConfig.TopicNames("e", "c", true, 12, -1),
                new PublishConfig.RecordForm(Layout.BATCH, Framing.SINGLE_OBJECT, true, true, 1 << 18),
                ZoneWidths.DEFAULT,
                1 << 24,
                Map.of("bootstrap.servers", "localhost:9092", "compression.type", type),
                Optional.empty());
        assertThat(CompressionCheck.look(config, "none"))
                .isEqualTo(Check.ok(
                        "native-library",
                        "kafka.compression.type=" + type,
                        "loaded and used",
                        "a codec that compresses and reads back"));
    }
}
