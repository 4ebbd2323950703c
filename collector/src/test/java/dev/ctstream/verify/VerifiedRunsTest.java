package dev.ctstream.verify;

import static dev.ctstream.record.Recorded.event;
import static dev.ctstream.record.Recorded.existing;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Recorded;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** The order of a host's runs, and runs that cannot be ordered. */
class VerifiedRunsTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long TWO_HOURS = 7200 * SECOND;

    private final Recorded topic = new Recorded();

    private Recorded.Run runAt(long offsetNanos) {
        return topic.new Run("host", "b", Recorded.EPOCH + offsetNanos);
    }

    /** Opens flows 1 and 2 in a run that ends cleanly. */
    private static void openTwo(Recorded.Run run) {
        run.batch(7, 0, event(0, "NEW", 1), event(1, "NEW", 2));
        run.report("STOPPED", 0, Map.of(7, 2L));
    }

    /** Sees only flow 2 in a later run. */
    private static void seeOne(Recorded.Run run) {
        run.snapshotEnd(1, true, 1, Map.of(7, 1L));
        run.batch(7, 0, existing(0, 2, 1));
        run.report("STOPPED", 0, Map.of(7, 1L));
    }

    @Test
    void clockSetBackBetweenTwoRunsStillEndsTheFlowsInBetween() {
        Recorded.Run first = runAt(TWO_HOURS).started();
        openTwo(first);
        Recorded.Run second = runAt(0).startedAfterEnd(first);
        seeOne(second);
        VerifyReport report = Verified.of(topic);
        assertThat(report.problems()).isEmpty();
        assertThat(report.remarks()).isEmpty();
        assertThat(report.flows.restart).isEqualTo(1);
        assertThat(report.flowsOpen()).isEqualTo(1);
        assertThat(report.runs)
                .extracting(run -> run.key.streamEpoch() - Recorded.EPOCH)
                .containsExactly(TWO_HOURS, 0L);
    }

    @Test
    void clockSetBackBeforeARestartStillDeclaresTheEnd() {
        Recorded.Run first = runAt(TWO_HOURS).started();
        first.opened(7, 0, 9);
        first.acknowledging(1).report("HEARTBEAT", 0, Map.of(7, 15L));
        runAt(0).startedAfter(first).report("STOPPED", 0, Map.of());
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isTrue();
        assertThat(report.lost(dev.ctstream.record.GapCause.RESTART)).isEqualTo(5);
    }

    /** It was killed before Kafka had a record of it. What the run before it has in the spool can still come. */
    @Test
    void aRunWithoutRecordsIsNoBreakOfTheChain() {
        Recorded.Run first = runAt(0).started();
        first.opened(7, 0, 4);
        first.acknowledging(0).report("HEARTBEAT", 0, Map.of(7, 9L));
        Recorded.Run silent = runAt(TWO_HOURS);
        runAt(TWO_HOURS + SECOND).startedAfter(silent).report("HEARTBEAT", 0, Map.of());
        topic.control.forEach(placed -> {
            placed.record().put("acknowledged_epoch", first.epoch());
            placed.record().put("acknowledged_log_index", 0L);
        });
        VerifyReport report = Verified.of(topic);
        assertThat(report.undeclared()).isZero();
        assertThat(report.inSpool()).isPositive();
        assertThat(report.remarks()).noneMatch(remark -> remark.contains("chains"));
    }

    @Test
    void theClockOrdersChainsThatNothingConnectsAndARemarkSaysSo() {
        openTwo(runAt(0).started());
        seeOne(runAt(TWO_HOURS).started());
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isTrue();
        assertThat(report.flows.restart).isEqualTo(1);
        assertThat(report.remarks())
                .singleElement()
                .asString()
                .contains("2 chains", "new or emptied spool", "by clock");
    }

    @Test
    void runsOfOneChainMayOverlapByTheClock() {
        Recorded.Run first = runAt(0).started();
        first.report("HEARTBEAT", 0, Map.of());
        first.report("STOPPED", 0, Map.of());
        Recorded.Run second = runAt(5 * SECOND).startedAfterEnd(first);
        second.report("STOPPED", 0, Map.of());
        Recorded.Run third = runAt(2 * SECOND).startedAfterEnd(second);
        third.report("STOPPED", 0, Map.of());
        assertThat(Verified.of(topic).proven()).isTrue();
        assertThat(Verified.of(topic).remarks()).isEmpty();
    }

    @Test
    void twoCollectorsWithOneIdentityAreNamed() {
        Recorded.Run one = runAt(0).started();
        Recorded.Run other = runAt(15 * SECOND).started();
        for (Recorded.Run run : List.of(one, other)) {
            run.report("HEARTBEAT", 0, Map.of());
            run.report("STOPPED", 0, Map.of());
        }
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isFalse();
        assertThat(report.problems())
                .singleElement()
                .asString()
                .contains(
                        "h: the runs " + Recorded.EPOCH + " and " + (Recorded.EPOCH + 15 * SECOND),
                        "two collectors have this host_id");
    }

    @Test
    void twoCollectorsThatContinueOneRunAreNamed() {
        Recorded.Run before = runAt(-TWO_HOURS).started();
        before.report("STOPPED", 0, Map.of());
        for (long offset : new long[] {0, 5 * SECOND}) {
            Recorded.Run copy = topic.new Run("host", "b" + offset, Recorded.EPOCH + offset).startedAfterEnd(before);
            copy.report("HEARTBEAT", 0, Map.of());
            copy.report("STOPPED", 0, Map.of());
        }
        VerifyReport report = Verified.of(topic);
        assertThat(report.problems()).singleElement().asString().contains("two collectors have this host_id");
        assertThat(report.remarks()).singleElement().asString().contains("2 chains");
    }

    @Test
    void runsInTwoNamespacesAreOneRun() {
        Recorded.Run before = runAt(-TWO_HOURS).started();
        before.report("STOPPED", 0, Map.of());
        for (String netns : List.of("host", "blue")) {
            Recorded.Run run = topic.new Run(netns, netns, "b", Recorded.EPOCH).startedAfterEnd(before);
            run.report("HEARTBEAT", 0, Map.of());
            run.report("STOPPED", 0, Map.of());
        }
        assertThat(Verified.of(topic).proven()).isTrue();
        assertThat(Verified.of(topic).remarks()).isEmpty();
    }

    @Test
    void operatorRecordsAreNoPartOfChainsAndOverlaps() {
        Recorded.Run run = runAt(0).started();
        run.report("HEARTBEAT", 0, Map.of());
        runAt(15 * SECOND).control("OPERATOR", Map.of("operation", "flush"));
        run.report("STOPPED", 0, Map.of());
        runAt(TWO_HOURS).control("OPERATOR", Map.of("operation", "delete"));
        VerifyReport report = Verified.of(topic);
        assertThat(report.problems()).isEmpty();
        assertThat(report.remarks()).isEmpty();
    }

    @Test
    void runsThatNameEachOtherAreOrderedByTheClock() {
        Recorded.Run first = runAt(0);
        Recorded.Run second = runAt(TWO_HOURS).startedAfterEnd(first);
        second.report("STOPPED", 0, Map.of());
        first.startedAfterEnd(second).report("STOPPED", 0, Map.of());
        VerifyReport report = Verified.of(topic);
        assertThat(report.runs).extracting(run -> run.key.streamEpoch()).isSorted();
        assertThat(report.remarks()).singleElement().asString().contains("2 chains");
    }

    @Test
    void onlyTheNextRunCanTellWhatARunWithoutStoppedLost() throws IOException {
        Recorded.Run run = runAt(0).started();
        run.report("HEARTBEAT", 0, Map.of());
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isTrue();
        assertThat(report.remarks())
                .singleElement()
                .asString()
                .startsWith("h run " + Recorded.EPOCH)
                .contains("only the next run can tell");
        var out = new ByteArrayOutputStream();
        new VerifyJson(out).write(report);
        var tree = new com.fasterxml.jackson.databind.ObjectMapper().readTree(out.toByteArray());
        assertThat(tree.at("/remarks_total").asLong()).isEqualTo(1);
        assertThat(tree.at("/remarks/0/kind").asText()).isEqualTo("open");
        runAt(TWO_HOURS).startedAfter(run).report("STOPPED", 0, Map.of());
        assertThat(Verified.of(topic).remarks()).isEmpty();
    }

    @Test
    void recordsWithoutAPrecedingRunNameThePreviousOne() {
        Recorded.Run first = runAt(TWO_HOURS).started();
        first.report("HEARTBEAT", 0, Map.of());
        runAt(0).startedAfter(first).report("STOPPED", 0, Map.of());
        GenericRecord started = topic.control.get(2).record();
        assertThat(started.get("kind")).isEqualTo("STARTED");
        started.put("preceding_epoch", null);
        started.put("preceding_boot_id", null);
        assertThat(Verified.of(topic).proven()).isTrue();
        assertThat(Verified.of(topic).remarks()).isEmpty();
    }

    /** A run that found these topics. */
    private static void found(Recorded.Run run, String eventsId, boolean changed) {
        run.control(
                "TOPIC",
                changed
                        ? Map.of("topic_events_id", eventsId, "topic_control_id", "c", "topic_backlog_batches", 1L)
                        : Map.of("topic_events_id", eventsId, "topic_control_id", "c"));
    }

    /** Numbers events from 0 on, of which an earlier topic got those before {@code first}. */
    private static void openFrom(Recorded.Run run, long first) {
        run.opened(7, first, 9);
        run.report("STOPPED", 0, Map.of(7, 10L, 8, 5L));
    }

    @Test
    void aTopicThatWasCreatedAgainLacksTheBeginningOfEarlierRuns() {
        Recorded.Run first = runAt(0).started();
        found(first, "e1", false);
        openFrom(first, 4);
        Recorded.Run second = runAt(SECOND).startedAfterEnd(first);
        found(second, "e2", true);
        second.opened(7, 0, 2);
        second.report("STOPPED", 0, Map.of(7, 3L));
        VerifyReport report = Verified.of(topic);
        assertThat(report.problems()).isEmpty();
        assertThat(report.proven()).isTrue();
        assertThat(report.expired()).isEqualTo(4 + 5);
        assertThat(report.remarks())
                .singleElement()
                .asString()
                .endsWith("the event topic was created again before this run: what earlier runs had sent went to the"
                        + " old one");
    }

    @Test
    void theSameTopicLacksNothing() {
        Recorded.Run first = runAt(0).started();
        found(first, "e1", false);
        openFrom(first, 4);
        found(runAt(SECOND).startedAfterEnd(first), "e1", false);
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isFalse();
        assertThat(report.undeclared()).isEqualTo(4 + 5);
    }

    @Test
    void aRunAfterTheChangeOfTheTopicLacksNothing() {
        Recorded.Run first = runAt(0).started();
        found(first, "e2", true);
        openFrom(first, 4);
        VerifyReport report = Verified.of(topic);
        assertThat(report.proven()).isFalse();
        assertThat(report.undeclared()).isEqualTo(4 + 5);
    }

    @Test
    void onlyAStreamOfBeforeTheChangeOfTheTopicMayBeOnTwoPartitions() {
        Recorded.Run first = runAt(0).started();
        first.opened(7, 0, 2);
        topic.events.add(new Recorded.Placed(2, first.opened(7, 3, 5)));
        topic.events.remove(1);
        first.report("STOPPED", 0, Map.of(7, 6L));
        assertThat(Verified.of(topic).problems()).singleElement().asString().contains("on partitions 2 and 3");
        found(runAt(SECOND).startedAfterEnd(first), "e2", true);
        VerifyReport report = Verified.of(topic);
        assertThat(report.problems()).isEmpty();
        assertThat(report.remarks()).anyMatch(remark -> remark.contains("on partitions 2 and 3"));
    }

    @Test
    void onlyAStreamOfBeforeTheChangeOfTheTopicMayBeOutOfOrder() {
        Recorded.Run first = runAt(0).started();
        first.opened(7, 3, 5);
        first.opened(7, 0, 2);
        first.report("STOPPED", 0, Map.of(7, 6L));
        assertThat(Verified.of(topic).problems())
                .singleElement()
                .asString()
                .contains("zone 7: 3 events come after a later one");
        found(runAt(SECOND).startedAfterEnd(first), "e2", true);
        VerifyReport report = Verified.of(topic);
        assertThat(report.problems()).isEmpty();
        assertThat(report.remarks()).anyMatch(remark -> remark.contains("zone 7: 3 events come after a later one"));
    }
}
