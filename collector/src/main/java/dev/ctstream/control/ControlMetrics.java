package dev.ctstream.control;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.StageClock;

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
    private final FullestTables tables;
    private volatile long fallbacks;
    private volatile long dumpEntries;
    private volatile double dumpIntervalSeconds;

    /** Registers the metrics. */
    public ControlMetrics(Metrics metrics) {
        dumps = metrics.counter(ControlMetric.DUMPS);
        incompleteDumps = metrics.counter(ControlMetric.INCOMPLETE_DUMPS);
        omittedDumps = metrics.counter(ControlMetric.OMITTED_DUMPS);
        failedDumps = metrics.counter(ControlMetric.FAILED_DUMPS);
        metrics.gauge(ControlMetric.DUMP_PROGRESS, () -> dumpEntries);
        metrics.doubleGauge(ControlMetric.DUMP_INTERVAL, () -> dumpIntervalSeconds);
        modeSwitches = metrics.counter(ControlMetric.MODE_SWITCHES);
        metrics.gauge(ControlMetric.FALLBACKS, () -> fallbacks);
        heartbeats = metrics.counter(ControlMetric.HEARTBEATS);
        metrics.doubleGauge(ControlMetric.CLOCK, ControlMetrics::clock);
        busyStreams = new BusyStreams(metrics);
        tables = new FullestTables(metrics);
    }

    /** Dump thread. */
    void dumpInterval(double seconds) {
        dumpIntervalSeconds = seconds;
    }

    /** Guard thread. */
    void fallbacks(long namespaces) {
        fallbacks = namespaces;
    }

    private static double clock() {
        Boolean disciplined = StageClock.HOST.disciplined();
        return disciplined == null ? Double.NaN : disciplined ? 1 : 0;
    }

    /** State of the fullest tables. */
    public FullestTables tables() {
        return tables;
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
