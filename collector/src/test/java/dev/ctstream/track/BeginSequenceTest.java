package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.metrics.Metrics;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Each event of a known flow names the event that opened the flow. Notation: kind, sequence, begin sequence. */
class BeginSequenceTest {
    private static final long RECEIVED = 1_795_244_919_000_000_000L;
    private static final int LEDGER_FLOWS = 3;
    private static final EventSource HOST = new TrackedSource(3, "host");

    private final Metrics metrics = new Metrics();
    private final RecordingSink sink = new RecordingSink();
    private final FlowTracker tracker = new FlowTracker(
            sink,
            new TrackConfig(
                    true, 60_000, LEDGER_FLOWS, 60_000, false, new TrackConfig.Timing(1_000, 1_000, 1_000, 1_000)),
            new TrackMetrics(metrics));
    private final TestDumps dumps = new TestDumps(tracker, HOST);
    private final MadeFlows flows = new MadeFlows();

    @AfterEach
    void close() {
        metrics.close();
    }

    private void receive(FlowEvent event) {
        tracker.onEvent(HOST, event, RECEIVED);
    }

    @Test
    void everyLaterEventHasTheSequenceOfTheLatestNew() {
        receive(flows.end(2, 9));
        receive(flows.begin(1, 1));
        receive(flows.update(1, 1));
        receive(flows.begin(1, 1));
        receive(flows.end(1, 1));
        assertThat(sink.takeLinks())
                .containsExactly(
                        "DESTROY kernel 0 -",
                        "NEW kernel 1 -",
                        "UPDATE kernel 2 1",
                        "NEW kernel 3 1",
                        "DESTROY kernel 4 3");
    }

    @Test
    void aDestroyInTheSameBatchAsItsNewNamesIt() {
        FlowEvent[] events = {
            new MadeFlows().begin(1, 1),
            new MadeFlows().begin(2, 1),
            new MadeFlows().end(2, 1),
            new MadeFlows().end(1, 1)
        };
        tracker.onEvents(HOST, events, events.length, RECEIVED);
        assertThat(sink.takeLinks())
                .containsExactly("NEW kernel 0 -", "NEW kernel 1 -", "DESTROY kernel 2 1", "DESTROY kernel 3 0");
    }

    @Test
    void beginSequencesAreOfTheFlowsOwnStream() {
        receive(flows.begin(1, 1));
        receive(flows.begin(2, 1));
        receive(flows.begin(5, 1)); // in zone 5, IPv4
        receive(flows.end(5, 1));
        receive(flows.begin(15, 1)); // in zone 15, IPv6
        receive(flows.end(15, 1));
        assertThat(sink.takeLinks().subList(2, 6))
                .containsExactly("NEW kernel 0 -", "DESTROY kernel 1 0", "NEW kernel 0 -", "DESTROY kernel 1 0");
    }

    @Test
    void anExistingOpensAFlowAndItsRepetitionNamesIt() {
        receive(flows.end(2, 9));
        dumps.complete(DumpRequest.Reason.START, flows.entry(1, 1, 5_000, 1));
        dumps.complete(DumpRequest.Reason.REQUEST, flows.entry(1, 1, 5_000, 2));
        receive(flows.endStarted(1, 1, 5_000));
        assertThat(sink.takeLinks())
                .containsExactly("DESTROY kernel 0 -", "EXISTING dump 1 -", "EXISTING dump 2 1", "DESTROY kernel 3 1");
    }

    @Test
    void aKnownFlowThatIsAnnouncedNamesItsNew() {
        receive(flows.begin(1, 1));
        dumps.complete(DumpRequest.Reason.REQUEST, flows.entry(1, 1, 5_000, 2));
        assertThat(sink.takeLinks()).containsExactly("NEW kernel 0 -", "EXISTING dump 1 0");
    }

    @Test
    void anInferredDestroyNamesTheNew() {
        receive(flows.begin(2, 1));
        receive(flows.begin(1, 1));
        dumps.complete(DumpRequest.Reason.RECONCILE, flows.entry(2, 1, 5, 5));
        dumps.complete(DumpRequest.Reason.RECONCILE, flows.entry(2, 1, 5, 5));
        assertThat(sink.takeLinks()).containsExactly("NEW kernel 0 -", "NEW kernel 1 -", "DESTROY inferred 2 1");
    }

    @Test
    void inferredEndsOfARemovedNamespaceNameTheirNew() {
        receive(flows.begin(1, 1));
        receive(flows.begin(2, 1));
        tracker.gone(HOST);
        tracker.onRemoved(HOST);
        tracker.finish();
        assertThat(sink.takeLinks().subList(2, 4)).containsExactly("DESTROY inferred 2 0", "DESTROY inferred 3 1");
    }

    @Test
    void flowsThatDoNotFitTheLedgerHaveNoBeginSequence() {
        for (int flow : new int[] {1, 2, 4, 7}) {
            receive(flows.begin(flow, 1));
        }
        receive(flows.update(7, 1));
        receive(flows.end(7, 1));
        receive(flows.end(4, 1));
        dumps.complete(DumpRequest.Reason.START, flows.entry(8, 1, 5_000, 1), new MadeFlows().entry(11, 1, 5_000, 1));
        assertThat(sink.takeLinks().subList(3, 9))
                .containsExactly(
                        "NEW kernel 3 -",
                        "UPDATE kernel 4 -",
                        "DESTROY kernel 5 -",
                        "DESTROY kernel 6 2",
                        "EXISTING dump 7 -", // uses the freed slot
                        "EXISTING dump 8 -");
        receive(flows.endStarted(11, 1, 5_000));
        receive(flows.endStarted(8, 1, 5_000));
        assertThat(sink.takeLinks()).containsExactly("DESTROY kernel 9 -", "DESTROY kernel 10 7");
    }

    @Test
    void aLaterFlowWithTheSameTupleAndIdNamesItsOwnBegin() {
        receive(flows.begin(1, 1));
        receive(flows.end(1, 1));
        receive(flows.begin(1, 1));
        receive(flows.end(1, 1));
        assertThat(sink.takeLinks())
                .containsExactly("NEW kernel 0 -", "DESTROY kernel 1 0", "NEW kernel 2 -", "DESTROY kernel 3 2");
    }

    @Test
    void aLaterFlowInADumpNamesItsOwnBegin() {
        dumps.complete(DumpRequest.Reason.START, flows.entry(1, 1, 5_000, 1));
        dumps.complete(DumpRequest.Reason.GAP, flows.entry(1, 1, 6_000, 1));
        receive(flows.endStarted(1, 1, 6_000));
        assertThat(sink.takeLinks())
                .containsExactly(
                        "EXISTING dump 0 -", "DESTROY inferred 1 0", "EXISTING dump 2 -", "DESTROY kernel 3 2");
    }

    @Test
    void aDestroyOfAnotherFlowWithTheSameTupleAndIdNamesNoBegin() {
        dumps.complete(DumpRequest.Reason.START, flows.entry(1, 1, 5_000, 1));
        receive(flows.endStarted(1, 1, 4_000)); // an earlier flow
        receive(flows.endStarted(1, 1, 6_000)); // a later flow, which also ends the known one
        assertThat(sink.takeLinks())
                .containsExactly(
                        "EXISTING dump 0 -", "DESTROY kernel 1 -", "DESTROY inferred 2 0", "DESTROY kernel 3 -");
    }

    @Test
    void aNewThatArrivesAfterItsDestroyIsNeverNamed() {
        receive(flows.end(1, 1));
        receive(flows.begin(1, 1));
        receive(flows.update(1, 1));
        assertThat(sink.takeLinks()).containsExactly("DESTROY kernel 0 -", "NEW kernel 1 -", "UPDATE kernel 2 -");
    }
}
