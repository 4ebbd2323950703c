package dev.ctstream.control;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.Metrics;

/** What the control side of tracking counts. One writing thread for each, named in the comments. */
public final class ControlMetrics {
    // dump thread
    final Counter dumps;
    final Counter incompleteDumps;
    final Counter failedDumps;
    // guard thread
    final Counter modeSwitches;
    // control thread
    final Counter heartbeats;

    private volatile long dumpEntries;

    /** Registers the metrics. */
    public ControlMetrics(Metrics metrics) {
        dumps = metrics.counter(
                "ctstream_track_dumps_total", "dumps", "Dumps of a namespace's table that were complete.");
        incompleteDumps = metrics.counter(
                "ctstream_track_incomplete_dumps_total",
                "dumps",
                "Dumps that may lack entries; each is repeated and closes nothing.");
        failedDumps = metrics.counter("ctstream_track_failed_dumps_total", "dumps", "Dumps that the kernel broke off.");
        modeSwitches = metrics.counter(
                "ctstream_track_mode_switches_total", "switches", "Switches between reliable and counted delivery.");
        heartbeats = metrics.counter("ctstream_track_heartbeat_records_total", "records", "HEARTBEAT records.");
        metrics.gauge(
                "ctstream_track_dump_progress_entries",
                "Entries read so far by the dump under way.",
                () -> dumpEntries);
    }

    /** Dump thread. */
    void dumpProgress(long entries) {
        dumpEntries = entries;
    }
}
