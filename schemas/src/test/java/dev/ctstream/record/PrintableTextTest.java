package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrintableTextTest {
    @Test
    void plainTextIsTheSameObject() {
        String text = "münchen, \u65e5\u672c, \ud83d\ude00 [10.0.0.1]:80";
        assertThat(PrintableText.of(text)).isSameAs(text);
    }

    @ParameterizedTest
    @ValueSource(
            chars = {
                0, 7, '\b', '\t', '\n', '\r', 0x1b, 0x1f, 0x7f, 0x80, 0x85, 0x9b, 0x9d, 0x9f, 0x61c, 0x200b, 0x200e,
                0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2066, 0x2069, 0xfeff
            })
    void whatHasAnEffectIsWrittenAsItsNumber(char c) {
        assertThat(PrintableText.of("a" + c + "b" + c)).isEqualTo(String.format("a\\u%04xb\\u%04x", (int) c, (int) c));
    }

    @Test
    void anEscapeSequenceBecomesHarmless() {
        assertThat(PrintableText.of("\u001b]0;owned\u0007\u001b[2J")).isEqualTo("\\u001b]0;owned\\u0007\\u001b[2J");
    }
}
