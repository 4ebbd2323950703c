package dev.ctstream.spool;

import static dev.ctstream.metrics.MetricDescription.counter;
import static dev.ctstream.metrics.MetricDescription.gauge;
import static dev.ctstream.metrics.MetricDescription.histogram;

import dev.ctstream.metrics.MetricDescription;
import dev.ctstream.metrics.StageMetric;

/** Metrics of the spool. */
public enum SpoolMetric implements StageMetric {
    WRITTEN(counter("ctstream_spool_written_batches_total", "batches", "Batches appended to the spool.")),
    WRITTEN_BYTES(counter("ctstream_spool_written_bytes_total", "bytes", "Bytes appended to the spool.")),
    LOST(counter("ctstream_spool_lost_batches_total", "batches", "Batches that the spool had no room for.")),
    LOST_EVENTS(counter("ctstream_spool_lost_events_total", "events", "Events in batches that were dropped.")),
    FAILURES(counter("ctstream_spool_write_failures_total", "failures", "Writes or syncs that the disk refused.")),
    DEAD_LETTERS(counter(
            "ctstream_spool_dead_letter_batches_total",
            "batches",
            "Batches that Kafka refused for good; they are kept in dead-letter files.")),
    SYNC(histogram("ctstream_spool_sync_seconds", "Time that fdatasync(2) took.")),
    SIZE(gauge("ctstream_spool_size_bytes", "bytes", "Bytes in the segments of events.")),
    LIMIT(gauge("ctstream_spool_limit_bytes", "bytes", "Most bytes in the segments of events (spool.max-bytes).")),
    KEPT(
            gauge(
                    "ctstream_spool_kept_streams",
                    "streams",
                    "Namespaces and streams in memory: of those that are observed, and of ended ones until Kafka has all of them.")),
    CONTROL_SIZE(gauge("ctstream_spool_control_size_bytes", "bytes", "Bytes in the segments of control records.")),
    CONTROL_LIMIT(gauge(
            "ctstream_spool_control_limit_bytes",
            "bytes",
            "Bytes that are reserved for control records (spool.control-bytes).")),
    SEGMENTS(gauge("ctstream_spool_segments", "segments", "Segment files in the spool.")),
    UNACKNOWLEDGED(gauge(
            "ctstream_spool_unacknowledged_batches",
            "batches",
            "Batches in the spool that Kafka has not acknowledged.")),
    OWED(gauge("ctstream_spool_owed_events", "events", "Lost events whose GAP Kafka has not acknowledged.")),
    OWED_TIME(gauge(
            "ctstream_spool_owed_seconds",
            "seconds",
            "For how long Kafka has not acknowledged the oldest GAP that waits; 0: none waits.")),
    AGE(gauge(
            "ctstream_spool_age_seconds",
            "seconds",
            "Time since the oldest event was received that Kafka has not acknowledged."));

    @SuppressWarnings("ImmutableEnumChecker") // a record of texts
    private final MetricDescription description;

    SpoolMetric(MetricDescription description) {
        this.description = description;
    }

    @Override
    public MetricDescription description() {
        return description;
    }
}
