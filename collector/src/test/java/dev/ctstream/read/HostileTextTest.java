package dev.ctstream.read;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostileTextTest {
    @ParameterizedTest
    @CsvSource(
            value = {
                "a\u001b[2J;a\\u001b[2J",
                "a\u007fb;a\\u007fb",
                "a\u009b2J;a\\u009b2J",
                "a\u202eb;a\\u202eb",
                "a\u2066b;a\\u2066b",
                "münchen \u65e5 \ud83d\ude00;münchen \u65e5 \ud83d\ude00",
            },
            delimiter = ';')
    void jsonHasNoCharacterThatATerminalObeys(String text, String shown) {
        JsonBuffer json = new JsonBuffer();
        json.string(text);
        assertThat(new String(json.copy(), StandardCharsets.UTF_8)).isEqualTo('"' + shown + '"');
    }
}
