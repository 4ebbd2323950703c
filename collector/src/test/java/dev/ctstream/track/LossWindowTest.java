package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.metrics.Metrics;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class LossWindowTest {
    private static final long WINDOW = 1_000;

    private final LossWindow window = new LossWindow(WINDOW, 10, false);
    private final NamespaceTrack track = track(window, false);

    private static NamespaceTrack track(LossWindow losses, boolean reliable) {
        EventSource source = new EventSource() {
            @Override
            public int index() {
                return 0;
            }

            @Override
            public String netns() {
                return "host";
            }

            @Override
            public long dropsTotal() {
                return 0;
            }
        };
        try (Metrics metrics = new Metrics()) {
            Batcher batcher = new Batcher(
                    BatchConfig.DEFAULT, new RunIdentity("h", "b", 1), new BatchRing(), new BatchMetrics(metrics));
            return new NamespaceTrack(source, batcher.namespace("host"), losses, reliable);
        }
    }

    private static ControlRecord.Gap gap(LossWindow of) {
        return Objects.requireNonNull(of.gap()).record();
    }

    @Test
    void nothingIsDueWhileNothingIsLost() {
        assertThat(window.onReading(0, 20, track)).isZero();
        assertThat(window.dueIn(5)).isEqualTo(Long.MAX_VALUE);
        assertThat(window.gap()).isNull();
    }

    @Test
    void aWindowBeginsAtTheReadingBeforeTheLossAndAddsUp() {
        window.onReading(0, 20, track);
        assertThat(window.onReading(3, 30, track)).isEqualTo(3);
        assertThat(window.dueIn(100)).isEqualTo(WINDOW);
        window.onReading(0, 40, track);
        assertThat(window.onReading(4, 50, track)).isEqualTo(4);
        assertThat(window.dueIn(100 + WINDOW - 1)).isEqualTo(1);
        assertThat(window.dueIn(100 + WINDOW)).isZero();
        ControlRecord.Gap gap = gap(window);
        assertThat(gap.window()).isEqualTo(new ControlRecord.Window(20, 50));
        assertThat(gap.lost().count()).isEqualTo(new ControlRecord.Count(7L, null, null, true));
    }

    @Test
    void theNextWindowBeginsWhereTheLastReadingWas() {
        window.onReading(3, 30, track);
        window.declared();
        assertThat(window.gap()).isNull();
        window.onReading(0, 60, track);
        window.onReading(1, 70, track);
        assertThat(gap(window).window()).isEqualTo(new ControlRecord.Window(60, 70));
        assertThat(gap(window).lost().count().events()).isEqualTo(1);
    }

    @Test
    void inReliableModeFailedAttemptsAreNoLosses() {
        LossWindow reliable = new LossWindow(WINDOW, 10, true);
        NamespaceTrack of = track(reliable, true);
        assertThat(reliable.onReading(5, 20, of)).isZero();
        assertThat(gap(reliable).lost().count()).isEqualTo(new ControlRecord.Count(null, null, 5L, false));
    }

    @Test
    void acrossASwitchEverythingIsAnUpperBoundOfLosses() {
        LossWindow reliable = new LossWindow(WINDOW, 10, true);
        NamespaceTrack of = track(reliable, true);
        reliable.onReading(5, 20, of);
        of.reliable = false;
        of.modeSwitches = 1;
        assertThat(reliable.onReading(7, 30, of)).isEqualTo(7);
        assertThat(reliable.onReading(2, 40, of)).isEqualTo(2);
        assertThat(gap(reliable).lost().count()).isEqualTo(new ControlRecord.Count(9L, null, 5L, false));
    }

    @Test
    void thereAndBackBetweenTwoReadingsIsASwitch() {
        LossWindow reliable = new LossWindow(WINDOW, 10, true);
        NamespaceTrack of = track(reliable, true);
        of.modeSwitches = 2; // counted for a while, reliable again
        assertThat(reliable.onReading(7, 30, of)).isEqualTo(7);
        assertThat(reliable.onReading(2, 40, of)).isZero();
    }

    @Test
    void anotherReliableSocketMakesLossesAnUpperBound() {
        track.exactLosses = false;
        window.onReading(3, 30, track);
        assertThat(gap(window).lost().count()).isEqualTo(new ControlRecord.Count(3L, null, null, false));
    }
}
