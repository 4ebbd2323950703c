package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DropCounterTest {
    private final DropCounter drops = new DropCounter();

    @Test
    void countsDropsSinceTheLastReading() {
        assertThat(drops.advance(0)).isZero();
        assertThat(drops.advance(5)).isEqualTo(5);
        assertThat(drops.advance(5)).isZero();
        assertThat(drops.total()).isEqualTo(5);
    }

    @Test
    void continuesWhenTheKernelsCounterWraps() {
        drops.advance(0xFFFF_FFF0L);
        assertThat(drops.advance(0x10)).isEqualTo(0x20);
        assertThat(drops.total()).isEqualTo(0x1_0000_0010L);
    }
}
