package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LossWindowTest {
    private static final long WINDOW = 1_000;

    private final LossWindow window = new LossWindow(WINDOW, 10, false);
    private final LossWindow reliable = new LossWindow(WINDOW, 10, true);

    private static TrackedNamespace.Delivery counted(int switches) {
        return new TrackedNamespace.Delivery(false, switches);
    }

    private static TrackedNamespace.Delivery reliable(int switches) {
        return new TrackedNamespace.Delivery(true, switches);
    }

    private static long read(LossWindow of, long delta, long timeNanos, TrackedNamespace.Delivery mode) {
        return of.onReading(delta, timeNanos, mode, true);
    }

    @Test
    void nothingIsDueWhileNothingIsLost() {
        assertThat(read(window, 0, 20, counted(0))).isZero();
        assertThat(window.dueIn(5)).isEqualTo(Long.MAX_VALUE);
        assertThat(window.open()).isFalse();
    }

    @Test
    void aWindowBeginsAtTheReadingBeforeTheFirstLossAndSumsLosses() {
        read(window, 0, 20, counted(0));
        assertThat(read(window, 3, 30, counted(0))).isEqualTo(3);
        assertThat(window.dueIn(100)).isEqualTo(WINDOW);
        read(window, 0, 40, counted(0));
        assertThat(read(window, 4, 50, counted(0))).isEqualTo(4);
        assertThat(window.dueIn(100 + WINDOW - 1)).isEqualTo(1);
        assertThat(window.dueIn(100 + WINDOW)).isZero();
        assertThat(window.window()).isEqualTo(new FlowSink.Window(20, 50));
        assertThat(window.count()).isEqualTo(new FlowSink.Count(7, 0, true));
    }

    @Test
    void theNextWindowBeginsAtTheLastReading() {
        read(window, 3, 30, counted(0));
        window.declared();
        assertThat(window.open()).isFalse();
        read(window, 0, 60, counted(0));
        read(window, 1, 70, counted(0));
        assertThat(window.window()).isEqualTo(new FlowSink.Window(60, 70));
        assertThat(window.count().events()).isEqualTo(1);
    }

    @Test
    void failedAttemptsInReliableModeAreNotLosses() {
        assertThat(read(reliable, 5, 20, reliable(0))).isZero();
        assertThat(reliable.count()).isEqualTo(new FlowSink.Count(0, 5, true));
    }

    @Test
    void lossesAcrossAModeSwitchAreAnUpperBound() {
        read(reliable, 5, 20, reliable(0));
        assertThat(read(reliable, 7, 30, counted(1))).isEqualTo(7);
        assertThat(read(reliable, 2, 40, counted(1))).isEqualTo(2);
        assertThat(reliable.count()).isEqualTo(new FlowSink.Count(9, 5, false));
    }

    @Test
    void twoSwitchesBetweenTwoReadingsCountAsASwitch() {
        assertThat(read(reliable, 7, 30, reliable(2))).isEqualTo(7); // counted for a while, then reliable again
        assertThat(read(reliable, 2, 40, reliable(2))).isZero();
    }

    @Test
    void anotherReliableSocketMakesLossesAnUpperBound() {
        window.onReading(3, 30, counted(0), false);
        assertThat(window.count()).isEqualTo(new FlowSink.Count(3, 0, false));
    }
}
