package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BySourceTest {
    private record Source(int index) implements EventSource {
        @Override
        public String netns() {
            return "host";
        }

        @Override
        public String netnsId() {
            return "1";
        }

        @Override
        public long dropsTotal() {
            return 0;
        }
    }

    @Test
    void keepsAValueForEachSourceUntilItIsTakenBack() {
        BySource<String> values = new BySource<>();
        for (int index = 0; index < 100_000; index += 77) {
            assertThat(values.get(new Source(index))).isNull();
            values.put(new Source(index), "a");
            values.put(new Source(index), "b" + index);
        }
        for (int index = 0; index < 100_000; index += 77) {
            assertThat(values.get(new Source(index))).isEqualTo("b" + index);
            values.put(new Source(index), null);
            values.put(new Source(index), null);
            assertThat(values.get(new Source(index))).isNull();
        }
        assertThat(values.pages()).isZero();
    }
}
