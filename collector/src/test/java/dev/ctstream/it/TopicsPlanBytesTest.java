package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.conntrack.FakeSocket;
import dev.ctstream.conntrack.ReplayedFlows;
import dev.ctstream.conntrack.SteppedReceiver;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.publish.KafkaBytes;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import dev.ctstream.track.TrackMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The tables of bytes from which {@code ctstream topics plan} computes, against the encoder, the records and zstd. */
class TopicsPlanBytesTest {
    private static final RunIdentity RUN = new RunIdentity(
            "2f8e3c0d6a1b4c7e9d5f0a1b2c3d4e5f", "5e0c1b9e-8f0e-4e55-9a3d-6a2d9b7c1f10", 1_795_244_000_000_000_000L);
    private static final int SAMPLES = 4;
    /** Batches of each stream before the one that is measured: by then as many flows end as begin. */
    private static final int BEFORE = 4;

    @ParameterizedTest
    @CsvSource({
        "1, 1", "1, 2", "1, 8", "1, 32", "1, 128", "1, 512", "4, 1", "4, 8", "4, 128", "16, 1", "16, 2", "16, 8",
        "16, 32", "64, 1", "64, 2", "64, 8", "64, 32"
    })
    void bytesOfABatchAreThoseOfReplayedMessages(int records, int eventsEach) {
        double bytes = 0;
        for (int sample = 0; sample < SAMPLES; sample++) {
            bytes += measured(records, eventsEach, sample) / (double) SAMPLES;
        }
        assertThat(KafkaBytes.planned(records * eventsEach, records))
                .as(
                        "%d records of %d events: measured %.1f bytes for each event",
                        records, eventsEach, bytes / (records * eventsEach))
                .isCloseTo(bytes, Percentage.withPercentage(12));
    }

    /** Bytes of one of Kafka's batches with a record of each of some zones. */
    private static int measured(int records, int eventsEach, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ReplayedFlows flows = new ReplayedFlows(seed);
        BatchRing ring = new BatchRing(2 * records, Long.MAX_VALUE / 2);
        FakeSocket socket = new FakeSocket(0, "host", "4026531840", records * eventsEach);
        List<EncodedBatch> last = new ArrayList<>();
        try (Metrics metrics = new Metrics()) {
            Batcher batcher = new Batcher(
                    new BatchConfig(eventsEach, 1 << 20, 1000),
                    RUN,
                    "node-1",
                    ring,
                    new ControlOutbox(ring),
                    new BatchMetrics(metrics));
            SteppedReceiver receiver = new SteppedReceiver(
                    new FlowTracker(batcher, TrackConfig.DEFAULT, new TrackMetrics(metrics)), metrics);
            receiver.add(socket);
            long now = RUN.streamEpoch() + seed;
            for (int round = 0, index = 0; round <= BEFORE; round++) {
                for (int i = 0; i < records * eventsEach; i++) {
                    now += random.nextInt(2_000_000);
                    flows.next(socket, 12 * (1 + i / eventsEach), now);
                }
                receiver.pass(Integer.MAX_VALUE, now, now + 3_000_000);
                last.clear();
                for (EncodedBatch batch = ring.poll(); batch != null; batch = ring.poll()) {
                    batch.number(index++);
                    last.add(batch);
                }
            }
        }
        assertThat(last).hasSize(records);
        return KafkaBytes.compressed(RUN, last);
    }
}
