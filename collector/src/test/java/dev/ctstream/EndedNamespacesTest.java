package dev.ctstream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EndedNamespacesTest {
    private long nowNanos = 1_000;
    private final EndedNamespaces ended = new EndedNamespaces(() -> ++nowNanos);

    @Test
    void aNamespaceHasItsCookieUntilItHasEndedAndThenAnotherIdentityEachTime() {
        assertThat(ended.identity("77")).isEqualTo("77");
        assertThat(ended.identity("77")).isEqualTo("77");
        ended.add("77");
        String again = ended.identity("77");
        assertThat(again).isEqualTo("77:1001");
        ended.add(again);
        assertThat(ended.identity("77")).isEqualTo("77:1002");
        assertThat(ended.identity("78")).isEqualTo("78");
    }

    @Test
    void anIdentityWithoutACookieIsOneOfItsOwnAlready() {
        ended.add("4:77:123");
        assertThat(ended.identity("4:77:123")).isEqualTo("4:77:123");
    }

    /** Cookies are u64; what was forgotten is never taken for new. */
    @Test
    void whatIsForgottenIsNeverTakenForNew() {
        ended.add("18446744073709551000");
        for (int cookie = 100; cookie < 100 + EndedNamespaces.MOST; cookie++) {
            ended.add(Integer.toString(cookie));
        }
        assertThat(ended.identity("18446744073709551000")).contains(":");
        assertThat(ended.identity("18446744073709551001")).doesNotContain(":");
        assertThat(ended.identity("50")).as("perhaps it was never observed").contains(":");
    }
}
