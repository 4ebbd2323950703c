package dev.ctstream.control;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.Metrics;

/** Metrics of the control side of tracking. Each has one writing thread, named in the comments. */
public final class ControlMetrics {
    // dump thread
    final Counter dumps;
    final Counter incompleteDumps;
    final Counter omittedDumps;
    final Counter failedDumps;
    // guard thread
    final Counter modeSwitches;
    // control thread
    final Counter heartbeats;

    private final BusyStreams busyStreams;
    private volatile long dumpEntries;
    private volatile double dumpIntervalSeconds;

    /** Registers the metrics. */
    public ControlMetrics(Metrics metrics) {
        dumps = metrics.counter("ctstream_track_dumps_total", "dumps", "Complete dumps of a namespace's table.");
        incompleteDumps = metrics.counter(
                "ctstream_track_incomplete_dumps_total",
                "dumps",
                "Dumps that may lack entries; such a dump closes no flow and is repeated.");
        omittedDumps = metrics.counter(
                "ctstream_track_omitted_dumps_total",
                "dumps",
                "Regular dumps left out because no flow was known and nothing was lost.");
        failedDumps = metrics.counter("ctstream_track_failed_dumps_total", "dumps", "Dumps that the kernel aborted.");
        modeSwitches = metrics.counter(
                "ctstream_track_mode_switches_total", "switches", "Switches between reliable and counted delivery.");
        heartbeats = metrics.counter("ctstream_track_heartbeat_records_total", "records", "HEARTBEAT records.");
        busyStreams = new BusyStreams(metrics);
        metrics.gauge(
                "ctstream_track_dump_progress_entries",
                "Entries read so far by the dump in progress.",
                () -> dumpEntries);
        metrics.doubleGauge(
                "ctstream_track_dump_interval_seconds",
                "From one regular dump of a namespace to its next, at the last one: longer than configured when tables are"
                        + " large or many.",
                () -> dumpIntervalSeconds);
    }

    /** Dump thread. */
    void dumpInterval(double seconds) {
        dumpIntervalSeconds = seconds;
    }

    /** Figures of the busiest namespaces and zones. */
    public BusyStreams busyStreams() {
        return busyStreams;
    }

    /** Dump thread. */
    void dumpProgress(long entries) {
        dumpEntries = entries;
    }
}
