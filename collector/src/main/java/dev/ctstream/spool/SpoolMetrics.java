package dev.ctstream.spool;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.LatencyRecorder;
import dev.ctstream.metrics.Metrics;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The spool's metrics. The spool thread writes them, except for dead letters, which the publisher's thread counts. */
public class SpoolMetrics {
    private final Counter writtenBatches;
    private final Counter writtenBytes;
    private final Counter lostBatches;
    private final Counter lostEvents;
    private final Counter failures;
    private final Counter deadLetters;
    private final LatencyRecorder syncSeconds;
    private volatile @Nullable Spool spool;

    /** Registers the metrics. */
    public SpoolMetrics(Metrics metrics) {
        writtenBatches = metrics.counter(SpoolMetric.WRITTEN);
        writtenBytes = metrics.counter(SpoolMetric.WRITTEN_BYTES);
        lostBatches = metrics.counter(SpoolMetric.LOST);
        lostEvents = metrics.counter(SpoolMetric.LOST_EVENTS);
        failures = metrics.counter(SpoolMetric.FAILURES);
        deadLetters = metrics.counter(SpoolMetric.DEAD_LETTERS);
        syncSeconds = metrics.latency(SpoolMetric.SYNC);
        gauge(metrics, SpoolMetric.SIZE, Spool::sizeBytes);
        gauge(metrics, SpoolMetric.LIMIT, Spool::limitBytes);
        gauge(metrics, SpoolMetric.CONTROL_SIZE, Spool::controlSizeBytes);
        gauge(metrics, SpoolMetric.CONTROL_LIMIT, Spool::controlLimitBytes);
        gauge(metrics, SpoolMetric.KEPT, Spool::keptStreams);
        gauge(metrics, SpoolMetric.SEGMENTS, Spool::segments);
        gauge(metrics, SpoolMetric.UNACKNOWLEDGED, Spool::unacknowledged);
        gauge(metrics, SpoolMetric.OWED, Spool::owedEvents);
        gauge(metrics, SpoolMetric.OWED_TIME, Spool::owedSeconds);
        gauge(metrics, SpoolMetric.AGE, Spool::ageSeconds);
    }

    private void gauge(Metrics metrics, SpoolMetric metric, ToDoubleFunction<Spool> value) {
        metrics.doubleGauge(metric, () -> {
            Spool watched = spool;
            return watched == null ? 0 : value.applyAsDouble(watched);
        });
    }

    /** Sets the spool that the gauges read; a later run has another one. */
    void watch(Spool present) {
        spool = present;
    }

    void written(int batches, long bytes) {
        writtenBatches.add(batches);
        writtenBytes.add(bytes);
    }

    void lost(long events, long batches) {
        lostEvents.add(events);
        lostBatches.add(batches);
    }

    /** Events in batches that were dropped. Any thread. */
    public long lostEventsTotal() {
        return lostEvents.value();
    }

    void failed() {
        failures.increment();
    }

    void deadLetter() {
        deadLetters.increment();
    }

    void synced(long nanos) {
        syncSeconds.recordNanos(nanos);
    }
}
