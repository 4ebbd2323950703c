package dev.ctstream.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.Overrun;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.track.TrackConfig;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** received + lost = offered, exactly, over 504 000 events that overrun a tiny buffer. */
class LossKernelIT {
    private static final int TINY_BUFFER_BYTES = 20_000; // doubled, 31 events
    private static final int NAMESPACES = 3;
    private static final int SEEDS = Integer.getInteger("test.seeds", 4);
    private static final int FLOWS_PER_SEED = 21_000; // each a NEW and a DESTROY
    private static final TrackConfig CONFIG =
            new TrackConfig(false, 0, 100_000, 1_000, false, new TrackConfig.Timing(70_000, 200, 60_000, 60_000));

    @Test
    void receivedPlusLostIsWhatTheKernelOffered() throws Exception {
        List<TestNamespace> namespaces = new ArrayList<>();
        try (TrackHarness harness = new TrackHarness(CONFIG)) {
            harness.countOnly();
            harness.start();
            for (int i = 0; i < NAMESPACES; i++) {
                namespaces.add(TestNamespace.create());
                harness.add(namespaces.get(i), "ns" + i, TINY_BUFFER_BYTES);
            }
            for (int seed = 1; seed <= SEEDS; seed++) {
                Overrun.offer(namespaces, seed, FLOWS_PER_SEED);
            }
            harness.stop();
            for (int i = 0; i < NAMESPACES; i++) {
                verify(harness, "ns" + i, 2L * SEEDS * FLOWS_PER_SEED);
            }
        } finally {
            namespaces.forEach(TestNamespace::close);
        }
    }

    private static void verify(TrackHarness harness, String netns, long offered) {
        List<GenericRecord> stopped = harness.control("STOPPED", netns);
        assertThat(stopped).hasSize(1);
        GenericRecord totals = stopped.get(0);
        long received = (Long) totals.get("events_received");
        long lost = (Long) totals.get("lost_total");
        System.out.printf("loss: %s offered=%d received=%d lost=%d%n", netns, offered, received, lost);
        assertThat(lost).isPositive();
        assertThat(received).isPositive();
        assertThat(received + lost).isEqualTo(offered);
        assertThat(totals.get("loss_exact")).isEqualTo(true);
        assertThat(totals.get("kernel_drops")).isEqualTo(lost);
        assertThat(totals.get("events_sequenced")).isEqualTo(received);
        assertThat(harness.count(netns)).isEqualTo(received);
        verifyGaps(harness.control("GAP", netns), lost);
    }

    private static void verifyGaps(List<GenericRecord> gaps, long lost) {
        long declared = 0;
        long before = 0;
        for (GenericRecord gap : gaps) {
            assertThat(gap.get("cause")).hasToString("kernel");
            assertThat(gap.get("loss_exact")).isEqualTo(true);
            assertThat(gap.get("ranges")).isNull();
            declared += (Long) gap.get("lost_count");
            long start = (Long) gap.get("window_start_ns");
            assertThat(start).isGreaterThanOrEqualTo(before);
            before = (Long) gap.get("window_end_ns");
            assertThat(before).isGreaterThan(start);
        }
        assertThat(declared).isEqualTo(lost);
    }
}
