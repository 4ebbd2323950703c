package dev.ctstream.track;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.Metrics;

/** Metrics of tracking losses and flows. Written by the receive thread. */
public final class TrackMetrics {
    final Counter untracked;
    final Counter refused;
    final Counter inferred;
    final Counter existing;
    final Counter interim;
    final Counter destroyWithoutNew;
    final Counter lateNew;
    final Counter repeatedNew;
    final Counter dumpIgnored;
    final Counter gaps;
    final Counter filtered;

    private volatile long flows;
    private volatile long ledgerBytes;
    private volatile long sweeps;

    /** Registers the metrics. */
    public TrackMetrics(Metrics metrics) {
        untracked = metrics.counter(
                "ctstream_track_untracked_flows_total",
                "flows",
                "Flows not tracked because the ledger, or the namespace's part of it, was full.");
        refused = metrics.counter(
                "ctstream_track_refused_events_total",
                "events",
                "Events of a namespace in zones beyond the 4096 that it may have beside others; declared as lost by the"
                        + " kernel.");
        inferred = metrics.counter(
                "ctstream_track_inferred_flows_total",
                "flows",
                "Flows closed because they disappeared without a DESTROY.");
        existing =
                metrics.counter("ctstream_track_existing_flows_total", "flows", "Dump entries announced as EXISTING.");
        interim = metrics.counter(
                "ctstream_track_interim_flows_total", "flows", "Dump entries of known flows reported as INTERIM.");
        destroyWithoutNew = metrics.counter(
                "ctstream_track_unknown_ends_events_total",
                "events",
                "DESTROY events of flows that were not in the ledger.");
        lateNew = metrics.counter(
                "ctstream_track_late_new_events_total", "events", "NEW events that arrived after the flow's DESTROY.");
        repeatedNew = metrics.counter(
                "ctstream_track_repeated_new_events_total",
                "events",
                "NEW events of flows that were already in the ledger.");
        dumpIgnored = metrics.counter(
                "ctstream_track_ignored_entries_total",
                "entries",
                "Dump entries ignored because the flow was ending or had ended.");
        gaps = metrics.counter(
                "ctstream_track_kernel_gaps_total", "gaps", "Windows of kernel losses declared by a GAP.");
        filtered = metrics.counter(
                "ctstream_track_filtered_events_total", "events", "Events of flows that filter.marks leaves out.");
        metrics.gauge("ctstream_track_live_flows", "Flows in the ledger.", () -> flows);
        metrics.gauge("ctstream_track_ledger_bytes", "Memory of the ledger.", () -> ledgerBytes);
        metrics.gauge("ctstream_track_sweeps", "Walks over the ledger in progress.", () -> sweeps);
    }

    /** Receive thread, after each pass. */
    void observe(FlowLedger ledger, int sweepsUnderWay) {
        flows = ledger.size();
        ledgerBytes = ledger.allocatedBytes();
        sweeps = sweepsUnderWay;
    }
}
