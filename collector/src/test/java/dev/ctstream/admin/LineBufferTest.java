package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LineBufferTest {
    /** What a helper or a security context may hold; then as text, and as JSON. */
    static Stream<Arguments> names() {
        return Stream.of(
                Arguments.of("ftp", "ftp", "\"ftp\""),
                Arguments.of("a\"b\\c", "a\"b\\c", "\"a\\\"b\\\\c\""),
                Arguments.of("\u001b[2J", "\\u001b[2J", "\"\\u001b[2J\""),
                Arguments.of("\u007f\u0085", "\\u007f\\u0085", "\"\\u007f\\u0085\""),
                Arguments.of("\u202egpj.exe", "\\u202egpj.exe", "\"\\u202egpj.exe\""),
                Arguments.of("münchen", "münchen", "\"münchen\""),
                Arguments.of("\ud83d\ude00", "\ud83d\ude00", "\"\ud83d\ude00\""));
    }

    @ParameterizedTest
    @MethodSource("names")
    void aNameOfTheKernelControlsNoTerminal(String name, String text, String json) {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.wrap(utf8);
        assertThat(new String(new LineBuffer().printable(bytes, 0, utf8.length).copy(), StandardCharsets.UTF_8))
                .isEqualTo(text);
        assertThat(new String(new LineBuffer().quoted(bytes, 0, utf8.length).copy(), StandardCharsets.UTF_8))
                .isEqualTo(json);
        assertThat(new String(new LineBuffer().quoted(name).copy(), StandardCharsets.UTF_8))
                .isEqualTo(json);
    }
}
