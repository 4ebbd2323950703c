package dev.ctstream.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.GapCause;
import dev.ctstream.record.Recorded;
import dev.ctstream.record.Recorded.Placed;
import dev.ctstream.record.StreamKey;
import java.util.Map;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** Losses declared by GAP records. */
class DeclaredLossesTest {
    private final Recorded topic = new Recorded();
    private final Recorded.Run run = topic.run(0);

    private static Hole hole(Hole.Kind kind, int zone, long first, long last) {
        return new Hole(new StreamKey("h", "b", "host", "1", zone, Recorded.EPOCH), false, kind, first, last);
    }

    /** Zone 7 has 0..29 in three batches, zone 8 has 0..4. */
    private void threeBatches() {
        run.started();
        run.opened(7, 0, 9);
        run.opened(7, 10, 19);
        run.opened(8, 0, 4);
        run.opened(7, 20, 29);
    }

    private void stopped() {
        run.report("STOPPED", 0, Map.of(7, 30L, 8, 5L));
    }

    private Placed remove(int index) {
        return topic.events.remove(index);
    }

    @Test
    void aGapDeclaresItsSequencesByCause() {
        threeBatches();
        run.gap("handover", 7, 10, 12);
        run.gap("spool", 7, 13, 19);
        stopped();
        remove(1);
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isTrue();
        assertThat(report.lost(GapCause.HANDOVER)).isEqualTo(3);
        assertThat(report.lost(GapCause.SPOOL)).isEqualTo(7);
        assertThat(report.declared()).isEqualTo(10);
    }

    @Test
    void aGapThatIsTooShortLeavesTheRestUndeclared() {
        threeBatches();
        run.gap("rejected", 7, 11, 17);
        stopped();
        remove(1);
        assertThat(Verified.of(topic).holes())
                .containsExactly(hole(Hole.Kind.HOLE, 7, 10, 10), hole(Hole.Kind.HOLE, 7, 18, 19));
    }

    @Test
    void aGapDeclaresNothingInAnotherZone() {
        threeBatches();
        run.gap("spool", 8, 10, 19);
        stopped();
        remove(1);
        assertThat(Verified.of(topic).undeclared()).isEqualTo(10);
    }

    @Test
    void presentEventsAreNotLostEvenIfDeclared() {
        threeBatches();
        run.gap("spool", 7, 10, 19);
        stopped();
        VerifyReport report = Verified.of(topic);
        assertThat(report.declared()).isZero();
        assertThat(report.proven()).isTrue();
    }

    @Test
    void aLaterRunDeclaresLossesOfAnEarlierOne() {
        threeBatches();
        run.report("HEARTBEAT", 0, Map.of(7, 30L, 8, 5L));
        Recorded.Run later = topic.new Run("host", "b2", Recorded.EPOCH + 5);
        later.startedAfter(run);
        GenericRecord gap = later.gap("spool", 7, 10, 19);
        remove(1);
        assertThat(Verified.of(topic).undeclared()).isEqualTo(10);
        gap.put("gap_stream_epoch", Recorded.EPOCH);
        assertThat(Verified.of(topic).undeclared()).isEqualTo(10);
        gap.put("gap_boot_id", "b");
        assertThat(Verified.of(topic).proven()).isTrue();
    }

    @Test
    void whatAGapDeclaresAboveAllReportsCountsAsLost() {
        threeBatches();
        run.gap("spool", 7, 30, 39);
        stopped();
        assertThat(Verified.of(topic).lost(GapCause.SPOOL)).isEqualTo(10);
        assertThat(Verified.of(topic).proven()).isTrue();
        run.gap("spool", 7, 45, 49); // so 40..44 were numbered, too, and may still come
        assertThat(Verified.of(topic).inSpool()).isEqualTo(5);
    }

    @Test
    void aGapWithoutAnEndExtendsToTheNextEvent() {
        threeBatches();
        run.gap("damage", Recorded.range(7, 10, null));
        stopped();
        remove(1);
        assertThat(Verified.of(topic).lost(GapCause.DAMAGE)).isEqualTo(10);
        remove(2);
        assertThat(Verified.of(topic).lost(GapCause.DAMAGE)).isEqualTo(20);
    }

    @Test
    void aGapWithoutAStreamCoversItsCountOfEvents() {
        threeBatches();
        run.control("GAP", Map.of("cause", "damage", "gap_stream", "events", "lost_count", 10L));
        stopped();
        remove(1);
        assertThat(Verified.of(topic).proven()).isTrue();
        remove(1);
        assertThat(Verified.of(topic).holes()).containsExactly(hole(Hole.Kind.STREAM, 8, 0, 4));
    }

    @Test
    void aGapWithoutAStreamCoversNoMoreThanItsCount() {
        threeBatches();
        run.control("GAP", Map.of("cause", "damage", "gap_stream", "events", "lost_count", 4L));
        stopped();
        remove(1);
        VerifyReport report = Verified.of(topic);
        assertThat(report.lost(GapCause.DAMAGE)).isEqualTo(4);
        assertThat(report.holes()).containsExactly(hole(Hole.Kind.HOLE, 7, 14, 19));
    }

    @Test
    void aGapWithoutStreamAndCountCoversOnlyItsRun() {
        threeBatches();
        run.control("GAP", Map.of("cause", "damage", "gap_stream", "events"));
        stopped();
        Recorded.Run later = topic.run(9).started();
        later.opened(7, 0, 0);
        later.report("STOPPED", 0, Map.of(7, 3L));
        remove(1);
        VerifyReport report = Verified.of(topic);
        assertThat(report.lost(GapCause.DAMAGE)).isEqualTo(10);
        assertThat(report.undeclared()).isEqualTo(2);
    }

    @Test
    void aGapDeclaresControlRecords() {
        threeBatches();
        run.control("MODE", Map.of());
        run.gap("spool", Recorded.range(null, 1, 1L)).put("gap_stream", "control");
        stopped();
        topic.control.remove(1);
        assertThat(Verified.of(topic).proven()).isTrue();
    }

    @Test
    void oneGapDeclaresRangesOfSeveralZones() {
        threeBatches();
        run.gap("spool", Recorded.range(7, 10, 14L), Recorded.range(8, 0, 4L), Recorded.range(7, 15, 19L));
        stopped();
        remove(1);
        remove(1);
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isTrue();
        assertThat(report.declared()).isEqualTo(15);
        assertThat(report.lost(GapCause.SPOOL)).isEqualTo(15);
        assertThat(report.runs.get(0).gaps[GapCause.SPOOL.index()]).isEqualTo(1);
        assertThat(report.streams)
                .extracting(stream -> stream.lost[GapCause.SPOOL.index()])
                .containsExactly(10L, 5L);
    }

    @Test
    void overlappingRangesDeclareTheirUnion() {
        threeBatches();
        run.gap("spool", Recorded.range(7, 10, 15L), Recorded.range(7, 12, 17L));
        run.gap("spool", 7, 10, 16);
        run.gap("damage", 7, 14, 19);
        stopped();
        remove(1);
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isTrue();
        assertThat(report.declared()).isEqualTo(10);
        assertThat(report.lost(GapCause.SPOOL)).isEqualTo(8);
        assertThat(report.lost(GapCause.DAMAGE)).isEqualTo(2);
    }

    @Test
    void overlappingRangesOfTwoRunsCountOnce() {
        threeBatches();
        run.gap("spool", 7, 10, 16);
        run.report("HEARTBEAT", 0, Map.of(7, 30L, 8, 5L));
        Recorded.Run later = topic.new Run("blue", "2", "b2", Recorded.EPOCH + 5);
        later.startedAfter(run);
        for (long first : new long[] {10, 15, 15}) {
            GenericRecord again = later.gap("spool", 7, first, first + 4);
            again.put("gap_host_id", "h");
            again.put("gap_stream_epoch", Recorded.EPOCH);
            again.put("gap_boot_id", "b");
            again.put("gap_netns", "host");
            again.put("gap_netns_id", "1");
        }
        remove(1);
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isTrue();
        assertThat(report.declared()).isEqualTo(10);
        assertThat(report.lost(GapCause.SPOOL)).isEqualTo(10);
    }

    @Test
    void overlappingControlRangesDeclareTheirUnion() {
        threeBatches();
        run.control("MODE", Map.of());
        run.control("MODE", Map.of());
        run.gap("spool", Recorded.range(null, 1, 1L), Recorded.range(null, 1, 2L))
                .put("gap_stream", "control");
        stopped();
        topic.control.remove(2);
        topic.control.remove(1);
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isTrue();
        assertThat(report.runs.get(0).controlLost).isEqualTo(2);
    }

    @Test
    void anotherNamespaceMayDeclareTheLoss() {
        threeBatches();
        stopped();
        remove(1);
        Recorded.Run own = topic.new Run("blue", "2", "b", Recorded.EPOCH).started();
        GenericRecord gap = own.gap("spool", 7, 10, 19);
        own.report("STOPPED", 0, Map.of());
        assertThat(Verified.of(topic).undeclared()).isEqualTo(10);
        gap.put("gap_netns", "host");
        assertThat(Verified.of(topic).undeclared()).isEqualTo(10);
        gap.put("gap_netns_id", "1");
        assertThat(Verified.of(topic).proven()).isTrue();
    }

    @Test
    void aLossInOneNamespaceDoesNotCountForAnotherOfTheSameName() {
        threeBatches();
        stopped();
        remove(1);
        GenericRecord gap = run.gap("spool", 7, 10, 19);
        gap.put("gap_netns_id", "2");
        run.report("STOPPED", 0, Map.of(7, 30L, 8, 5L));
        assertThat(Verified.of(topic).holes()).containsExactly(hole(Hole.Kind.HOLE, 7, 10, 19));
    }

    @Test
    void aRangeOfEventsWithoutAZoneIsAProblem() {
        threeBatches();
        run.gap("spool", Recorded.range(null, 10, 19L));
        stopped();
        assertThat(Verified.of(topic).problems()).singleElement().asString().contains("without a zone");
    }
}
