package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The log's own configurations, each in a context of its own. */
class PrintableLogTest {
    @ParameterizedTest
    @ValueSource(strings = {"/logback.xml", "/dev/ctstream/broker/logback-broker.xml"})
    void aLineOfTheLogControlsNoTerminal(String configuration) throws Exception {
        URL file = Objects.requireNonNull(PrintableLogTest.class.getResource(configuration), configuration);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            LoggerContext context = new LoggerContext();
            context.setMDCAdapter(new LogbackMDCAdapter());
            JoranConfigurator configurator = new JoranConfigurator();
            configurator.setContext(context);
            configurator.doConfigure(file);
            context.getLogger("a.b.C").warn("host={} says\n{}", "\u001b]0;owned\u0007", "\u0085\u007f\u202egpj.exe");
            context.stop();
        } finally {
            System.setErr(before);
        }
        String line = said.toString(StandardCharsets.UTF_8);
        assertThat(line)
                .contains("C host=\\u001b]0;owned\\u0007 says | \\u0085\\u007f\\u202egpj.exe")
                .doesNotContain("\u001b", "\u0085", "\u202e")
                .endsWith("gpj.exe\n");
        assertThat(line.lines()).hasSize(1);
    }
}
