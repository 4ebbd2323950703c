package dev.ctstream.cli.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SentenceLimitTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private final SentenceLimit limit = new SentenceLimit();
    private long now = -5 * SECOND;

    private int admitted(String sentence, int lines) {
        int admitted = 0;
        for (int i = 0; i < lines; i++) {
            admitted += limit.admit(sentence, now) ? 1 : 0;
        }
        return admitted;
    }

    @Test
    void aSentenceHas20LinesAMinute() {
        assertThat(admitted("a", 20)).isEqualTo(20);
        assertThat(limit.dueNanos(now)).isNegative();
        now += 60 * SECOND;
        assertThat(admitted("a", 20)).isEqualTo(20);
        now += 59 * SECOND;
        assertThat(admitted("a", 7)).isZero();
        assertThat(limit.dueNanos(now)).isEqualTo(SECOND);
        assertThat(admitted("b", 1)).isEqualTo(1);
    }

    @Test
    void oneSummaryAMinuteTellsOfAllSentences() {
        int summaries = 0;
        long told = 0;
        long admitted = 0;
        for (int second = 0; second < 600; second++, now += SECOND) {
            admitted += admitted("a", 100) + admitted("b", 50);
            if (limit.dueNanos(now) == 0) {
                summaries++;
                told += Objects.requireNonNull(limit.take(now)).lines();
            }
        }
        assertThat(summaries).isEqualTo(9);
        assertThat(admitted).isEqualTo(10 * 2 * 20);
        now += 60 * SECOND;
        SentenceLimit.Summary last = Objects.requireNonNull(limit.take(now));
        assertThat(last.sentences()).isEqualTo(2);
        assertThat(last.most()).isEqualTo("a");
        assertThat(told + last.lines() + admitted)
                .as("each line is written or told of")
                .isEqualTo(600 * 150);
        assertThat(limit.take(now)).isNull();
    }

    @Test
    void thousandsOfSentencesShareOneCount() {
        int admitted = 0;
        for (int i = 0; i < 10_000; i++) {
            admitted += admitted("sentence " + i, 1);
        }
        assertThat(admitted).isEqualTo(256 + 20);
        assertThat(Objects.requireNonNull(limit.take(now)).lines()).isEqualTo(10_000 - admitted);
    }
}
