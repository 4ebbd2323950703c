package dev.ctstream.track;

import static dev.ctstream.metrics.MetricDescription.counter;
import static dev.ctstream.metrics.MetricDescription.gauge;

import dev.ctstream.metrics.MetricDescription;
import dev.ctstream.metrics.StageMetric;

/** Metrics of tracking losses and flows. */
public enum TrackMetric implements StageMetric {
    UNTRACKED(counter(
            "ctstream_track_untracked_flows_total",
            "flows",
            "Flows not tracked because the ledger, or the namespace's part of it, was full.")),
    REFUSED(
            counter(
                    "ctstream_track_refused_events_total",
                    "events",
                    "Events of a namespace in zones beyond the 4096 that it may have beside others; declared as lost by the kernel.")),
    INFERRED(counter(
            "ctstream_track_inferred_flows_total",
            "flows",
            "Flows closed because they disappeared without a DESTROY.")),
    EXISTING(counter("ctstream_track_existing_flows_total", "flows", "Dump entries announced as EXISTING.")),
    INTERIM(counter("ctstream_track_interim_flows_total", "flows", "Dump entries of known flows reported as INTERIM.")),
    UNKNOWN_DESTROY(counter(
            "ctstream_track_unknown_destroy_events_total",
            "events",
            "DESTROY events of flows that were not in the ledger.")),
    LATE_NEW(counter(
            "ctstream_track_late_new_events_total", "events", "NEW events that arrived after the flow's DESTROY.")),
    REPEATED_NEW(counter(
            "ctstream_track_repeated_new_events_total",
            "events",
            "NEW events of flows that were already in the ledger.")),
    IGNORED(counter(
            "ctstream_track_ignored_entries_total",
            "entries",
            "Dump entries ignored because the flow was ending or had ended.")),
    GAPS(counter("ctstream_track_kernel_gaps_total", "gaps", "Windows of kernel losses declared by a GAP.")),
    FILTERED(counter(
            "ctstream_track_filtered_events_total",
            "events",
            "Events of flows that filter.marks or filter.own-connections leaves out.")),
    FLOWS(gauge("ctstream_track_live_flows", "flows", "Flows in the ledger.")),
    LEDGER(gauge("ctstream_track_ledger_bytes", "bytes", "Memory of the ledger.")),
    SWEEPS(gauge("ctstream_track_sweeps", "", "Walks over the ledger in progress."));

    @SuppressWarnings("ImmutableEnumChecker") // a record of texts
    private final MetricDescription description;

    TrackMetric(MetricDescription description) {
        this.description = description;
    }

    @Override
    public MetricDescription description() {
        return description;
    }
}
