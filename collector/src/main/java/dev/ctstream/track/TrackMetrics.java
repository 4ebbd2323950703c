package dev.ctstream.track;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.Metrics;

/** What the tracking of losses and flows counts. Written by the receive thread. */
public final class TrackMetrics {
    final Counter untracked;
    final Counter inferred;
    final Counter existing;
    final Counter destroyWithoutNew;
    final Counter lateNew;
    final Counter repeatedNew;
    final Counter dumpIgnored;
    final Counter gaps;

    private volatile long flows;
    private volatile long ledgerBytes;
    private volatile long sweeps;

    /** Registers the metrics. */
    public TrackMetrics(Metrics metrics) {
        untracked = metrics.counter(
                "ctstream_track_untracked_flows_total", "flows", "Flows that the ledger had no room for.");
        inferred = metrics.counter(
                "ctstream_track_inferred_flows_total",
                "flows",
                "Flows closed because they had gone without a DESTROY.");
        existing = metrics.counter(
                "ctstream_track_existing_flows_total", "flows", "Entries of dumps that were announced as EXISTING.");
        destroyWithoutNew = metrics.counter(
                "ctstream_track_unknown_ends_events_total", "events", "DESTROY of flows that the ledger did not know.");
        lateNew = metrics.counter(
                "ctstream_track_late_new_events_total", "events", "NEW that came after the flow's DESTROY.");
        repeatedNew = metrics.counter(
                "ctstream_track_repeated_new_events_total", "events", "NEW of flows that the ledger knew already.");
        dumpIgnored = metrics.counter(
                "ctstream_track_ignored_entries_total",
                "entries",
                "Entries of dumps that were ending or had ended when they arrived.");
        gaps = metrics.counter(
                "ctstream_track_kernel_gaps_total", "gaps", "Windows of kernel losses declared by a GAP.");
        metrics.gauge("ctstream_track_live_flows", "Flows in the ledger.", () -> flows);
        metrics.gauge("ctstream_track_ledger_bytes", "Memory of the ledger.", () -> ledgerBytes);
        metrics.gauge("ctstream_track_sweeps", "Walks over the ledger that are under way.", () -> sweeps);
    }

    /** Receive thread, at the end of a pass. */
    void observe(FlowLedger ledger, int sweepsUnderWay) {
        flows = ledger.size();
        ledgerBytes = ledger.allocatedBytes();
        sweeps = sweepsUnderWay;
    }
}
