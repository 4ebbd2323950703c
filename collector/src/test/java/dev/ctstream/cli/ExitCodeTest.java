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

    /** errno, the exit code, and that of a request which every kernel with ctnetlink takes. */
    @ParameterizedTest
    @CsvSource({
        "1,3,3", // EPERM
        "13,3,3", // EACCES
        "93,3,3", // EPROTONOSUPPORT
        "97,3,3", // EAFNOSUPPORT
        "95,1,3", // EOPNOTSUPP: a helper or a change that the kernel does not have
        "22,1,3", // EINVAL
        "2,1,1", // ENOENT
        "17,1,1", // EEXIST
        "12,1,1", // ENOMEM
        "105,1,1" // ENOBUFS
    })
    void oneMapGivesTheExitCodeOfAnErrno(int errno, int code, int first) {
        assertThat(ExitCode.of(errno)).isEqualTo(code);
        assertThat(ExitCode.ofFirstRequest(errno)).isEqualTo(first);
    }
}
