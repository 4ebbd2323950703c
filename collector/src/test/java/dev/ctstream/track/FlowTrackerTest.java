package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.batch.Schemas;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.metrics.Metrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of events, entries of dumps and flows that are gone; the receive thread's part alone. */
class FlowTrackerTest {
    private static final long CLOSE_AFTER_MILLIS = 1_000;
    private static final long RECEIVED = 1_795_244_919_000_000_000L;
    private static final EventSource HOST = new Source(3, "host");

    private final Metrics metrics = new Metrics();
    private final BatchRing ring = new BatchRing();
    private final Batcher batcher =
            new Batcher(BatchConfig.DEFAULT, new RunIdentity("h", "b", 1), ring, new BatchMetrics(metrics));
    private final TrackConfig config = new TrackConfig(
            true, 60_000, 1_000, 60_000, false, new TrackConfig.Timing(CLOSE_AFTER_MILLIS, 1_000, 1_000, 1_000));
    private final FlowTracker tracker = new FlowTracker(batcher, config, new TrackMetrics(metrics));
    private final Flows flows = new Flows();
    private long now = System.nanoTime();
    private long snapshots;

    private record Source(int index, String netns) implements EventSource {
        @Override
        public long dropsTotal() {
            return 0;
        }
    }

    @AfterEach
    void close() {
        metrics.close();
    }

    private void receive(FlowEvent event) {
        tracker.onEvent(HOST, event, RECEIVED);
    }

    private long live() {
        tracker.onDrained(HOST, 0);
        return tracker.namespace(HOST).published().live();
    }

    private DumpState begin(DumpState.Reason reason) {
        now += TimeUnit.SECONDS.toNanos(10);
        DumpState dump = new DumpState(++snapshots, reason, false, now);
        tracker.namespace(HOST).nextDump = dump;
        tracker.onInjectedMark(HOST, DumpState.BEGIN);
        assertThat(dump.begun()).isTrue();
        return dump;
    }

    private void end(DumpState dump, boolean complete) {
        now += TimeUnit.MILLISECONDS.toNanos(100);
        dump.endNanos = now;
        dump.complete = complete;
        tracker.onInjectedMark(HOST, DumpState.END);
        assertThat(dump.ended()).isTrue();
        while (tracker.onPass(now) == 0) {
            now++;
        }
    }

    private void emptyDump() {
        end(begin(DumpState.Reason.RECONCILE), true);
    }

    /** Type and origin of all events so far. */
    private List<String> written() {
        batcher.closeAll();
        List<String> all = new ArrayList<>();
        for (EncodedBatch batch = ring.poll(); batch != null; batch = ring.poll()) {
            if (batch.kind() == EncodedBatch.EVENTS) {
                for (Object event : (List<?>) read(batch).get("events")) {
                    GenericRecord record = (GenericRecord) event;
                    all.add(record.get("event_type") + " " + record.get("origin"));
                }
            }
        }
        return all;
    }

    private static GenericRecord read(EncodedBatch batch) {
        try {
            return new GenericDatumReader<GenericRecord>(Schemas.BATCH)
                    .read(
                            null,
                            DecoderFactory.get()
                                    .binaryDecoder(batch.array(), batch.offset(), batch.lengthBytes(), null));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
    void aRepeatedNewIsPassedOnAndCountsOnce() {
        receive(flows.begin(1, 1));
        receive(flows.begin(1, 1));
        assertThat(live()).isEqualTo(1);
        assertThat(written()).containsExactly("NEW kernel", "NEW kernel");
    }

    @Test
    void aDestroyWithoutNewIsPassedOn() {
        receive(flows.end(1, 1));
        receive(flows.end(1, 1));
        assertThat(live()).isZero();
        assertThat(written()).containsExactly("DESTROY kernel", "DESTROY kernel");
    }

    @Test
    void aNewThatItsDestroyOvertookLeavesNoFlowBehind() {
        receive(flows.end(1, 1));
        receive(flows.begin(1, 1));
        assertThat(live()).isZero();
        receive(flows.timed(false, 2, 1, 1_000));
        receive(flows.timed(true, 2, 1, 900));
        assertThat(live()).isZero();
        receive(flows.timed(false, 4, 1, 1_000));
        receive(flows.timed(true, 4, 1, 1_100)); // began afterwards: the kernel uses an id again
        assertThat(live()).isEqualTo(1);
        receive(flows.end(5, 1));
        tracker.onEvent(HOST, flows.begin(5, 1), RECEIVED + TimeUnit.SECONDS.toNanos(6));
        assertThat(live()).isEqualTo(2);
    }

    @Test
    void anUpdateAfterTheDestroyLeavesNoFlowBehind() {
        receive(flows.begin(1, 1));
        receive(flows.end(1, 1));
        receive(flows.update(1, 1));
        assertThat(live()).isZero();
        assertThat(written()).containsExactly("NEW kernel", "DESTROY kernel", "UPDATE kernel");
    }

    @Test
    void aDestroyOfAnEarlierFlowWithTheSameIdEndsNothing() {
        end(dumpOf(flows.entry(1, 1, 5_000, 1)), true);
        receive(flows.endStarted(1, 1, 4_000));
        assertThat(live()).isEqualTo(1);
        receive(flows.endStarted(1, 1, 5_000));
        assertThat(live()).isZero();
    }

    @Test
    void aDestroyOfALaterFlowWithTheSameIdEndsTheEarlierToo() {
        end(dumpOf(flows.entry(1, 1, 5_000, 1)), true);
        receive(flows.endStarted(1, 1, 6_000));
        assertThat(live()).isZero();
        assertThat(written()).containsExactly("EXISTING dump", "DESTROY inferred", "DESTROY kernel");
    }

    @Test
    void anEntryOfALaterFlowWithTheSameIdEndsTheEarlier() {
        end(dumpOf(flows.entry(1, 1, 5_000, 1)), true);
        end(dumpOf(flows.entry(1, 1, 6_000, 1)), true);
        assertThat(live()).isEqualTo(1);
        assertThat(written()).containsExactly("EXISTING dump", "DESTROY inferred", "EXISTING dump");
    }

    @Test
    void aLateEntryOfAnEarlierFlowWithTheSameIdTellsNothingOfItsSuccessor() {
        DumpState dump = begin(DumpState.Reason.START);
        receive(flows.begin(1, 1));
        receive(flows.endStarted(1, 1, 5_000));
        receive(flows.begin(1, 1));
        tracker.onInjected(HOST, flows.entry(1, 1, 5_000, 1), DumpState.ENTRY);
        end(dump, true);
        assertThat(dump.ignored).isEqualTo(1);
        receive(flows.endStarted(1, 1, 6_000));
        assertThat(live()).isZero();
        assertThat(written()).containsExactly("NEW kernel", "DESTROY kernel", "NEW kernel", "DESTROY kernel");
    }

    private DumpState dumpOf(FlowEvent... entries) {
        DumpState dump = begin(DumpState.Reason.START);
        for (FlowEvent entry : entries) {
            tracker.onInjected(HOST, entry, DumpState.ENTRY);
        }
        return dump;
    }

    @Test
    void entriesThatEndOrHaveEndedAreNotAnnounced() {
        receive(flows.begin(1, 1));
        DumpState dump = begin(DumpState.Reason.START);
        receive(flows.end(1, 1)); // known
        receive(flows.end(2, 1)); // not known
        tracker.onInjected(HOST, flows.entry(1, 1, 5, 5), DumpState.ENTRY);
        tracker.onInjected(HOST, flows.entry(2, 1, 5, 5), DumpState.ENTRY);
        tracker.onInjected(HOST, flows.dying(4, 1), DumpState.ENTRY);
        tracker.onInjected(HOST, flows.entry(5, 1, 5, 5), DumpState.ENTRY);
        end(dump, true);
        assertThat(dump.existing).isEqualTo(1);
        assertThat(dump.existing(Flows.zone(5))).isEqualTo(1);
        assertThat(dump.ignored).isEqualTo(2);
        assertThat(live()).isEqualTo(1);
        assertThat(written())
                .containsExactlyInAnyOrder("NEW kernel", "DESTROY kernel", "DESTROY kernel", "EXISTING dump");
    }

    @Test
    void aFlowIsClosedWhenTwoCompleteDumpsLackIt() {
        receive(flows.begin(1, 1));
        emptyDump();
        assertThat(live()).isEqualTo(1);
        emptyDump();
        assertThat(live()).isZero();
        assertThat(written()).containsExactly("NEW kernel", "DESTROY inferred");
    }

    @Test
    void twoDumpsTooCloseToEachOtherCloseNothing() {
        receive(flows.begin(1, 1));
        emptyDump();
        for (int i = 0; i < 3; i++) {
            now -= TimeUnit.SECONDS.toNanos(10) - TimeUnit.MILLISECONDS.toNanos(150);
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
            end(begin(DumpState.Reason.RECONCILE), false);
        }
        emptyDump();
        end(begin(DumpState.Reason.RECONCILE), false);
        assertThat(live()).isEqualTo(1);
        emptyDump();
        assertThat(live()).isZero();
    }

    @Test
    void aFlowThatWasSeenInBetweenIsAliveAgain() {
        receive(flows.begin(1, 1));
        emptyDump();
        end(dumpOf(flows.entry(1, 1, 5, 7)), true);
        emptyDump();
        assertThat(live()).isEqualTo(1);
    }

    @Test
    void aFlowWhoseDestroyIsUnderWayIsNotClosed() {
        receive(flows.begin(1, 1));
        emptyDump();
        for (int i = 0; i < 3; i++) {
            DumpState dump = begin(DumpState.Reason.RECONCILE);
            tracker.onInjected(HOST, flows.entry(1, 1, 5, 7), DumpState.DYING);
            end(dump, true);
            assertThat(live()).isEqualTo(1);
        }
    }

    @Test
    void aFlowBornDuringADumpCountsAsPresent() {
        for (int i = 1; i < 4; i++) {
            DumpState dump = begin(DumpState.Reason.RECONCILE);
            receive(flows.begin(i, 1));
            end(dump, true);
            assertThat(live()).isEqualTo(i == 3 ? 2 : i); // the first was absent from the second and third
        }
    }

    @Test
    void aSourceThatIsRemovedClosesItsFlowsOnlyWhenItsNamespaceIsGone() {
        EventSource other = new Source(9, "other");
        receive(flows.begin(1, 1));
        tracker.onEvent(other, flows.begin(1, 1), RECEIVED);
        tracker.gone(other);
        tracker.onRemoved(other);
        tracker.onRemoved(HOST);
        tracker.finish();
        assertThat(written()).containsExactlyInAnyOrder("NEW kernel", "NEW kernel", "DESTROY inferred");
    }

    @Test
    void aRequestAnnouncesKnownFlowsAndALossOnlyUnknownOnes() {
        receive(flows.begin(1, 1));
        DumpState request = begin(DumpState.Reason.REQUEST);
        tracker.onInjected(HOST, flows.entry(1, 1, 5, 7), DumpState.ENTRY);
        end(request, true);
        assertThat(request.existing).isEqualTo(1);
        DumpState gap = begin(DumpState.Reason.GAP);
        tracker.onInjected(HOST, flows.entry(1, 1, 5, 7), DumpState.ENTRY);
        tracker.onInjected(HOST, flows.entry(2, 1, 5, 7), DumpState.ENTRY);
        end(gap, true);
        assertThat(gap.existing).isEqualTo(1);
    }
}
