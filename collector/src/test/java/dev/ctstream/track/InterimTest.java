package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.metrics.Metrics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which dumps report which living flows. Dumps of {@link TestDumps} begin some 10 s apart. */
class InterimTest {
    private static final EventSource HOST = new TrackedSource(3, "host");
    private static final long DUMP_SECONDS = 10;
    private static final int INTERVAL_DUMPS = 6;
    private static final int FULL_DUMPS = 60;
    private static final int FLOWS = 600;

    private Metrics metrics = new Metrics();
    private final RecordingSink sink = new RecordingSink();
    private final MadeFlows flows = new MadeFlows();
    private FlowTracker tracker = tracker(true);
    private TestDumps dumps = new TestDumps(tracker, HOST);

    private FlowTracker tracker(boolean snapshot) {
        TrackConfig.Interim interim = new TrackConfig.Interim(
                TimeUnit.SECONDS.toMillis(INTERVAL_DUMPS * DUMP_SECONDS),
                TimeUnit.SECONDS.toMillis(FULL_DUMPS * DUMP_SECONDS));
        TrackConfig config =
                new TrackConfig(snapshot, 10_000, 1_000, 60_000, false, interim, true, TrackConfig.Timing.DEFAULT);
        return new FlowTracker(sink, config, new TrackMetrics(metrics));
    }

    @AfterEach
    void close() {
        metrics.close();
    }

    private void receive(FlowEvent event) {
        tracker.onEvent(HOST, event, 1_795_244_919_000_000_000L);
    }

    /** A dump of all flows with these counters; what it reports as INTERIM. */
    private List<RecordingSink.Seen> interim(long packets) {
        dumps.begin(DumpRequest.Reason.RECONCILE);
        for (int flow = 1; flow <= FLOWS; flow++) {
            dumps.entry(flows.entry(flow, flow, 5_000, packets));
        }
        dumps.end(true);
        return sink.take().stream()
                .filter(seen -> seen.kind().equals("INTERIM dump"))
                .toList();
    }

    private void start() {
        for (int flow = 1; flow <= FLOWS; flow++) {
            receive(flows.begin(flow, flow));
        }
        dumps.complete(DumpRequest.Reason.START);
        sink.take();
    }

    @Test
    void aFlowThatMovesIsReportedOncePerIntervalAndTheReportsAreSpreadOverTheDumps() {
        start();
        for (int interval = 0; interval < 3; interval++) {
            List<String> reported = new ArrayList<>();
            for (int dump = 0; dump < INTERVAL_DUMPS; dump++) {
                List<RecordingSink.Seen> now = interim(100L * interval + dump);
                assertThat(now).hasSizeBetween(FLOWS / INTERVAL_DUMPS / 2, 2 * FLOWS / INTERVAL_DUMPS);
                now.forEach(seen -> reported.add(seen.stream() + " " + seen.flow()));
            }
            // 10 s and a few nanoseconds from dump to dump: a flow in a thousand may have its time twice, or not yet
            assertThat(reported).hasSizeBetween(FLOWS - FLOWS / 20, FLOWS + FLOWS / 20);
            assertThat(new HashSet<>(reported)).hasSizeGreaterThan(FLOWS - FLOWS / 20);
        }
    }

    @Test
    void aFlowThatRestsIsReportedOncePerFullInterval() {
        start();
        for (int dump = 0; dump < 2 * INTERVAL_DUMPS; dump++) {
            interim(7);
        }
        Set<String> resting = new HashSet<>();
        int reports = 0;
        for (int dump = 0; dump < FULL_DUMPS; dump++) {
            List<RecordingSink.Seen> now = interim(7);
            assertThat(now).hasSizeLessThan(FLOWS / 10);
            now.forEach(seen -> resting.add(seen.stream() + " " + seen.flow()));
            reports += now.size();
        }
        assertThat(resting).hasSizeGreaterThan(FLOWS - FLOWS / 20);
        assertThat(reports).isBetween(FLOWS - FLOWS / 20, FLOWS + FLOWS / 20);
    }

    @Test
    void aReportHasTheBeginOfItsFlow() {
        receive(flows.begin(1, 1));
        receive(flows.begin(2, 2));
        dumps.complete(DumpRequest.Reason.START);
        sink.take();
        for (int dump = 0; dump < 2 * INTERVAL_DUMPS; dump++) {
            dumps.complete(DumpRequest.Reason.RECONCILE, flows.entry(2, 2, 5_000, dump));
        }
        assertThat(sink.take())
                .filteredOn(seen -> seen.kind().equals("INTERIM dump"))
                .hasSizeGreaterThan(1)
                .allMatch(seen -> seen.beginSequence() == 1);
    }

    @Test
    void nothingIsReportedAfterTheDestroy() {
        receive(flows.begin(1, 1));
        dumps.complete(DumpRequest.Reason.START);
        dumps.advance(TimeUnit.SECONDS.toMillis(FULL_DUMPS * DUMP_SECONDS)); // whatever lives is due
        dumps.begin(DumpRequest.Reason.RECONCILE);
        receive(flows.end(1, 1));
        dumps.entry(flows.entry(1, 1, 5_000, 7));
        dumps.end(true);
        assertThat(sink.takeKinds()).containsExactly("NEW kernel", "DESTROY kernel");
    }

    @Test
    void anUnknownFlowOpensAsExistingAlsoWithoutSnapshot() {
        metrics.close();
        metrics = new Metrics();
        tracker = tracker(false);
        dumps = new TestDumps(tracker, HOST);
        dumps.complete(DumpRequest.Reason.START, flows.entry(1, 1, 5_000, 1));
        assertThat(sink.takeKinds()).isEmpty();
        dumps.complete(DumpRequest.Reason.RECONCILE, flows.entry(1, 1, 5_000, 2));
        assertThat(sink.takeKinds()).containsExactly("EXISTING dump");
        dumps.advance(TimeUnit.SECONDS.toMillis(FULL_DUMPS * DUMP_SECONDS));
        dumps.complete(DumpRequest.Reason.RECONCILE, flows.entry(1, 1, 5_000, 2));
        assertThat(sink.takeKinds()).containsExactly("INTERIM dump");
    }

    @Test
    void aRequestedSnapshotReportsTheCountersItself() {
        receive(flows.begin(1, 1));
        dumps.complete(DumpRequest.Reason.START);
        dumps.complete(DumpRequest.Reason.REQUEST, flows.entry(1, 1, 5_000, 7));
        assertThat(sink.takeKinds()).containsExactly("NEW kernel", "EXISTING dump");
        for (int dump = 0; dump < INTERVAL_DUMPS; dump++) {
            dumps.complete(DumpRequest.Reason.RECONCILE, flows.entry(1, 1, 5_000, 7));
        }
        assertThat(sink.takeKinds()).hasSizeLessThan(2); // at most its time of the full interval
    }

    @Test
    void aDumpThatWasCutOffReportsAgain() {
        receive(flows.begin(1, 1));
        dumps.complete(DumpRequest.Reason.START);
        sink.take();
        dumps.advance(TimeUnit.SECONDS.toMillis(INTERVAL_DUMPS * DUMP_SECONDS));
        dumps.begin(DumpRequest.Reason.RECONCILE);
        dumps.end(false);
        dumps.begin(DumpRequest.Reason.RECONCILE, true);
        dumps.entry(flows.entry(1, 1, 5_000, 7));
        dumps.end(true);
        assertThat(sink.takeKinds()).containsExactly("INTERIM dump");
    }
}
