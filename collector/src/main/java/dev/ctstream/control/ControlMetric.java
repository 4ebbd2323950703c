package dev.ctstream.control;

import static dev.ctstream.metrics.MetricDescription.counter;
import static dev.ctstream.metrics.MetricDescription.gauge;

import dev.ctstream.metrics.MetricDescription;
import dev.ctstream.metrics.StageMetric;

/** Metrics of the control side: reports, dumps, the delivery mode, and figures of namespaces and zones. */
public enum ControlMetric implements StageMetric {
    DUMPS(counter("ctstream_control_dumps_total", "dumps", "Complete dumps of a namespace's table.")),
    INCOMPLETE_DUMPS(counter(
            "ctstream_control_incomplete_dumps_total",
            "dumps",
            "Dumps that may lack entries; such a dump closes no flow and is repeated.")),
    OMITTED_DUMPS(counter(
            "ctstream_control_omitted_dumps_total",
            "dumps",
            "Regular dumps left out because no flow was known and nothing was lost.")),
    FAILED_DUMPS(counter("ctstream_control_failed_dumps_total", "dumps", "Dumps that the kernel aborted.")),
    DUMP_PROGRESS(
            gauge("ctstream_control_dump_progress_entries", "entries", "Entries read so far by the dump in progress.")),
    DUMP_INTERVAL(
            gauge(
                    "ctstream_control_dump_interval_seconds",
                    "seconds",
                    "From one regular dump of a namespace to its next, at the last one: longer than configured when tables are large or many.")),
    MODE_SWITCHES(counter(
            "ctstream_control_mode_switches_total", "switches", "Switches between reliable and counted delivery.")),
    FALLBACKS(gauge(
            "ctstream_control_fallback_namespaces",
            "namespaces",
            "Namespaces with delivery=reliable that the guard has switched to counted delivery.")),
    HEARTBEATS(counter("ctstream_control_heartbeats_total", "records", "HEARTBEAT records.")),
    CLOCK(gauge(
            "ctstream_clock_synchronized",
            "",
            "1: the kernel says that a time service keeps the clock; 0: it does not; NaN: unknown.")),
    NETNS_EVENTS(gauge(
            "ctstream_netns_events_per_second",
            "events",
            "Events of the 20 busiest namespaces, and of all others, between the last two heartbeats.",
            "netns")),
    NETNS_FLOWS(gauge(
            "ctstream_netns_live_flows",
            "flows",
            "Flows in the ledger, of the 20 busiest namespaces, and of all others.",
            "netns")),
    ZONE_EVENTS(gauge(
            "ctstream_zone_events_per_second",
            "events",
            "Events of the 20 busiest zones, and of all others, between the last two heartbeats.",
            "netns",
            "zone")),
    ZONE_FLOWS(gauge(
            "ctstream_zone_live_flows",
            "flows",
            "Flows in the ledger, of the 20 busiest zones, and of all others.",
            "netns",
            "zone")),
    TABLE(gauge(
            "ctstream_table_entries",
            "entries",
            "Entries in the conntrack table of the 20 namespaces that have most, at their last heartbeat.",
            "netns")),
    TABLE_MAX(gauge(
            "ctstream_table_max_entries",
            "entries",
            "Most entries that the kernel keeps (nf_conntrack_max), for the same namespaces.",
            "netns")),
    SYSCTL(gauge(
            "ctstream_sysctl",
            "",
            "Value of a sysctl, without net.netfilter., for the same namespaces; read with each sixth heartbeat.",
            "netns",
            "name"));

    @SuppressWarnings("ImmutableEnumChecker") // a record of texts
    private final MetricDescription description;

    ControlMetric(MetricDescription description) {
        this.description = description;
    }

    @Override
    public MetricDescription description() {
        return description;
    }
}
