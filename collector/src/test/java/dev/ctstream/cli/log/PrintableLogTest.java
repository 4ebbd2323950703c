package dev.ctstream.cli.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The log's own configurations, each in a context of its own. */
class PrintableLogTest {
    @ParameterizedTest
    @ValueSource(strings = {"/logback.xml", "/dev/ctstream/broker/logback-broker.xml"})
    void aLineOfTheLogControlsNoTerminal(String configuration) throws Exception {
        List<String> lines = LogContext.lines(
                configuration,
                context -> context.getLogger("a.b.C")
                        .warn("host={} says\n{}", "\u001b]0;owned\u0007", "\u0085\u007f\u202egpj.exe"));
        assertThat(lines).hasSize(1);
        assertThat(lines.get(0))
                .contains("C host=\\u001b]0;owned\\u0007 says | \\u0085\\u007f\\u202egpj.exe")
                .doesNotContain("\u001b", "\u0085", "\u202e")
                .endsWith("gpj.exe");
    }
}
