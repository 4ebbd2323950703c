package dev.ctstream.verify;

import static dev.ctstream.record.Recorded.event;
import static dev.ctstream.record.Recorded.existing;
import static dev.ctstream.record.Recorded.inferred;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Recorded;
import java.util.List;
import java.util.Map;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** The fate of flows, within a run and across restarts. */
class VerifiedFlowsTest {
    private final Recorded topic = new Recorded();
    private final Recorded.Run run = topic.run(0).started();

    private FlowCounts verify() {
        return Verified.of(topic).flows;
    }

    @Test
    void countsBeginningsAndEndsByKind() {
        run.batch(
                7,
                0,
                event(0, "NEW", 1),
                event(1, "NEW", 2),
                existing(2, 3, 1),
                event(3, "DESTROY", 1),
                inferred(4, 3),
                event(5, "DESTROY", 9));
        FlowCounts flows = verify();
        assertThat(flows.openedNew).isEqualTo(2);
        assertThat(flows.openedExisting).isEqualTo(1);
        assertThat(flows.unopened).isEqualTo(1);
        assertThat(flows.observed).isEqualTo(2);
        assertThat(flows.inferred).isEqualTo(1);
        assertThat(flows.open).isEqualTo(1);
    }

    @Test
    void theSameFlowInAnotherZoneIsAnotherFlow() {
        run.batch(7, 0, event(0, "NEW", 1));
        run.batch(8, 0, event(0, "DESTROY", 1));
        assertThat(verify().open).isEqualTo(1);
    }

    @Test
    void theSameFlowInAnotherNamespaceOfTheSameNameIsAnotherFlow() {
        run.batch(7, 0, event(0, "NEW", 1));
        topic.new Run("host", "2", "b", Recorded.EPOCH).started().batch(7, 0, event(0, "DESTROY", 1));
        assertThat(verify().open).isEqualTo(1);
        assertThat(verify().unopened).isEqualTo(1);
    }

    @Test
    void aRecreatedNamespaceEndsTheFlowsOfItsPredecessor() {
        run.batch(7, 0, event(0, "NEW", 1), event(1, "NEW", 2));
        Recorded.Run later = topic.new Run("host", "2", "b", Recorded.EPOCH + 9).startedAfter(run);
        later.snapshotEnd(1, true, 1, Map.of(7, 1L));
        later.batch(7, 0, existing(0, 2, 1));
        FlowCounts flows = verify();
        assertThat(flows.restart).isEqualTo(2);
        assertThat(flows.openedExisting).isEqualTo(1);
        assertThat(flows.open).isEqualTo(1);
    }

    @Test
    void eventsOfAnUnknownTypeDoNotAffectFlows() {
        String later = "OF_A_LATER_VERSION";
        run.batch(7, 0, event(0, later, 5), event(1, "NEW", 1), event(2, later, 1), event(3, "DESTROY", 1));
        run.batch(7, 0, event(4, later, 1));
        run.report("STOPPED", 0, Map.of(7, 5L));
        VerifyReport report = Verified.of(topic);
        assertThat(report.present()).isEqualTo(5);
        assertThat(report.proven()).isTrue();
        assertThat(report.flowsOpened()).isEqualTo(1);
        assertThat(report.flowsClosed()).isEqualTo(1);
        assertThat(report.flows.unopened).isZero();
        assertThat(report.flows.late).isZero();
    }

    @Test
    void anInterimReportIsOfAnOpenFlow() {
        run.batch(7, 0, event(0, "NEW", 1), event(1, "INTERIM", 1), event(2, "DESTROY", 1), event(3, "INTERIM", 2));
        run.report("STOPPED", 0, Map.of(7, 4L));
        FlowCounts flows = Verified.of(topic).flows;
        assertThat(flows.openedNew).isEqualTo(1);
        assertThat(flows.observed).isEqualTo(1);
        assertThat(flows.unopened).isEqualTo(1);
        assertThat(flows.open).isEqualTo(1);
    }

    /** A flow that gets an admitted mark during its life: no event of it has come before. */
    @Test
    void anUpdateOpensAFlowWhereAFilterMayHaveAdmittedIt() {
        Recorded filtered = new Recorded();
        for (Recorded of : List.of(topic, filtered)) {
            Recorded.Run its = of == topic ? run : of.run(0);
            if (of == filtered) {
                its.control("STARTED", Map.of("reason", "start", "filter_digest", "f".repeat(64)));
            }
            GenericRecord later = event(3, "UPDATE", 3);
            later.put("begin_sequence", 7L); // its beginning is known, and missing here
            its.batch(7, 0, event(0, "UPDATE", 1), event(1, "UPDATE", 1), event(2, "DESTROY", 1), later);
        }
        FlowCounts flows = Verified.of(filtered).flows;
        assertThat(flows.openedUpdate).isEqualTo(1);
        assertThat(flows.unopened).isEqualTo(1);
        assertThat(flows.opened()).isEqualTo(1);
        assertThat(flows.observed).isEqualTo(1);
        FlowCounts unfiltered = verify();
        assertThat(unfiltered.openedUpdate).isZero();
        assertThat(unfiltered.unopened).isEqualTo(2);
    }

    @Test
    void aRepeatedEndIsARepetition() {
        run.batch(7, 0, event(0, "NEW", 1), event(1, "DESTROY", 1), event(2, "DESTROY", 1));
        FlowCounts flows = verify();
        assertThat(flows.repeated).isEqualTo(1);
        assertThat(flows.observed).isEqualTo(1);
        assertThat(flows.unopened).isZero();
    }

    @Test
    void aRepeatedBeginningIsARepetition() {
        run.batch(7, 0, event(0, "NEW", 1), event(1, "NEW", 1));
        assertThat(verify().repeated).isEqualTo(1);
        assertThat(verify().openedNew).isEqualTo(1);
    }

    @Test
    void anotherFlowWithTheSameKeyHasAnotherStartTime() {
        GenericRecord first = event(1, "DESTROY", 1);
        GenericRecord second = event(2, "DESTROY", 1);
        first.put("start_time_ns", 5L);
        second.put("start_time_ns", 6L);
        run.batch(7, 0, event(0, "NEW", 1), first, second);
        assertThat(verify().repeated).isZero();
        assertThat(verify().observed).isEqualTo(2);
    }

    @Test
    void anObservedEndAfterAnInferredOneIsLate() {
        run.batch(7, 0, event(0, "NEW", 1), inferred(1, 1), event(2, "DESTROY", 1), event(3, "DESTROY", 1));
        FlowCounts flows = verify();
        assertThat(flows.late).isEqualTo(1);
        assertThat(flows.repeated).isEqualTo(1);
        assertThat(flows.inferred).isEqualTo(1);
        assertThat(flows.observed).isZero();
    }

    @Test
    void anUpdateAfterTheEndIsLate() {
        run.batch(7, 0, event(0, "NEW", 1), event(1, "DESTROY", 1), event(2, "UPDATE", 1));
        assertThat(verify().late).isEqualTo(1);
        assertThat(verify().open).isZero();
    }

    @Test
    void aKeyMayOpenAgain() {
        run.batch(7, 0, event(0, "NEW", 1), event(1, "DESTROY", 1), event(2, "NEW", 1), event(3, "DESTROY", 1));
        assertThat(verify().openedNew).isEqualTo(2);
        assertThat(verify().observed).isEqualTo(2);
        assertThat(verify().repeated).isZero();
    }

    @Test
    void flowsMissingInTheFirstCompleteSnapshotEndedWithTheRestart() {
        run.batch(7, 0, event(0, "NEW", 1), event(1, "NEW", 2));
        run.batch(8, 0, event(0, "NEW", 3));
        Recorded.Run later = topic.run(9).startedAfter(run);
        later.snapshotEnd(1, true, 1, Map.of(7, 1L));
        later.batch(7, 0, existing(0, 2, 1));
        VerifyReport report = Verified.of(topic);
        assertThat(report.flows.restart).isEqualTo(2);
        assertThat(report.flows.open).isEqualTo(1);
        assertThat(report.flows.openedExisting).isZero();
        assertThat(report.flowsOpened()).isEqualTo(report.flowsClosed() + report.flowsOpen());
    }

    @Test
    void anIncompleteSnapshotEndsNothing() {
        run.batch(7, 0, event(0, "NEW", 1));
        topic.run(9).startedAfter(run).snapshotEnd(1, false, 0, Map.of());
        assertThat(verify().restart).isZero();
        assertThat(verify().undecided).isEqualTo(1);
    }

    @Test
    void aRebootEndsAllFlows() {
        run.batch(7, 0, event(0, "NEW", 1));
        topic.new Run("host", "b2", Recorded.EPOCH + 9).startedAfter(run);
        assertThat(verify().restart).isEqualTo(1);
    }

    @Test
    void aSnapshotOfAnotherNamespaceEndsNothing() {
        run.batch(7, 0, event(0, "NEW", 1));
        topic.new Run("other", "b", Recorded.EPOCH + 9).startedAfter(run).snapshotEnd(1, true, 0, Map.of());
        assertThat(verify().restart).isZero();
    }

    @Test
    void aFlowOfAnEarlierRunMayEndInALaterOne() {
        run.batch(7, 0, event(0, "NEW", 1));
        Recorded.Run later = topic.run(9).startedAfter(run);
        later.snapshotEnd(1, true, 0, Map.of());
        later.batch(7, 0, event(0, "DESTROY", 1));
        assertThat(verify().restart).isZero();
        assertThat(verify().observed).isEqualTo(1);
        assertThat(verify().unopened).isZero();
    }

    @Test
    void aFullTableIsReportedAndSequencesStayExact() {
        int flows = 2000;
        run.opened(7, 0, flows - 1);
        run.report("STOPPED", 0, Map.of(7, (long) flows));
        VerifyReport report = Verified.of(topic, new Verifier(new Verifier.Limits(10, 10, 1)));
        assertThat(report.flowsUntracked).isEqualTo(flows - 768);
        assertThat(report.flowsOpen()).isEqualTo(768);
        assertThat(report.proven()).isTrue();
    }

    @Test
    void aFullTableDropsFlowsOfEndedRuns() {
        run.opened(7, 0, 699);
        Recorded.Run later = topic.run(9).startedAfter(run);
        later.snapshotEnd(1, true, 1, Map.of(7, 1L));
        later.batch(7, 0, existing(0, 5, 1));
        GenericRecord[] more = new GenericRecord[700];
        for (int i = 0; i < more.length; i++) {
            more[i] = event(1 + i, "NEW", 10_000 + i);
        }
        later.batch(7, 0, more);
        VerifyReport report = Verified.of(topic, new Verifier(new Verifier.Limits(10, 10, 1)));
        assertThat(report.flowsUntracked).isZero();
        assertThat(report.flows.restart).isEqualTo(699);
        assertThat(report.flowsOpen()).isEqualTo(701);
    }
}
