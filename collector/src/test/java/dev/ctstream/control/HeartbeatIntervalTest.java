package dev.ctstream.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class HeartbeatIntervalTest {
    private static final long START = Long.MAX_VALUE - 5;
    private static final long TEN_SECONDS = TimeUnit.SECONDS.toNanos(10);

    private final HeartbeatInterval interval = new HeartbeatInterval(TEN_SECONDS, START);

    @Test
    void aNamespaceAloneReportsEachTime() {
        assertThat(interval.isDue(0, true, START + TEN_SECONDS)).isTrue();
    }

    @Test
    void anIdleNamespaceAmongOthersReportsOnceAMinute() {
        assertThat(interval.isDue(0, false, START + TEN_SECONDS)).isFalse();
        assertThat(interval.isDue(0, false, START + 6 * TEN_SECONDS)).isTrue();
        interval.reported(0, START + 6 * TEN_SECONDS);
        assertThat(interval.isDue(0, false, START + 11 * TEN_SECONDS)).isFalse();
        assertThat(interval.isDue(0, false, START + 12 * TEN_SECONDS)).isTrue();
    }

    @Test
    void aNamespaceInWhichSomethingMovedReportsAtOnce() {
        assertThat(interval.isDue(1, false, START + TEN_SECONDS)).isTrue();
        interval.reported(1, START + TEN_SECONDS);
        assertThat(interval.isDue(1, false, START + 2 * TEN_SECONDS)).isFalse();
        assertThat(interval.isDue(2, false, START + 3 * TEN_SECONDS)).isTrue();
    }
}
