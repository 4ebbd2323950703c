package dev.ctstream.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.Recorded;
import dev.ctstream.record.Recorded.Placed;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** What may be concluded while a host still has a backlog in its spool. */
class VerifiedBacklogTest {
    private final Recorded topic = new Recorded();
    private final Recorded.Run run = topic.run(0).started().acknowledging(0);

    private static void acknowledge(GenericRecord record, Recorded.Run run, long below) {
        record.put("acknowledged_epoch", run.epoch());
        record.put("acknowledged_log_index", below);
    }

    /** Zones 7 and 8 in turn, a batch of 10 each, with a HEARTBEAT after each batch; then STOPPED. */
    private void outage(int batches) {
        long seven = 0;
        long eight = 0;
        for (int i = 0; i < batches; i++) {
            if (i % 2 == 0) {
                run.opened(7, seven, seven + 9);
                seven += 10;
            } else {
                run.opened(8, eight, eight + 9);
                eight += 10;
            }
            run.report("HEARTBEAT", 0, eight == 0 ? Map.of(7, seven) : Map.of(7, seven, 8, eight));
        }
        run.report("STOPPED", 0, Map.of(7, seven, 8, eight));
    }

    @Test
    void duringADrainNothingIsUndeclared() {
        outage(90);
        Recorded.Run next = topic.run(9).startedAfterEnd(run);
        GenericRecord heartbeat = next.report("HEARTBEAT", 0, Map.of());
        topic.control.forEach(placed -> acknowledge(placed.record(), run, 0));
        List<Placed> all = new ArrayList<>(topic.events);
        for (int drained = 0; drained <= all.size(); drained++) {
            topic.events.clear();
            topic.events.addAll(all.subList(0, drained));
            if (drained < all.size()) {
                acknowledge(heartbeat, run, (Long) all.get(drained).record().get("log_index"));
            } else {
                acknowledge(heartbeat, next, 0);
            }
            VerifyReport report = Verified.of(topic);
            assertThat(report.undeclared()).as("after %d", drained).isZero();
            assertThat(report.proven()).as("after %d", drained).isTrue();
            assertThat(report.inSpool()).isEqualTo(10L * (all.size() - drained));
            assertThat(report.remarks().stream().anyMatch(remark -> remark.contains("still in the spool of the host")))
                    .isEqualTo(drained < all.size());
        }
    }

    @Test
    void whatALaterRunAcknowledgesIsFinal() {
        outage(2);
        Recorded.Run next = topic.run(9).startedAfterEnd(run);
        topic.events.remove(1);
        assertThat(Verified.of(topic).holes())
                .extracting(Hole::kind, Hole::count)
                .containsExactly(tuple(10));
        topic.control.forEach(placed -> acknowledge(placed.record(), run, 0));
        assertThat(Verified.of(topic).proven()).isTrue();
        acknowledge(next.report("HEARTBEAT", 0, Map.of()), run, 100);
        assertThat(Verified.of(topic).undeclared()).isEqualTo(10);
    }

    private static org.assertj.core.groups.Tuple tuple(long count) {
        return org.assertj.core.groups.Tuple.tuple(Hole.Kind.STREAM, count);
    }

    @Test
    void onlyReportsThatAreAcknowledgedAreFinal() {
        run.opened(7, 0, 9);
        GenericRecord first = run.report("HEARTBEAT", 0, Map.of(7, 20L));
        run.report("HEARTBEAT", 0, Map.of(7, 30L));
        GenericRecord last = run.report("HEARTBEAT", 0, Map.of(7, 40L));
        long logIndex = (Long) first.get("log_index");
        acknowledge(last, run, logIndex - 1);
        assertThat(Verified.of(topic).inSpool()).isEqualTo(30);
        assertThat(Verified.of(topic).proven()).isTrue();
        acknowledge(last, run, logIndex);
        assertThat(Verified.of(topic).inSpool()).isEqualTo(20);
        assertThat(Verified.of(topic).undeclared()).isEqualTo(10);
    }

    @Test
    void aHoleBelowAPresentEventIsFinalWithoutAcknowledgement() {
        run.opened(7, 0, 9);
        run.opened(7, 20, 29);
        run.report("HEARTBEAT", 0, Map.of(7, 40L));
        VerifyReport report = Verified.of(topic);
        assertThat(report.undeclared()).isEqualTo(10);
        assertThat(report.inSpool()).isEqualTo(10);
    }

    @Test
    void declaredEventsAreNotInTheSpool() {
        run.opened(7, 0, 9);
        run.gap("spool", 7, 15, 39);
        run.report("HEARTBEAT", 0, Map.of(7, 40L));
        VerifyReport report = Verified.of(topic);
        assertThat(report.declared()).isEqualTo(25);
        assertThat(report.inSpool()).isEqualTo(5);
    }

    @Test
    void aSnapshotCountsItsEvents() {
        run.snapshotEnd(1, true, 5, Map.of(7, 5L));
        assertThat(Verified.of(topic).inSpool()).isEqualTo(5);
        GenericRecord last = run.report("HEARTBEAT", 0, Map.of(7, 5L));
        assertThat(Verified.of(topic).inSpool()).isEqualTo(5);
        acknowledge(last, run, (Long) last.get("log_index"));
        assertThat(Verified.of(topic).undeclared()).isEqualTo(5);
    }

    @Test
    void aStreamThatOnlyTheTotalCountsMayBeInTheSpool() {
        run.opened(7, 0, 9);
        GenericRecord report = run.report("HEARTBEAT", 0, Map.of(7, 10L));
        report.put("events_sequenced", 16L);
        report.put("stream_count", 2);
        assertThat(Verified.of(topic).proven()).isTrue();
        assertThat(Verified.of(topic).inSpool()).isEqualTo(6);
        acknowledge(report, run, (Long) report.get("log_index"));
        assertThat(Verified.of(topic).undeclared()).isEqualTo(6);
    }

    @Test
    void totalsOfAReportThatIsNotThereInFullProveNothing() {
        run.acknowledging(Long.MAX_VALUE).opened(7, 0, 9);
        GenericRecord part = run.report("HEARTBEAT", 0, Map.of(7, 10L));
        part.put("report_parts", 2);
        part.put("events_sequenced", 16L);
        part.put("stream_count", 2);
        assertThat(Verified.of(topic).proven()).isTrue();
    }

    @Test
    void acknowledgementsAfterTheEventEndsDoNotCount() {
        run.acknowledging(Long.MAX_VALUE).opened(7, 0, 9);
        run.report("STOPPED", 0, Map.of(7, 20L));
        RecordDecoder decoder = new RecordDecoder();
        Verifier verifier = new Verifier(new Verifier.Limits(1000, 1000, 1 << 20));
        verifier.eventEndsFixed();
        Recorded.feed(decoder, topic.control, verifier::control);
        Recorded.feed(decoder, topic.events, verifier::event);
        VerifyReport report = verifier.finish();
        assertThat(report.proven()).isTrue();
        assertThat(report.inSpool()).isEqualTo(10);
        assertThat(Verified.of(topic).undeclared()).isEqualTo(10);
    }

    @Test
    void whatTheSpoolBeforeANewOneHeldIsUndeclared() {
        run.opened(7, 0, 9);
        run.report("STOPPED", 0, Map.of(7, 20L));
        assertThat(Verified.of(topic).proven()).isTrue();
        topic.run(3_600_000_000_000L).started();
        VerifyReport report = Verified.of(topic);
        assertThat(report.undeclared()).isEqualTo(10);
        assertThat(report.remarks()).anyMatch(remark -> remark.contains("new or emptied spool"));
    }

    @Test
    void aRunThatEndedUncleanlyMayStillBeInTheSpool() {
        run.opened(7, 0, 9);
        run.report("HEARTBEAT", 0, Map.of(7, 20L));
        run.report("HEARTBEAT", 0, Map.of(7, 25L));
        topic.run(9).startedAfter(run);
        List<Placed> records = topic.control;
        records.forEach(placed -> acknowledge(placed.record(), run, 0));
        assertThat(Verified.of(topic).inSpool()).isEqualTo(15);
        assertThat(Verified.of(topic).proven()).isTrue();
    }

    @Test
    void manyReportsThatAreNotAcknowledgedStayBounded() {
        ReportedLength reported = new ReportedLength();
        for (int i = 1; i <= 1000; i++) {
            reported.add(i, 10L * i, 0);
        }
        assertThat(reported.finalNext(0)).isZero();
        assertThat(reported.finalNext(700)).isBetween(6000L, 7000L);
        assertThat(reported.finalNext(1000)).isEqualTo(10_000);
    }

    @Test
    void withoutLogIndexTheNextReportConfirmsTheOneBefore() {
        run.opened(7, 0, 9);
        run.report("HEARTBEAT", 0, Map.of(7, 20L));
        run.report("HEARTBEAT", 0, Map.of(7, 25L));
        withoutLogIndex();
        VerifyReport report = Verified.of(topic);
        assertThat(report.undeclared()).isEqualTo(10);
        assertThat(report.inSpool()).isEqualTo(5);
        run.report("STOPPED", 0, Map.of(7, 25L));
        withoutLogIndex();
        assertThat(Verified.of(topic).undeclared()).isEqualTo(15);
    }

    private void withoutLogIndex() {
        for (Placed placed : topic.control) {
            for (String field : List.of("log_index", "acknowledged_epoch", "acknowledged_log_index")) {
                placed.record().put(field, null);
            }
        }
    }
}
