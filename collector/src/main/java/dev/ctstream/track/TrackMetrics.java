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
        untracked = metrics.counter(TrackMetric.UNTRACKED);
        refused = metrics.counter(TrackMetric.REFUSED);
        inferred = metrics.counter(TrackMetric.INFERRED);
        existing = metrics.counter(TrackMetric.EXISTING);
        interim = metrics.counter(TrackMetric.INTERIM);
        destroyWithoutNew = metrics.counter(TrackMetric.UNKNOWN_DESTROY);
        lateNew = metrics.counter(TrackMetric.LATE_NEW);
        repeatedNew = metrics.counter(TrackMetric.REPEATED_NEW);
        dumpIgnored = metrics.counter(TrackMetric.IGNORED);
        gaps = metrics.counter(TrackMetric.GAPS);
        filtered = metrics.counter(TrackMetric.FILTERED);
        metrics.gauge(TrackMetric.FLOWS, () -> flows);
        metrics.gauge(TrackMetric.LEDGER, () -> ledgerBytes);
        metrics.gauge(TrackMetric.SWEEPS, () -> sweeps);
    }

    /** Receive thread, after each pass. */
    void observe(FlowLedger ledger, int sweepsUnderWay) {
        flows = ledger.size();
        ledgerBytes = ledger.allocatedBytes();
        sweeps = sweepsUnderWay;
    }
}
