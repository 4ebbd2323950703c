package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LogLimitTest {
    private final LogLimit limit = new LogLimit(100);

    @Test
    void admitsTheFirstThenOnePerIntervalWithTheSuppressedCount() {
        long start = Long.MAX_VALUE - 50; // nanoTime may overflow
        assertThat(limit.admit(start)).isZero();
        assertThat(limit.admit(start + 1)).isEqualTo(-1);
        assertThat(limit.admit(start + 99)).isEqualTo(-1);
        assertThat(limit.admit(start + 100)).isEqualTo(2);
        assertThat(limit.admit(start + 150)).isEqualTo(-1);
        assertThat(limit.admit(start + 200)).isEqualTo(1);
        assertThat(limit.admit(start + 300)).isZero();
    }
}
