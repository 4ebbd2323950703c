package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.DumpEntryKind;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.metrics.Metrics;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Effects of events, dump entries and ended flows, as far as the receive thread handles them. */
class FlowTrackerTest {
    private static final long CLOSE_AFTER_MILLIS = 1_000;
    private static final long LOSS_WINDOW_MILLIS = 500;
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long RECEIVED = 1_795_244_919_000_000_000L;
    private static final EventSource HOST = new TrackedSource(3, "host");

    private final Metrics metrics = new Metrics();
    private final RecordingSink sink = new RecordingSink();
    private final TrackConfig config = new TrackConfig(
            true,
            60_000,
            1_000,
            60_000,
            false,
            new TrackConfig.Timing(CLOSE_AFTER_MILLIS, LOSS_WINDOW_MILLIS, 1_000, 1_000));
    private final FlowTracker tracker = new FlowTracker(sink, config, new TrackMetrics(metrics));
    private final MadeFlows flows = new MadeFlows();
    private final TestDumps dumps = new TestDumps(tracker, HOST);

    @AfterEach
    void close() {
        metrics.close();
    }

    private void receive(FlowEvent event) {
        tracker.onEvent(HOST, event, RECEIVED);
    }

    private long live() {
        tracker.onDrained(HOST, 0);
        return tracker.namespace(HOST).counts().live();
    }

    private DumpResult dump(FlowEvent... entries) {
        return dumps.complete(DumpRequest.Reason.START, entries);
    }

    private void emptyDump() {
        dumps.complete(DumpRequest.Reason.RECONCILE);
    }

    /** Type and origin of all events so far. */
    private List<String> written() {
        return sink.takeKinds();
    }

    @Test
    void aFlowLivesFromNewToDestroy() {
        receive(flows.begin(1, 1));
        receive(flows.begin(2, 1));
        assertThat(live()).isEqualTo(2);
        receive(flows.end(1, 1));
        assertThat(live()).isEqualTo(1);
        assertThat(written()).containsExactly("NEW kernel", "NEW kernel", "DESTROY kernel");
    }

    @Test
    void aRepeatedNewIsForwardedAndTheFlowCountsOnce() {
        receive(flows.begin(1, 1));
        receive(flows.begin(1, 1));
        assertThat(live()).isEqualTo(1);
        assertThat(written()).containsExactly("NEW kernel", "NEW kernel");
    }

    @Test
    void aDestroyWithoutNewIsForwarded() {
        receive(flows.end(1, 1));
        receive(flows.end(1, 1));
        assertThat(live()).isZero();
        assertThat(written()).containsExactly("DESTROY kernel", "DESTROY kernel");
    }

    @Test
    void aNewThatArrivesAfterItsDestroyAddsNoFlow() {
        receive(flows.end(1, 1));
        receive(flows.begin(1, 1));
        assertThat(live()).isZero();
        receive(flows.timed(false, 2, 1, 1_000));
        receive(flows.timed(true, 2, 1, 900));
        assertThat(live()).isZero();
        receive(flows.timed(false, 4, 1, 1_000));
        receive(flows.timed(true, 4, 1, 1_100)); // a later flow: the kernel reuses ids
        assertThat(live()).isEqualTo(1);
        receive(flows.end(5, 1));
        tracker.onEvent(HOST, flows.begin(5, 1), RECEIVED + TimeUnit.SECONDS.toNanos(6));
        assertThat(live()).isEqualTo(2);
    }

    @Test
    void anUpdateAfterTheDestroyAddsNoFlow() {
        receive(flows.begin(1, 1));
        receive(flows.end(1, 1));
        receive(flows.update(1, 1));
        assertThat(live()).isZero();
        assertThat(written()).containsExactly("NEW kernel", "DESTROY kernel", "UPDATE kernel");
    }

    @Test
    void aDestroyOfAnEarlierFlowWithTheSameIdEndsNothing() {
        dump(flows.entry(1, 1, 5_000, 1));
        receive(flows.endStarted(1, 1, 4_000));
        assertThat(live()).isEqualTo(1);
        receive(flows.endStarted(1, 1, 5_000));
        assertThat(live()).isZero();
    }

    @Test
    void aDestroyOfALaterFlowWithTheSameIdAlsoEndsTheEarlierFlow() {
        dump(flows.entry(1, 1, 5_000, 1));
        receive(flows.endStarted(1, 1, 6_000));
        assertThat(live()).isZero();
        assertThat(written()).containsExactly("EXISTING dump", "DESTROY inferred", "DESTROY kernel");
    }

    @Test
    void aDumpEntryOfALaterFlowWithTheSameIdEndsTheEarlierFlow() {
        dump(flows.entry(1, 1, 5_000, 1));
        dump(flows.entry(1, 1, 6_000, 1));
        assertThat(live()).isEqualTo(1);
        assertThat(written()).containsExactly("EXISTING dump", "DESTROY inferred", "EXISTING dump");
    }

    @Test
    void aLateDumpEntryOfAnEarlierFlowWithTheSameIdDoesNotTouchTheLaterFlow() {
        dumps.begin(DumpRequest.Reason.START);
        receive(flows.begin(1, 1));
        receive(flows.endStarted(1, 1, 5_000));
        receive(flows.begin(1, 1));
        dumps.entry(flows.entry(1, 1, 5_000, 1));
        DumpResult dump = dumps.end(true);
        assertThat(dump.ignored()).isEqualTo(1);
        receive(flows.endStarted(1, 1, 6_000));
        assertThat(live()).isZero();
        assertThat(written()).containsExactly("NEW kernel", "DESTROY kernel", "NEW kernel", "DESTROY kernel");
    }

    @Test
    void dyingAndEndedEntriesAreNotAnnounced() {
        receive(flows.begin(1, 1));
        dumps.begin(DumpRequest.Reason.START);
        receive(flows.end(1, 1)); // known
        receive(flows.end(2, 1)); // not known
        dumps.entry(flows.entry(1, 1, 5, 5));
        dumps.entry(flows.entry(2, 1, 5, 5));
        dumps.entry(flows.dying(4, 1));
        dumps.entry(flows.entry(5, 1, 5, 5));
        DumpResult dump = dumps.end(true);
        assertThat(dump.existing()).isEqualTo(1);
        assertThat(dump.existingByZone()).isEqualTo(Map.of(MadeFlows.zone(5), 1L));
        assertThat(dump.ignored()).isEqualTo(2);
        assertThat(live()).isEqualTo(1);
        assertThat(written())
                .containsExactlyInAnyOrder("NEW kernel", "DESTROY kernel", "DESTROY kernel", "EXISTING dump");
    }

    @Test
    void aFlowMissingFromTwoCompleteDumpsIsClosed() {
        receive(flows.begin(1, 1));
        emptyDump();
        assertThat(live()).isEqualTo(1);
        emptyDump();
        assertThat(live()).isZero();
        assertThat(written()).containsExactly("NEW kernel", "DESTROY inferred");
    }

    @Test
    void twoDumpsInQuickSuccessionCloseNothing() {
        receive(flows.begin(1, 1));
        emptyDump();
        for (int i = 0; i < 3; i++) {
            dumps.advance(150 - 10_000);
            emptyDump();
            assertThat(live()).isEqualTo(1);
        }
        emptyDump();
        assertThat(live()).isZero();
    }

    @Test
    void incompleteDumpsCloseNothing() {
        receive(flows.begin(1, 1));
        for (int i = 0; i < 5; i++) {
            dumps.begin(DumpRequest.Reason.RECONCILE);
            dumps.end(false);
        }
        emptyDump();
        dumps.begin(DumpRequest.Reason.RECONCILE);
        dumps.end(false);
        assertThat(live()).isEqualTo(1);
        emptyDump();
        assertThat(live()).isZero();
    }

    @Test
    void aFlowSeenBetweenTwoDumpsThatLackItStaysLive() {
        receive(flows.begin(1, 1));
        emptyDump();
        dump(flows.entry(1, 1, 5, 7));
        emptyDump();
        assertThat(live()).isEqualTo(1);
    }

    @Test
    void aFlowWhoseDestroyIsStillInTransitIsNotClosed() {
        receive(flows.begin(1, 1));
        emptyDump();
        for (int i = 0; i < 3; i++) {
            dumps.begin(DumpRequest.Reason.RECONCILE);
            dumps.dying(flows.entry(1, 1, 5, 7));
            dumps.end(true);
            assertThat(live()).isEqualTo(1);
        }
    }

    @Test
    void aFlowBornDuringADumpCountsAsPresent() {
        for (int i = 1; i < 4; i++) {
            dumps.begin(DumpRequest.Reason.RECONCILE);
            receive(flows.begin(i, 1));
            dumps.end(true);
            assertThat(live()).isEqualTo(i == 3 ? 2 : i); // the first was absent from the second and third
        }
    }

    @Test
    void removingASourceClosesItsFlowsOnlyIfItsNamespaceIsGone() {
        EventSource other = new TrackedSource(9, "other");
        receive(flows.begin(1, 1));
        tracker.onEvent(other, flows.begin(1, 1), RECEIVED);
        tracker.gone(other);
        tracker.onRemoved(other);
        tracker.onRemoved(HOST);
        tracker.finish();
        assertThat(written()).containsExactlyInAnyOrder("NEW kernel", "NEW kernel", "DESTROY inferred");
    }

    @Test
    void aRequestedDumpAnnouncesAllFlowsAndADumpAfterALossOnlyUnknownOnes() {
        receive(flows.begin(1, 1));
        dumps.begin(DumpRequest.Reason.REQUEST);
        dumps.entry(flows.entry(1, 1, 5, 7));
        DumpResult request = dumps.end(true);
        assertThat(request.existing()).isEqualTo(1);
        dumps.begin(DumpRequest.Reason.GAP);
        dumps.entry(flows.entry(1, 1, 5, 7));
        dumps.entry(flows.entry(2, 1, 5, 7));
        DumpResult gap = dumps.end(true);
        assertThat(gap.existing()).isEqualTo(1);
    }

    @Test
    void aLossThatTheSinkCannotTakeIsDeclaredLater() {
        long windowNanos = TimeUnit.MILLISECONDS.toNanos(LOSS_WINDOW_MILLIS);
        sink.takesLosses = false;
        tracker.onDrained(HOST, 3);
        assertThat(tracker.onPass(5)).isEqualTo(windowNanos);
        assertThat(tracker.onPass(5 + windowNanos)).isEqualTo(RETRY_NANOS);
        tracker.onDrained(HOST, 4);
        assertThat(sink.lost()).isEmpty();
        assertThat(dumps.exchange().gapOpen()).isFalse();
        sink.takesLosses = true;
        assertThat(tracker.onPass(5 + windowNanos)).isEqualTo(Long.MAX_VALUE);
        assertThat(sink.lost()).extracting(RecordingSink.Lost::count).containsExactly(new FlowSink.Count(7, 0, true));
        assertThat(dumps.exchange().gapOpen()).isTrue();
    }

    @Test
    void afterASwitchOfTheDeliveryModeLossesAreAnUpperBound() {
        tracker.onDrained(HOST, 0);
        tracker.namespace(HOST).switchDelivery(true);
        tracker.onDrained(HOST, 3);
        tracker.namespace(HOST).exactLosses(false);
        tracker.onDrained(HOST, 4); // failed attempts
        tracker.finish();
        assertThat(sink.lost()).extracting(RecordingSink.Lost::count).containsExactly(new FlowSink.Count(3, 4, false));
    }

    @Test
    void dumpEntriesOfARemovedSourceAreIgnored() {
        receive(flows.begin(1, 1));
        TrackedNamespace namespace = tracker.namespace(HOST);
        dumps.begin(DumpRequest.Reason.REQUEST);
        tracker.onRemoved(HOST);
        assertThat(namespace.removed()).isTrue();
        assertThat(namespace.finished()).isTrue();
        dumps.entry(flows.entry(2, 1, 5, 7));
        namespace.dumps().endReading(new DumpEnd(true, 0));
        tracker.onDumpMark(HOST, DumpEntryKind.END);
        tracker.onDumpMark(HOST, DumpEntryKind.BEGIN);
        assertThat(written()).containsExactly("NEW kernel");
    }

    @Test
    void aNamespaceThatIsGoneIsFinishedWhenItsFlowsAreClosed() {
        receive(flows.begin(1, 1));
        TrackedNamespace namespace = tracker.namespace(HOST);
        tracker.gone(HOST);
        tracker.onRemoved(HOST);
        assertThat(namespace.removed()).isTrue();
        assertThat(namespace.finished()).isFalse();
        dumps.pass();
        assertThat(namespace.finished()).isTrue();
        assertThat(namespace.counts().live()).isZero();
        assertThat(written()).containsExactly("NEW kernel", "DESTROY inferred");
    }

    @Test
    void theEndOfADumpIsKeptUntilItsEventsAreHandedOver() {
        sink.takesFlushes = false;
        dumps.begin(DumpRequest.Reason.START);
        dumps.entry(flows.entry(1, 1, 5, 7));
        dumps.mark(true);
        assertThat(sink.flushes()).isEqualTo(1);
        dumps.advance(5);
        assertThat(dumps.onePass()).as("not in every pass").isLessThanOrEqualTo(RETRY_NANOS);
        dumps.advance(10);
        assertThat(dumps.onePass()).isEqualTo(RETRY_NANOS);
        assertThat(dumps.result()).isNull();
        sink.takesFlushes = true;
        dumps.advance(10);
        dumps.pass();
        assertThat(dumps.result()).isNotNull();
        int flushes = sink.flushes();
        dumps.advance(10);
        dumps.pass();
        assertThat(sink.flushes()).isEqualTo(flushes);
    }

    @Test
    void aRemovedNamespaceIsFinishedAfterItsEventsAreHandedOver() {
        sink.takesFlushes = false;
        receive(flows.begin(1, 1));
        TrackedNamespace namespace = tracker.namespace(HOST);
        tracker.onRemoved(HOST);
        assertThat(namespace.removed()).isTrue();
        dumps.advance(20);
        dumps.pass();
        assertThat(namespace.finished()).isFalse();
        assertThat(sink.removed()).isEmpty();
        sink.takesFlushes = true;
        dumps.advance(20);
        dumps.pass();
        assertThat(namespace.finished()).isTrue();
        assertThat(sink.removed()).containsExactly("host");
    }

    @Test
    void aRemovedNamespaceIsFinishedAfterItsLossesAreDeclared() {
        sink.takesLosses = false;
        TrackedNamespace namespace = tracker.namespace(HOST);
        tracker.onDrained(HOST, 3);
        tracker.onRemoved(HOST);
        dumps.pass();
        assertThat(namespace.finished()).isFalse();
        assertThat(tracker.finish()).isFalse();
        assertThat(namespace.finished()).isFalse();
        sink.takesLosses = true;
        assertThat(tracker.finish()).isTrue();
        assertThat(namespace.finished()).isTrue();
        assertThat(sink.lost()).hasSize(1);
        assertThat(sink.removed()).containsExactly("host");
    }

    @Test
    void aNamespaceThatIsGoneIsNotFinishedByTheEndOfADump() {
        sink.takesFlushes = false;
        receive(flows.begin(1, 1));
        TrackedNamespace namespace = tracker.namespace(HOST);
        dumps.begin(DumpRequest.Reason.REQUEST);
        dumps.mark(true);
        sink.takesFlushes = true;
        tracker.gone(HOST);
        tracker.onRemoved(HOST);
        assertThat(namespace.finished()).isFalse();
        dumps.pass();
        assertThat(namespace.finished()).isTrue();
        assertThat(namespace.dumps().result(dumps.request())).isNull();
        assertThat(written()).containsExactly("NEW kernel", "DESTROY inferred");
    }

    @Test
    void finishIsRepeatedUntilEverythingIsHandedOver() {
        EventSource other = new TrackedSource(9, "other");
        tracker.onEvent(other, flows.begin(1, 1), RECEIVED);
        tracker.onDrained(HOST, 3);
        TrackedNamespace gone = tracker.namespace(other);
        tracker.gone(other);
        tracker.onRemoved(other);
        sink.takesLosses = false;
        sink.takesFlushes = false;
        assertThat(tracker.finish()).isFalse();
        sink.takesLosses = true;
        assertThat(tracker.finish()).isFalse();
        assertThat(gone.finished()).isFalse();
        sink.takesFlushes = true;
        assertThat(tracker.finish()).isTrue();
        assertThat(gone.finished()).isTrue();
        assertThat(tracker.finish()).isTrue();
        assertThat(sink.lost()).hasSize(1);
        assertThat(written()).containsExactly("NEW kernel", "DESTROY inferred");
    }

    @Test
    void aRepeatedDumpRepeatsTheAnnouncements() {
        receive(flows.begin(1, 1));
        dump(flows.entry(2, 1, 5, 7));
        dumps.begin(DumpRequest.Reason.START, true);
        dumps.entry(flows.entry(1, 1, 5, 7));
        dumps.entry(flows.entry(2, 1, 5, 7));
        assertThat(dumps.end(true).existing()).isEqualTo(1);
        assertThat(sink.takeLinks()).containsExactly("NEW kernel 0 -", "EXISTING dump 1 -", "EXISTING dump 2 1");
    }

    @Test
    void aNamespaceBesideOthersHasAQuarterOfTheLedger() {
        EventSource red = new TrackedSource(4, "red");
        for (int flow = 1; flow <= 300; flow++) {
            receive(flows.begin(flow, 1));
        }
        assertThat(live()).as("alone it may have all").isEqualTo(300);
        tracker.namespace(red);
        tracker.onPass(0);
        for (int flow = 1; flow <= 300; flow++) {
            tracker.onEvent(red, flows.begin(flow, 1), RECEIVED);
        }
        receive(flows.begin(301, 1));
        tracker.onDrained(red, 0);
        assertThat(tracker.namespace(red).counts().live()).isEqualTo(250);
        assertThat(tracker.namespace(red).counts().untracked()).isEqualTo(50);
        assertThat(live()).as("what it had stays").isEqualTo(300);
        assertThat(written()).hasSize(601);
    }

    @Test
    void refusedEventsAreDeclaredAsLost() {
        receive(flows.begin(1, 1));
        sink.refusesEvents = true;
        receive(flows.begin(2, 1));
        receive(flows.end(2, 1));
        tracker.onDrained(HOST, 5);
        tracker.onDrained(HOST, 0);
        assertThat(tracker.namespace(HOST).counts().received()).isEqualTo(1);
        tracker.onRemoved(HOST);
        assertThat(sink.lost()).extracting(lost -> lost.count().events()).containsExactly(7L);
    }
}
