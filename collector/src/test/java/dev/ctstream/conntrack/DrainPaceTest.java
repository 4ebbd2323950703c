package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DrainPaceTest {
    @Test
    void anEventIsCharged1280BytesOfTheDoubledBuffer() {
        assertThat(DrainPace.capacityEvents(2L * (128 << 20))).isEqualTo(209_715);
        assertThat(DrainPace.capacityEvents(425_984)).isEqualTo(332); // net.core.rmem_max of a default host
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 332, 9_999})
    void smallBuffersAllowNoPause(long capacityEvents) {
        long longest = DrainPace.longestNanos(capacityEvents);
        assertThat(DrainPace.pauseNanos(longest, 1, 0)).isZero();
        assertThat(DrainPace.pauseNanos(longest, 100_000, 0)).isZero();
        assertThat(DrainPace.pauseNanos(longest, 1, 1)).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {10_000, 209_715, 1_677_721, Integer.MAX_VALUE})
    void thePauseFillsAtMostAQuarterOfTheBuffer(long capacityEvents) {
        long longest = DrainPace.longestNanos(capacityEvents);
        assertThat(longest).isBetween(1L, 24_000_000L);
        assertThat(longest * DrainPace.PEAK_EVENTS_PER_SECOND / 1e9).isLessThanOrEqualTo(capacityEvents / 4.0);
    }

    @Test
    void fewEventsMakeThePauseLongerAndADumpMakesItShorter() {
        long longest = DrainPace.longestNanos(209_715);
        assertThat(DrainPace.pauseNanos(longest, 255, 0)).isEqualTo(24_000_000);
        assertThat(DrainPace.pauseNanos(longest, 256, 0)).isEqualTo(8_000_000);
        assertThat(DrainPace.pauseNanos(longest, 255, 1)).isEqualTo(2_000_000);
    }
}
