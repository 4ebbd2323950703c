package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SpoolPauseTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    @Test
    void roundsInQuickSuccessionLetBatchesGather() {
        assertThat(Spool.pauseNanos(5 * MILLI, MILLI, 0)).isEqualTo(19 * MILLI);
        assertThat(Spool.pauseNanos(25 * MILLI, MILLI, Spool.MAX_GATHERED - 1)).isEqualTo(19 * MILLI);
    }

    @Test
    void aSingleBatchIsNotDelayed() {
        assertThat(Spool.pauseNanos(51 * MILLI, MILLI, 0)).isZero();
    }

    @Test
    void aSlowDiskOrAFullRingSkipsThePause() {
        assertThat(Spool.pauseNanos(25 * MILLI, 30 * MILLI, 0)).isZero();
        assertThat(Spool.pauseNanos(5 * MILLI, MILLI, Spool.MAX_GATHERED)).isZero();
    }
}
