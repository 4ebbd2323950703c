package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The conditions of {@code lookup}, which {@code proof export} has as one of two ways to choose events. */
class QuestionOptionsTest {
    private static final String AT = "2026-11-21T12:06:32Z";
    private static final long MILLIS = Instant.parse(AT).toEpochMilli();

    @Command
    private static final class Mixed {
        @Mixin
        private QuestionOptions question = new QuestionOptions();
    }

    @Command
    private static final class Grouped {
        @ArgGroup(exclusive = false)
        private @Nullable QuestionOptions question;
    }

    private static List<QuestionOptions> parsed(String... arguments) {
        Mixed mixed = new Mixed();
        new CommandLine(mixed).parseArgs(arguments);
        Grouped grouped = new Grouped();
        new CommandLine(grouped).parseArgs(arguments);
        return List.of(mixed.question, Objects.requireNonNull(grouped.question));
    }

    @Test
    void defaultsHoldAlsoInAGroup() {
        for (QuestionOptions options : parsed("--address", "192.0.2.7", "--at", AT)) {
            assertThat(options.fromMillis()).isEqualTo(MILLIS - TimeUnit.DAYS.toMillis(1));
            assertThat(options.untilMillis()).isEmpty();
            assertThat(options.question().untilMillis()).isEqualTo(MILLIS + TimeUnit.HOURS.toMillis(1));
            assertThat(options.question().port()).isEmpty();
            assertThat(options.question().protocol()).isEmpty();
        }
    }

    @Test
    void whatIsGivenHolds() {
        for (QuestionOptions options : parsed(
                "--address",
                "2001:DB8::7",
                "--port",
                "53",
                "--protocol",
                "udp",
                "--at",
                AT,
                "--since",
                "2h",
                "--within",
                "3h")) {
            assertThat(options.question().address()).isEqualTo("2001:db8::7");
            assertThat(options.question().port()).hasValue(53);
            assertThat(options.question().protocol()).hasValue(17);
            assertThat(options.question().fromMillis()).isEqualTo(MILLIS - TimeUnit.HOURS.toMillis(2));
            assertThat(options.question().untilMillis()).isEqualTo(MILLIS + TimeUnit.HOURS.toMillis(3));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''                                                           | --address or --stream is missing
            --address 192.0.2.7                                          | --at is missing
            --port 7                                                     | --address, --at are missing
            --stream x                                                   | --sequences is missing
            --address 192.0.2.7 --at 2026-11-21T12:00:00Z --stream x --sequences 1 | --address and --stream exclude each other
            """)
    void whatDoesNotGoTogetherIsSaidInASentence(String given, String sentence) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream to = new PrintStream(err, true, StandardCharsets.UTF_8);
        List<String> arguments =
                new ArrayList<>(List.of("proof", "export", "--bootstrap-server", "h:1", "--directory", "d"));
        if (!given.isEmpty()) {
            arguments.addAll(List.of(given.split(" ", -1)));
        }
        assertThat(Main.execute(
                        new Console(new ByteArrayOutputStream(), to, Map.of(), false, false),
                        arguments.toArray(new String[0])))
                .isEqualTo(ExitCode.USAGE);
        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("ctstream: " + sentence + "\n");
    }
}
