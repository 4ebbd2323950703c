package dev.ctstream.track;

import static dev.ctstream.conntrack.Cta.CTA_MARK;
import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.be32;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowFilter;
import dev.ctstream.metrics.Metrics;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which events are forwarded where the filter looks at marks: a flow is admitted once, then all its events pass. */
class MarkFilterTest {
    private static final long RECEIVED = 1_795_244_919_000_000_000L;
    private static final int FOLLOWED = 0x15;
    private static final int OTHER = 0x25;
    private static final FlowFilter FILTER = FlowFilter.parse(List.of(), List.of(), List.of(), List.of("0x10/0xf0"));

    /** A source whose filter looks at marks. */
    private record Marked(int index) implements EventSource {
        @Override
        public String netns() {
            return "host";
        }

        @Override
        public String netnsId() {
            return "1";
        }

        @Override
        public long dropsTotal() {
            return 0;
        }

        @Override
        public boolean selective() {
            return FILTER.judgesMarks();
        }

        @Override
        public boolean opens(FlowEvent event) {
            return FILTER.opens(event);
        }
    }

    private final EventSource source = new Marked(4);
    private final Metrics metrics = new Metrics();
    private final RecordingSink sink = new RecordingSink();
    private final MadeFlows flows = new MadeFlows();
    private FlowTracker tracker = tracker(1_000);
    private TestDumps dumps = new TestDumps(tracker, source);

    private FlowTracker tracker(int mostFlows) {
        return new FlowTracker(
                sink,
                new TrackConfig(
                        true, 60_000, mostFlows, 60_000, false, new TrackConfig.Timing(1_000, 500, 1_000, 1_000)),
                new TrackMetrics(new Metrics()));
    }

    @AfterEach
    void close() {
        metrics.close();
    }

    private static byte[] mark(int mark) {
        return attribute(CTA_MARK, be32(mark));
    }

    private void receive(FlowEvent event) {
        tracker.onEvent(source, event, RECEIVED);
    }

    private TrackedNamespace.Counts counts() {
        tracker.onDrained(source, 0);
        return tracker.namespace(source).counts();
    }

    @Test
    void aFlowThatWasAdmittedPassesToItsEndWhateverItsMarkBecomes() {
        receive(flows.begin(1, 1, mark(FOLLOWED)));
        receive(flows.update(1, 1, mark(OTHER)));
        receive(flows.end(1, 1, mark(OTHER)));
        assertThat(sink.takeKinds()).containsExactly("NEW kernel", "UPDATE kernel", "DESTROY kernel");
        assertThat(counts()).isEqualTo(new TrackedNamespace.Counts(3, 0, 0, 0, 0));
    }

    @Test
    void aFlowThatIsNotAdmittedIsLeftOutAndCounted() {
        receive(flows.begin(1, 1, mark(OTHER)));
        receive(flows.update(1, 1));
        receive(flows.end(1, 1, mark(OTHER)));
        assertThat(sink.takeKinds()).isEmpty();
        assertThat(counts()).isEqualTo(new TrackedNamespace.Counts(3, 3, 0, 0, 0));
    }

    @Test
    void aFlowThatGetsTheMarkLaterIsFollowedFromThere() {
        receive(flows.begin(1, 1));
        receive(flows.update(1, 1, mark(FOLLOWED)));
        receive(flows.update(1, 1, mark(OTHER)));
        receive(flows.end(1, 1));
        assertThat(sink.takeLinks()).containsExactly("UPDATE kernel 0 -", "UPDATE kernel 1 0", "DESTROY kernel 2 0");
        assertThat(counts().filtered()).isEqualTo(1);
        receive(flows.begin(2, 1));
        receive(flows.end(2, 1, mark(FOLLOWED)));
        assertThat(sink.takeKinds()).containsExactly("DESTROY kernel");
        assertThat(counts().live()).isZero();
    }

    @Test
    void dumpsAreFilteredAlikeAndCloseOnlyWhatWasAnnounced() {
        receive(flows.begin(1, 1, mark(FOLLOWED)));
        dumps.begin(DumpRequest.Reason.START);
        dumps.entry(flows.entry(1, 1, mark(OTHER)));
        dumps.entry(flows.entry(2, 1, mark(FOLLOWED)));
        dumps.entry(flows.entry(3, 1, mark(OTHER)));
        assertThat(dumps.end(true).existing()).isEqualTo(1);
        assertThat(sink.takeKinds()).containsExactly("NEW kernel", "EXISTING dump");
        assertThat(counts().live()).isEqualTo(2);
        dumps.complete(DumpRequest.Reason.RECONCILE);
        dumps.complete(DumpRequest.Reason.RECONCILE);
        assertThat(sink.takeKinds()).containsExactly("DESTROY inferred", "DESTROY inferred");
        assertThat(counts().live()).isZero();
    }

    @Test
    void aLateEventSharesTheFateOfItsFlowsEnd() {
        receive(flows.end(1, 1, mark(OTHER)));
        receive(flows.begin(1, 1, mark(FOLLOWED)));
        receive(flows.update(1, 1, mark(FOLLOWED)));
        assertThat(sink.takeKinds()).isEmpty();
        receive(flows.end(2, 1, mark(FOLLOWED)));
        receive(flows.begin(2, 1, mark(OTHER)));
        assertThat(sink.takeKinds()).containsExactly("DESTROY kernel", "NEW kernel");
        receive(flows.begin(4, 1, mark(FOLLOWED)));
        receive(flows.end(4, 1));
        receive(flows.update(4, 1, mark(FOLLOWED)));
        assertThat(sink.takeKinds()).containsExactly("NEW kernel", "DESTROY kernel", "UPDATE kernel");
        assertThat(counts().live()).isZero();
        tracker.onEvent(source, flows.update(4, 1, mark(FOLLOWED)), RECEIVED + TimeUnit.SECONDS.toNanos(6));
        assertThat(counts().live()).isEqualTo(1);
    }

    @Test
    void theEndOfAFlowForWhichTheLedgerHadNoRoomPasses() {
        tracker = tracker(1);
        dumps = new TestDumps(tracker, source);
        receive(flows.begin(1, 1, mark(FOLLOWED)));
        receive(flows.end(2, 1, mark(OTHER)));
        assertThat(sink.takeKinds()).containsExactly("NEW kernel");
        receive(flows.begin(4, 1, mark(FOLLOWED)));
        receive(flows.end(4, 1, mark(OTHER)));
        receive(flows.end(1, 1, mark(OTHER)));
        assertThat(sink.takeKinds()).containsExactly("NEW kernel", "DESTROY kernel", "DESTROY kernel");
        assertThat(counts()).isEqualTo(new TrackedNamespace.Counts(5, 1, 0, 0, 1));
    }

    /** Whether the source excludes a flow is asked until the flow is in the ledger, and its events are counted as filtered. */
    @Test
    void anExcludedFlowIsLeftOutOfEventsAndDumps() {
        Set<Long> excluded = new HashSet<>(Set.of(1L, 3L));
        EventSource excluding = new Excluding(5, excluded);
        TestDumps its = new TestDumps(tracker, excluding);
        for (int id = 1; id <= 2; id++) {
            tracker.onEvent(excluding, flows.begin(id, id), RECEIVED);
            tracker.onEvent(excluding, flows.update(id, id), RECEIVED);
        }
        its.complete(DumpRequest.Reason.START, flows.entry(1, 1, 5_000, 1), flows.entry(3, 3, 5_000, 1));
        tracker.onEvent(excluding, flows.end(1, 1), RECEIVED);
        excluded.add(2L); // it is in the ledger
        tracker.onEvent(excluding, flows.end(2, 2), RECEIVED);
        assertThat(sink.takeKinds()).containsExactly("NEW kernel", "UPDATE kernel", "DESTROY kernel");
        tracker.onDrained(excluding, 0);
        assertThat(tracker.namespace(excluding).counts()).isEqualTo(new TrackedNamespace.Counts(6, 3, 0, 0, 0));
    }

    /** A source that excludes flows by their id. */
    private record Excluding(int index, Set<Long> ids) implements EventSource {
        @Override
        public String netns() {
            return "host";
        }

        @Override
        public String netnsId() {
            return "1";
        }

        @Override
        public long dropsTotal() {
            return 0;
        }

        @Override
        public boolean excludes(FlowEvent event, long receivedNanos) {
            return ids.contains(event.id());
        }
    }
}
