package dev.ctstream.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.Check.Result;
import java.util.List;
import org.junit.jupiter.api.Test;

class CheckTest {
    private static final Check OK = Check.ok("clock", "host", "synchronized", "a synchronized clock");
    private static final Check WARN = Check.warn("acct", "netns blue", "0", "1: no counters", "set it to 1");
    private static final Check FAIL = Check.fail("http.listen", "[::1]:80", "taken", "a free address", "");

    @Test
    void aSentenceHasScopeWishAndRemedyWhereThereAreSome() {
        assertThat(OK.sentence()).isEqualTo("clock: synchronized");
        assertThat(WARN.sentence()).isEqualTo("acct (netns blue): 0, wanted 1: no counters; set it to 1");
        assertThat(FAIL.sentence()).isEqualTo("http.listen ([::1]:80): taken, wanted a free address");
        assertThat(Check.remarks(List.of(OK, WARN, FAIL))).containsExactly(WARN.sentence(), FAIL.sentence());
    }

    @Test
    void whatFollowsTheFirstSemicolonOfASentenceIsTheRemedy() {
        assertThat(Check.said(Result.FAIL, "brokers", "k:1", "no broker answers; check the port; or the name", "one"))
                .isEqualTo(Check.fail("brokers", "k:1", "no broker answers", "one", "check the port; or the name"));
        assertThat(Check.said(Result.FAIL, "brokers", "k:1", "it ended", "one").remedy())
                .isEmpty();
    }

    @Test
    void thereAreThreeWordsForFiveResults() {
        assertThat(List.of(Result.values()).stream().map(Result::word))
                .containsExactly("ok", "warn", "fail", "fail", "fail");
        assertThat(OK.failed()).isFalse();
        assertThat(WARN.failed()).isFalse();
        assertThat(FAIL.failed()).isTrue();
        assertThat(Check.unprivileged("a", "b", "c", "d", "e").failed()).isTrue();
    }

    @Test
    void descriptorsFailBelowWhatTheDataPathNeedsAndWarnBelowWhatAllNeed() {
        assertThat(Descriptors.check(64 + 8 - 1, 1).result()).isEqualTo(Result.FAIL);
        assertThat(Descriptors.check(64 + 8, 1).result()).isEqualTo(Result.WARN);
        assertThat(Descriptors.check(512 + 8 - 1, 1).result()).isEqualTo(Result.WARN);
        assertThat(Descriptors.check(512 + 8, 1).result()).isEqualTo(Result.OK);
        assertThat(Descriptors.check(100, 1000).remedy())
                .isEqualTo("raise the limit: LimitNOFILE=16384 in the unit file, or ulimit -n");
        assertThat(Descriptors.free()).isPositive();
    }
}
