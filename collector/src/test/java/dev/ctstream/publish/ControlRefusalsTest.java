package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.Health;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class ControlRefusalsTest {
    private final LogLines log = new LogLines();
    private final Health health = new Health();
    private final TestBacklog backlog = new TestBacklog();
    private long nowNanos = Long.MAX_VALUE - 5; // nanoTime may overflow
    private final ControlRefusals refusals = new ControlRefusals(
            LoggerFactory.getLogger(ControlRefusals.class), health, backlog, "control", () -> nowNanos);

    @AfterEach
    void close() {
        log.close();
    }

    private void pass(long seconds) {
        nowNanos += TimeUnit.SECONDS.toNanos(seconds);
    }

    @Test
    void triesAgainAfterOneSecondThenAfterTwiceAsLongUpToAMinute() {
        List<Long> seconds = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            refusals.refused(SendFailure.REFUSED, "invalid");
            seconds.add(TimeUnit.NANOSECONDS.toSeconds(refusals.leftNanos()));
            pass(seconds.get(i));
            assertThat(refusals.leftNanos()).isZero();
        }
        assertThat(seconds).containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L);
        refusals.accepted();
        refusals.refused(SendFailure.REFUSED, "invalid");
        assertThat(refusals.leftNanos()).isEqualTo(TimeUnit.SECONDS.toNanos(1));
    }

    @Test
    void theLogHasAtMostThreeLinesAMinuteHoweverOftenRecordsAreRefusedAndAccepted() {
        List<Integer> linesUpTo = new ArrayList<>();
        for (int second = 0; second < 600; second++) {
            refusals.refused(SendFailure.TOO_LARGE, second % 2 == 0 ? "too large" : "another reason");
            if (second % 5 == 4) {
                refusals.accepted();
            }
            linesUpTo.add(log.lines.size());
            pass(1);
        }
        for (int second = 60; second < 600; second++) {
            assertThat(linesUpTo.get(second) - linesUpTo.get(second - 60)).isLessThanOrEqualTo(3);
        }
        assertThat(log.lines.size()).isBetween(10, 30);
    }

    @Test
    void tellsTheBacklogAndHealthUntilTheRecordIsAccepted() {
        refusals.accepted();
        assertThat(backlog.controlBlocked).isEmpty();

        refusals.refused(SendFailure.TOO_LARGE, "too large");
        refusals.refused(SendFailure.TOO_LARGE, "larger than max.request.size");
        assertThat(backlog.controlBlocked).containsExactly(true);
        assertThat(health.reasons().get("kafka-control")).contains("topic control", "raise kafka.max.request.size");

        refusals.accepted();
        assertThat(backlog.controlBlocked).containsExactly(true, false);
        assertThat(health.ready()).isTrue();
    }

    @Test
    void leavesNoTraceAtTheEnd() {
        refusals.refused(SendFailure.REFUSED, "invalid");
        refusals.end();
        assertThat(backlog.controlBlocked).containsExactly(true, false);
        assertThat(health.components()).isEmpty();
    }
}
