package dev.ctstream.verify;

import static dev.ctstream.record.Recorded.event;
import static dev.ctstream.record.Recorded.inferred;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.record.GapCause;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.Recorded;
import dev.ctstream.record.Recorded.Placed;
import dev.ctstream.record.StreamKey;
import java.util.Map;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** Sequences, reports and losses: one defect each. */
class VerifierTest {
    private final Recorded topic = new Recorded();
    private final Recorded.Run run = topic.run(0);

    private static StreamKey stream(int zone) {
        return new StreamKey("h", "b", "host", "1", zone, Recorded.EPOCH);
    }

    private static Hole hole(Hole.Kind kind, int zone, long first, long last) {
        return new Hole(stream(zone), false, kind, first, last);
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
    void provesCompleteTopics() {
        threeBatches();
        stopped();
        VerifyReport report = Verified.of(topic);
        assertThat(report.problems()).isEmpty();
        assertThat(report.proven()).isTrue();
        assertThat(report.present()).isEqualTo(35);
        assertThat(report.completenessPercent()).isEqualTo(100);
        assertThat(report.flowsOpened()).isEqualTo(35);
        assertThat(report.flowsOpen()).isEqualTo(35);
    }

    @Test
    void anEmptyTopicHasNothingToProve() {
        assertThat(Verified.of(topic).proven()).isTrue();
        assertThat(Verified.of(topic).completenessPercent()).isEqualTo(100);
    }

    @Test
    void namesTheSequencesOfAMissingBatch() {
        threeBatches();
        stopped();
        remove(1);
        VerifyReport report = Verified.of(topic);
        assertThat(report.holes()).containsExactly(hole(Hole.Kind.HOLE, 7, 10, 19));
        assertThat(report.undeclared()).isEqualTo(10);
        assertThat(report.proven()).isFalse();
        assertThat(report.completenessPercent()).isBetween(71.0, 72.0);
        assertThat(new VerifyText(java.time.ZoneOffset.UTC).format(report))
                .contains("sequences 10..19 (10)", "namespace host (1), zone 7", "NOT PROVEN");
    }

    @Test
    void aLostBeginningIsAHole() {
        threeBatches();
        stopped();
        remove(0);
        assertThat(Verified.of(topic).holes()).containsExactly(hole(Hole.Kind.HOLE, 7, 0, 9));
    }

    @Test
    void stoppedShowsALostTail() {
        threeBatches();
        stopped();
        remove(3);
        assertThat(Verified.of(topic).holes()).containsExactly(hole(Hole.Kind.TAIL, 7, 20, 29));
    }

    @Test
    void stoppedShowsALostStream() {
        threeBatches();
        stopped();
        remove(2);
        assertThat(Verified.of(topic).holes()).containsExactly(hole(Hole.Kind.STREAM, 8, 0, 4));
    }

    @Test
    void anOlderHeartbeatShowsALostTailOfARunningCollector() {
        threeBatches();
        run.report("HEARTBEAT", 0, Map.of(7, 30L, 8, 5L));
        run.control("HEARTBEAT", Map.of("report_id", 9L, "events_sequenced", 35L, "stream_count", 2));
        remove(3);
        assertThat(Verified.of(topic).holes()).containsExactly(hole(Hole.Kind.TAIL, 7, 20, 29));
    }

    @Test
    void restartDeclaresWhatOnlyTheLastHeartbeatCounted() {
        threeBatches();
        run.acknowledging(run.logIndex() - 1).report("HEARTBEAT", 0, Map.of(7, 30L, 8, 5L));
        topic.run(9).startedAfter(run);
        remove(3);
        VerifyReport report = Verified.of(topic);
        assertThat(report.lost(GapCause.RESTART)).isEqualTo(10);
        assertThat(report.inSpool()).isZero();
        assertThat(report.proven()).isTrue();
        assertThat(new VerifyText(java.time.ZoneOffset.UTC).format(report)).contains("no collector observed from");
    }

    @Test
    void aRestartDoesNotExcuseEventsThatTheRunAcknowledged() {
        threeBatches();
        run.report("HEARTBEAT", 0, Map.of(7, 30L, 8, 5L));
        topic.run(9).startedAfter(run);
        remove(3);
        assertThat(Verified.of(topic).holes()).containsExactly(hole(Hole.Kind.TAIL, 7, 20, 29));
    }

    @Test
    void aRestartDoesNotExcuseEventsCountedByAnOlderHeartbeat() {
        threeBatches();
        run.acknowledging(0).report("HEARTBEAT", 0, Map.of(7, 30L, 8, 5L));
        run.control("HEARTBEAT", Map.of("report_id", 9L, "events_sequenced", 35L, "stream_count", 2));
        topic.run(9).startedAfter(run);
        remove(3);
        assertThat(Verified.of(topic).holes()).containsExactly(hole(Hole.Kind.TAIL, 7, 20, 29));
    }

    @Test
    void aRunWithoutAnEndIsAProblem() {
        threeBatches();
        run.report("HEARTBEAT", 0, Map.of(7, 30L, 8, 5L));
        topic.run(9).started();
        assertThat(Verified.of(topic).problems()).singleElement().asString().contains("neither STOPPED");
    }

    @Test
    void eventsWithoutControlRecordsProveNothing() {
        run.opened(7, 0, 9);
        assertThat(Verified.of(topic).problems()).singleElement().asString().contains("no record STARTED");
    }

    @Test
    void aStreamThatOnlyTheTotalCountsIsMissing() {
        threeBatches();
        GenericRecord report = run.report("STOPPED", 0, Map.of(7, 30L, 8, 5L));
        report.put("events_sequenced", 41L);
        report.put("stream_count", 3);
        VerifyReport found = Verified.of(topic);
        assertThat(found.undeclared()).isEqualTo(6);
        assertThat(found.problems()).singleElement().asString().contains("6 events in 1 streams are neither");
    }

    @Test
    void eventsBeyondTheCountInStoppedAreAProblem() {
        threeBatches();
        run.report("STOPPED", 0, Map.of(7, 29L, 8, 5L));
        assertThat(Verified.of(topic).problems()).singleElement().asString().contains("STOPPED counts 29 events");
    }

    @Test
    void countsRepetitionsAndKeepsTheFirst() {
        threeBatches();
        stopped();
        topic.events.add(topic.events.get(1));
        topic.events.add(topic.events.get(3));
        VerifyReport report = Verified.of(topic);
        assertThat(report.duplicates()).isEqualTo(20);
        assertThat(report.reordered()).isZero();
        assertThat(report.flowsOpened()).isEqualTo(35);
        assertThat(report.proven()).isTrue();
    }

    @Test
    void firstOccurrencesOutOfOrderAreCounted() {
        threeBatches();
        stopped();
        topic.events.add(remove(1));
        VerifyReport report = Verified.of(topic);
        assertThat(report.reordered()).isEqualTo(10);
        assertThat(report.undeclared()).isZero();
        assertThat(report.proven()).isFalse();
        assertThat(report.problems()).singleElement().asString().contains("zone 7: 10 events come after a later one");
    }

    @Test
    void orderIsCheckedWithinAFile() {
        threeBatches();
        stopped();
        Placed moved = remove(1);
        topic.events.add(new Placed(-9, moved.record()));
        assertThat(Verified.of(topic).reordered()).isZero();
    }

    @Test
    void aStreamOnTwoPartitionsIsAProblem() {
        threeBatches();
        stopped();
        topic.events.add(new Placed(9, remove(3).record()));
        VerifyReport report = Verified.of(topic);
        assertThat(report.undeclared()).isZero();
        assertThat(report.proven()).isFalse();
        assertThat(report.problems())
                .singleElement()
                .asString()
                .contains("zone 7: its events are on partitions 3 and 9");
    }

    @Test
    void aRepetitionOnAnotherPartitionIsAProblem() {
        threeBatches();
        stopped();
        topic.events.add(new Placed(9, topic.events.get(1).record()));
        assertThat(Verified.of(topic).problems()).singleElement().asString().contains("partitions 3 and 9");
    }

    @Test
    void aStreamMayBeContinuedInAnotherFile() {
        threeBatches();
        stopped();
        for (int i = 0; i < topic.events.size(); i++) {
            topic.events.set(i, new Placed(-1 - i, topic.events.get(i).record()));
        }
        assertThat(Verified.of(topic).proven()).isTrue();
    }

    @Test
    void malformedMessagesInTheLastReportAreAProblem() {
        threeBatches();
        run.report("HEARTBEAT", 0, Map.of(7, 30L, 8, 5L)).put("events_malformed", 300L);
        GenericRecord last = run.report("STOPPED", 0, Map.of(7, 30L, 8, 5L));
        last.put("events_malformed", 303L);
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isFalse();
        assertThat(report.undeclared()).isZero();
        assertThat(report.problems()).singleElement().asString().contains("303 event messages");
        last.put("events_malformed", 0L);
        assertThat(Verified.of(topic).proven()).isTrue();
    }

    @Test
    void datagramsThatAreNotTheKernelsAreARemark() {
        threeBatches();
        GenericRecord last = run.report("STOPPED", 0, Map.of(7, 30L, 8, 5L));
        assertThat(Verified.of(topic).remarks()).isEmpty();
        last.put("events_foreign", 4L);
        assertThat(Verified.of(topic).proven()).isTrue();
        assertThat(Verified.of(topic).remarks()).singleElement().asString().contains("4 datagrams");
        assertThat(new VerifyText(java.time.ZoneOffset.UTC).format(Verified.of(topic)))
                .contains("REMARK   h/host (1) run " + Recorded.EPOCH + ": 4 datagrams");
    }

    @Test
    void namesAHoleOfTheControlStream() {
        threeBatches();
        run.control("MODE", Map.of());
        run.control("MODE", Map.of());
        stopped();
        topic.control.remove(2);
        assertThat(Verified.of(topic).holes()).containsExactly(new Hole(stream(-1), true, Hole.Kind.HOLE, 2, 2));
        assertThat(Verified.of(topic).proven()).isFalse();
    }

    @Test
    void aLostStartIsAHoleUnlessItIsDeclared() {
        threeBatches();
        GenericRecord gap = run.gap("damage", Recorded.range(null, 0, 0L));
        gap.put("gap_stream", "control");
        stopped();
        topic.control.remove(0);
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isTrue();
        assertThat(report.runs.get(0).controlLost).isEqualTo(1);
        gap.put("gap_stream", "events");
        gap.put("ranges", null);
        assertThat(Verified.of(topic).holes()).containsExactly(new Hole(stream(-1), true, Hole.Kind.HOLE, 0, 0));
    }

    @Test
    void aLostStoppedIsDeclaredByTheNextRun() {
        threeBatches();
        Recorded.Run next = topic.run(9).startedAfterEnd(run);
        GenericRecord gap = next.gap("damage", Recorded.range(null, 1, 1L));
        gap.put("gap_stream", "control");
        assertThat(Verified.of(topic).problems()).singleElement().asString().contains("neither STOPPED");
        gap.put("gap_stream_epoch", Recorded.EPOCH);
        assertThat(Verified.of(topic).problems()).isEmpty();
    }

    @Test
    void aRepeatedControlRecordCountsOnce() {
        threeBatches();
        run.kernelGap(5);
        run.report("STOPPED", 5, Map.of(7, 30L, 8, 5L));
        topic.control.add(topic.control.get(1));
        assertThat(Verified.of(topic).kernelLost()).isEqualTo(5);
        assertThat(Verified.of(topic).proven()).isTrue();
    }

    @Test
    void kernelLossesAreDeclaredByGapsOfTheirNamespace() {
        threeBatches();
        run.batch(7, 12, event(30, "NEW", 30));
        run.kernelGap(8);
        run.kernelGap(4);
        run.report("STOPPED", 12, Map.of(7, 31L, 8, 5L));
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isTrue();
        assertThat(report.kernelLost()).isEqualTo(12);
        assertThat(report.declared()).isEqualTo(12);
        assertThat(report.completenessPercent()).isLessThan(100);
    }

    @Test
    void lostTotalOfABatchWithoutGapIsUndeclared() {
        threeBatches();
        run.batch(7, 12, event(30, "NEW", 30));
        run.kernelGap(8);
        run.report("STOPPED", 8, Map.of(7, 31L, 8, 5L));
        VerifyReport report = Verified.of(topic);
        assertThat(report.undeclared()).isEqualTo(4);
        assertThat(report.problems()).singleElement().asString().contains("lost_total is 12", "count 8");
    }

    @Test
    void aSnapshotThatCountsMoreThanThePresentEventsIsAProblem() {
        run.started();
        run.snapshotEnd(3, true, 2, Map.of(7, 1L));
        run.batch(7, 0, Recorded.existing(0, 1, 3));
        run.report("STOPPED", 0, Map.of(7, 1L));
        assertThat(Verified.of(topic).problems()).singleElement().asString().contains("snapshot 3");
    }

    /** A run that was killed, or is running, has events that no report counts. */
    @Test
    void aSnapshotIsComparedWithItsEventsAlsoWhenLaterOnesFollow() {
        run.started();
        run.snapshotEnd(3, true, 2, Map.of(7, 1L));
        run.batch(7, 0, Recorded.existing(0, 1, 3), event(1, "NEW", 2));
        assertThat(Verified.of(topic).problems()).singleElement().asString().contains("snapshot 3");
    }

    @Test
    void declaredEventsOfASnapshotAreNotMadeUpForByAsManyLaterOnes() {
        run.started();
        run.batch(7, 0, Recorded.existing(0, 1, 3));
        run.gap("handover", 7, 1, 1);
        run.snapshotEnd(3, true, 2, Map.of(7, 2L));
        run.batch(7, 0, event(2, "NEW", 2));
        VerifyReport report = Verified.of(topic);
        assertThat(report.declared()).isEqualTo(1);
        assertThat(report.problems()).isEmpty();
    }

    @Test
    void eventsRemovedByRetentionAreExpiredAndNotUndeclared() {
        threeBatches();
        stopped();
        remove(0);
        Verifier verifier = new Verifier(new Verifier.Limits(10, 10, 1 << 20));
        verifier.trimmed(false, 3);
        VerifyReport report = Verified.of(topic, verifier);
        assertThat(report.expired()).isEqualTo(10);
        assertThat(report.proven()).isTrue();
        Verifier other = new Verifier(new Verifier.Limits(10, 10, 1 << 20));
        other.trimmed(false, 2);
        assertThat(Verified.of(topic, other).undeclared()).isEqualTo(10);
    }

    @Test
    void anUndecodableRecordIsAProblem() {
        Verifier verifier = new Verifier(new Verifier.Limits(10, 10, 1 << 20));
        verifier.undecodable("t, partition 0, offset 1", new RecordException("damaged"));
        assertThat(verifier.finish().problems()).singleElement().asString().contains("offset 1: damaged");
    }

    @Test
    void boundsTheStreams() {
        threeBatches();
        assertThatThrownBy(() -> Verified.of(topic, new Verifier(new Verifier.Limits(1, 10, 1 << 20))))
                .isInstanceOf(Verifier.LimitException.class)
                .hasMessageContaining("more than 1 streams");
    }

    /** Adds a second namespace with the same name in the same run: zone 7 has 0..9 there. */
    private Recorded.Run madeAgain() {
        Recorded.Run again = topic.new Run("host", "2", "b", Recorded.EPOCH).started();
        again.opened(7, 0, 9);
        again.report("STOPPED", 0, Map.of(7, 10L));
        return again;
    }

    @Test
    void twoNamespacesWithOneNameInOneRunAreSeparateStreams() {
        threeBatches();
        stopped();
        madeAgain();
        VerifyReport report = Verified.of(topic);
        assertThat(report.problems()).isEmpty();
        assertThat(report.proven()).isTrue();
        assertThat(report.present()).isEqualTo(45);
        assertThat(report.duplicates()).isZero();
        assertThat(report.streams)
                .extracting(stream -> stream.key.netnsId() + " zone " + stream.key.zone())
                .containsExactly("1 zone 7", "1 zone 8", "2 zone 7");
        assertThat(report.runs).extracting(of -> of.key.namespace()).containsExactly("host (1)", "host (2)");
    }

    @Test
    void namesTheNamespaceOfAHole() {
        threeBatches();
        stopped();
        madeAgain();
        remove(4);
        VerifyReport report = Verified.of(topic);
        StreamKey second = new StreamKey("h", "b", "host", "2", 7, Recorded.EPOCH);
        assertThat(report.holes()).containsExactly(new Hole(second, false, Hole.Kind.STREAM, 0, 9));
        assertThat(new VerifyText(java.time.ZoneOffset.UTC).format(report)).contains("namespace host (2), zone 7");
    }

    @Test
    void aRestartIsMatchedByNamespaceName() {
        threeBatches();
        run.report("HEARTBEAT", 0, Map.of(7, 30L, 8, 5L));
        topic.new Run("host", "2", "b", Recorded.EPOCH + 9).startedAfter(run);
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isTrue();
        assertThat(report.runs).hasSize(2);
        assertThat(report.runs.get(0).restarts).isEqualTo(1);
    }

    @Test
    void aNamespaceThatThePreviousRunDidNotWatchIsNoProblem() {
        threeBatches();
        run.report("HEARTBEAT", 0, Map.of(7, 30L, 8, 5L));
        topic.run(9).startedAfter(run);
        topic.new Run("added", "3", "b", Recorded.EPOCH + 9).startedAfter(run);
        assertThat(Verified.of(topic).problems()).isEmpty();
    }

    @Test
    void recordsOfAnUnknownKindOnlyCountInTheSequence() {
        threeBatches();
        run.control("CHECKPOINT", Map.of("checkpoint_note", "note"));
        stopped();
        assertThat(Verified.of(topic).proven()).isTrue();
        topic.control.remove(1);
        assertThat(Verified.of(topic).holes()).containsExactly(new Hole(stream(-1), true, Hole.Kind.HOLE, 1, 1));
    }

    @Test
    void anOperatorRunNeedsNoEnd() {
        threeBatches();
        stopped();
        topic.run(3).control("OPERATOR", Map.of("operation", "flush"));
        assertThat(Verified.of(topic).proven()).isTrue();
    }

    @Test
    void jsonNamesTheStreamAndTheSequences() throws Exception {
        threeBatches();
        run.batch(8, 0, inferred(5, 0));
        run.report("STOPPED", 0, Map.of(7, 30L, 8, 6L));
        remove(1);
        var out = new java.io.ByteArrayOutputStream();
        new VerifyJson(out).write(Verified.of(topic));
        var tree = new com.fasterxml.jackson.databind.ObjectMapper().readTree(out.toByteArray());
        assertThat(tree.get("proven").asBoolean()).isFalse();
        for (String at : new String[] {"/holes/0", "/streams/1", "/runs/0"}) {
            assertThat(tree.at(at + "/netns").asText()).as(at).isEqualTo("host");
            assertThat(tree.at(at + "/netns_id").asText()).as(at).isEqualTo("1");
        }
        assertThat(tree.at("/holes/0/ct_zone").asInt()).isEqualTo(7);
        assertThat(tree.at("/holes/0/first_sequence").asLong()).isEqualTo(10);
        assertThat(tree.at("/holes/0/last_sequence").asLong()).isEqualTo(19);
        assertThat(tree.at("/streams/1/flows/closed_inferred").asLong()).isEqualTo(1);
        assertThat(tree.at("/runs/0/end").asText()).isEqualTo("stopped");
        assertThat(tree.at("/lost/spool").asLong()).isZero();
    }
}
