package dev.ctstream.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class LoadSpecTest {
    private static final LoadSpec SPEC = new LoadSpec(LoadSpec.Kind.CTNETLINK, 5_000, 70, 2.5, 10, 30, 20, 7);

    @Test
    void parsesTheLineThatItWrote() {
        assertThat(LoadSpec.parse(SPEC.line())).isEqualTo(SPEC);
    }

    @Test
    void sharesAreMetAndReproducibleForASeed() {
        assertThat(share(SPEC, 20)).isBetween(1_900L, 2_100L);
        assertThat(share(SPEC, 0)).isZero();
        assertThat(share(SPEC, 100)).isEqualTo(10_000);
        LoadSpec again = LoadSpec.parse(SPEC.line());
        assertThat(LongStream.range(0, 1_000).allMatch(flow -> SPEC.in(20, flow) == again.in(20, flow)))
                .isTrue();
    }

    private static long share(LoadSpec spec, int percent) {
        return LongStream.range(0, 10_000)
                .filter(flow -> spec.in(percent, flow))
                .count();
    }

    @Test
    void refusesImpossibleLoadsAndNamesTheField() {
        assertThatIllegalArgumentException().isThrownBy(() -> SPEC.with(1, -1)).withMessage("rate: -1 is not possible");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SPEC.with(65_537, 0))
                .withMessage("zones: 65537 is not possible");
        assertThatIllegalArgumentException().isThrownBy(() -> SPEC.during(0, 0, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoadSpec(LoadSpec.Kind.PACKETS, 0, 0, 1, 2, 100, 50, 0))
                .withMessageContaining("ipv6");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoadSpec.parse("kind=PACKETS"))
                .withMessageContaining("rate is missing");
    }
}
