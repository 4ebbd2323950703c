package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.Check;
import dev.ctstream.metrics.Check.Result;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExitCodeTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    OK | 0
                    OK WARN | 0
                    WARN FAIL | 1
                    FAIL FAIL_PRIVILEGE FAIL | 3
                    FAIL FAIL_PRIVILEGE FAIL_CONFIGURATION | 2
                    """)
    void configurationCountsBeforePrivilegeAndThatBeforeTheRest(String results, int code) {
        List<Check> checks = Arrays.stream(results.split(" ", -1))
                .map(result -> new Check("a", "b", Result.valueOf(result), "c", "d", "e"))
                .toList();
        assertThat(ExitCode.of(checks)).isEqualTo(code);
    }
}
