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
        writtenBatches =
                metrics.counter("ctstream_spool_written_batches_total", "batches", "Batches appended to the spool.");
        writtenBytes = metrics.counter("ctstream_spool_written_bytes_total", "bytes", "Bytes appended to the spool.");
        lostBatches = metrics.counter(
                "ctstream_spool_lost_batches_total", "batches", "Batches that the spool had no room for.");
        lostEvents =
                metrics.counter("ctstream_spool_lost_events_total", "events", "Events in batches that were dropped.");
        failures = metrics.counter(
                "ctstream_spool_write_failures_total", "failures", "Writes or syncs that the disk refused.");
        deadLetters = metrics.counter(
                "ctstream_spool_dead_letter_batches_total",
                "batches",
                "Batches that Kafka refused for good; they are kept in dead-letter files.");
        syncSeconds = metrics.latency("ctstream_spool_sync_seconds", "Time that fdatasync(2) took.");
        registerGauges(metrics);
    }

    private void registerGauges(Metrics metrics) {
        gauge(metrics, "ctstream_spool_size_bytes", "Bytes in the spool's segments.", Spool::sizeBytes);
        gauge(metrics, "ctstream_spool_segments", "Segment files in the spool.", Spool::segments);
        gauge(
                metrics,
                "ctstream_spool_unacknowledged_batches",
                "Batches in the spool that Kafka has not acknowledged.",
                Spool::unacknowledged);
        gauge(
                metrics,
                "ctstream_spool_owed_events",
                "Lost events whose GAP Kafka has not acknowledged.",
                Spool::owedEvents);
        gauge(
                metrics,
                "ctstream_spool_age_seconds",
                "Time since the oldest event was received that Kafka has not acknowledged.",
                Spool::ageSeconds);
    }

    private void gauge(Metrics metrics, String name, String help, ToDoubleFunction<Spool> value) {
        metrics.doubleGauge(name, help, () -> {
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
