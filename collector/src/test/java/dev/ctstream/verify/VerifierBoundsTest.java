package dev.ctstream.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.GapCause;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.Recorded;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Beyond its bounds the verifier still counts, and never reports incomplete data as complete. */
class VerifierBoundsTest {
    private static final int EVENTS = 5000;
    private static final int MOST_HOLES = 100;

    private final Recorded topic = new Recorded();
    private final Recorded.Run run = topic.run(0).started();
    private final Verifier verifier = new Verifier(new Verifier.Limits(10, MOST_HOLES, 1 << 16));

    /** Every second sequence only. */
    private void halfOfTheEvents() {
        for (long i = 0; i < EVENTS; i++) {
            run.batch(7, 0, Recorded.event(2 * i, "UPDATE", 1));
        }
        run.report("STOPPED", 0, Map.of(7, 2L * EVENTS));
    }

    @Test
    void countsEveryHoleThoughItStoresFew() {
        halfOfTheEvents();
        VerifyReport report = Verified.of(topic, verifier);
        assertThat(report.undeclared()).isEqualTo(EVENTS);
        assertThat(report.present()).isEqualTo(EVENTS);
        assertThat(report.streams.get(0).settledEarly).isTrue();
        assertThat(report.streams.get(0).seen.intervals()).isLessThanOrEqualTo(MOST_HOLES + 1);
        assertThat(report.holes()).hasSize(Holes.LISTED);
    }

    @Test
    void aHoleSettledEarlyStaysAHole() {
        halfOfTheEvents();
        run.batch(7, 0, Recorded.event(1, "UPDATE", 1));
        VerifyReport report = Verified.of(topic, verifier);
        assertThat(report.undeclared()).isEqualTo(EVENTS);
        assertThat(report.duplicates()).isEqualTo(1);
    }

    @Test
    void declaredHolesStayDeclaredWhenSettledEarly() {
        halfOfTheEvents();
        run.gap("spool", 7, 1, EVENTS);
        VerifyReport report = Verified.of(topic, verifier);
        assertThat(report.lost(GapCause.SPOOL)).isEqualTo(EVENTS / 2);
        assertThat(report.undeclared()).isEqualTo(EVENTS / 2);
    }

    @Test
    void theStateOfAStreamDoesNotGrowWithItsEvents() {
        RecordDecoder decoder = new RecordDecoder();
        for (int batch = 0; batch < 400; batch++) {
            run.opened(7, batch * 500L, batch * 500L + 499);
            Recorded.feed(decoder, topic.events, verifier::event);
            topic.events.clear();
        }
        VerifyReport report = verifier.finish();
        assertThat(report.present()).isEqualTo(200_000);
        assertThat(report.streams.get(0).seen.intervals()).isEqualTo(1);
        assertThat(report.flowsUntracked).isEqualTo(200_000 - report.flowCapacity);
    }
}
