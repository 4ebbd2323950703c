package dev.ctstream.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.RecordDecoder;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class KernelToLogTest {
    /** The kernel's time stamps of the captured NEW, and of the DESTROY some seconds later. */
    private static final long NEW_NANOS = 1_795_244_919_067_500_755L;

    private static final int EVENTS = 64;

    @Test
    void theDelayOfAnEventEndsWithTheMillisecondOfItsAppend() throws Exception {
        EncodedBatch batch = VariedBatches.make(1, EVENTS).get(0);
        KernelToLog.Delays delays = new KernelToLog.Delays();
        delays.onTimestamp(NEW_NANOS / 1_000_000 + 10);
        new RecordDecoder().decodeBatch(batch.array(), batch.offset(), batch.lengthBytes(), delays);
        Map<String, Double> values = delays.values();
        assertThat(values).containsEntry("kernel_to_log_count", (double) EVENTS);
        assertThat(values.get("kernel_to_log_max_ms")).isCloseTo(11 - 0.500755, Offset.offset(0.02));
    }

    @Test
    void reportsNothingWithoutEvents() {
        assertThat(new KernelToLog.Delays().values()).isEmpty();
    }
}
