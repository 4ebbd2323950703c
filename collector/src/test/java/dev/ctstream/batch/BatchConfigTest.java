package dev.ctstream.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BatchConfigTest {
    @Test
    void defaultsAreAsDocumented() {
        assertThat(BatchConfig.DEFAULT).isEqualTo(new BatchConfig(512, 262_144, 500));
    }

    @Test
    void errorNamesTheKeyThatIsOutOfRange() {
        assertThatThrownBy(() -> new BatchConfig(0, 4096, 0)).hasMessageContaining("batch.max-events=0");
        assertThatThrownBy(() -> new BatchConfig(1, 4095, 0)).hasMessageContaining("batch.max-bytes=4095");
        assertThatThrownBy(() -> new BatchConfig(1, 4096, -1)).hasMessageContaining("batch.linger-millis=-1");
    }
}
