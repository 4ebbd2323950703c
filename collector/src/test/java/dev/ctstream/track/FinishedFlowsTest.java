package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.metrics.Metrics;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** {@code events=destroy}: dumps fill the ledger without events, and inferred ends come as usual. */
class FinishedFlowsTest {
    private static final long RECEIVED = 1_795_244_919_000_000_000L;
    private static final int LEDGER_FLOWS = 2;
    private static final EventSource HOST = new TrackedSource(3, "host");

    private Metrics metrics = new Metrics();
    private final RecordingSink sink = new RecordingSink();
    private final MadeFlows flows = new MadeFlows();
    private FlowTracker tracker = tracker(TrackConfig.Interim.OFF);
    private TestDumps dumps = new TestDumps(tracker, HOST);

    private FlowTracker tracker(TrackConfig.Interim interim) {
        TrackConfig config = new TrackConfig(
                true,
                10_000,
                LEDGER_FLOWS,
                60_000,
                false,
                interim,
                false,
                new TrackConfig.Timing(1_000, 1_000, 1_000, 1_000));
        return new FlowTracker(sink, config, new TrackMetrics(metrics));
    }

    @AfterEach
    void close() {
        metrics.close();
    }

    private DumpResult dump(DumpRequest.Reason reason, boolean repeated, int... entries) {
        dumps.begin(reason, repeated);
        for (int flow : entries) {
            dumps.entry(flows.entry(flow, flow, 5_000, 1));
        }
        return dumps.end(true);
    }

    @Test
    void noDumpAnnouncesAFlow() {
        dump(DumpRequest.Reason.START, false, 1, 2, 4); // one more than the ledger holds
        dump(DumpRequest.Reason.REQUEST, false, 1, 2, 4);
        dump(DumpRequest.Reason.RECONCILE, false, 1, 2, 4);
        assertThat(dump(DumpRequest.Reason.START, true, 1, 2, 4).existing()).isZero();
        assertThat(sink.takeLinks()).isEmpty();
    }

    @Test
    void everyEndComesWithoutABegin() {
        dump(DumpRequest.Reason.START, false, 1, 2);
        tracker.onEvent(HOST, flows.endStarted(1, 1, 5_000), RECEIVED);
        dump(DumpRequest.Reason.RECONCILE, false);
        dump(DumpRequest.Reason.RECONCILE, false);
        assertThat(sink.takeLinks()).containsExactly("DESTROY kernel 0 -", "DESTROY inferred 1 -");
    }

    @Test
    void livingFlowsAreReportedWithoutABegin() {
        metrics.close();
        metrics = new Metrics();
        tracker = tracker(new TrackConfig.Interim(10_000, 10_000));
        dumps = new TestDumps(tracker, HOST);
        dumps.complete(DumpRequest.Reason.START, flows.entry(1, 1, 5_000, 1));
        for (int dump = 2; dump < 6; dump++) {
            dumps.complete(DumpRequest.Reason.RECONCILE, flows.entry(1, 1, 5_000, dump));
        }
        assertThat(sink.take())
                .isNotEmpty()
                .allMatch(seen -> seen.kind().equals("INTERIM dump") && seen.beginSequence() == FlowSink.UNKNOWN);
    }
}
