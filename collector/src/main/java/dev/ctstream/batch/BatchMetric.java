package dev.ctstream.batch;

import static dev.ctstream.metrics.MetricDescription.counter;
import static dev.ctstream.metrics.MetricDescription.gauge;

import dev.ctstream.metrics.MetricDescription;
import dev.ctstream.metrics.StageMetric;

/** Metrics of the batch stage. */
public enum BatchMetric implements StageMetric {
    EVENTS(counter("ctstream_batch_encoded_events_total", "events", "Events in closed batches.")),
    BYTES(counter("ctstream_batch_encoded_bytes_total", "bytes", "Avro bytes of closed batches.")),
    CLOSED(counter("ctstream_batch_closed_total", "batches", "Batches closed, by reason.", "reason")),
    LOST(counter(
            "ctstream_batch_handover_lost_total",
            "batches",
            "Batches that the ring to the next stage had no space for; a GAP declares each of them.")),
    LOST_EVENTS(counter(
            "ctstream_batch_handover_lost_events_total",
            "events",
            "Events in batches that the ring to the next stage had no space for.")),
    OPEN(gauge("ctstream_batch_open", "batches", "Batches being filled.")),
    OPEN_BYTES(gauge("ctstream_batch_open_bytes", "bytes", "Buffer bytes of the batches being filled.")),
    POOLED_BYTES(gauge("ctstream_batch_pooled_bytes", "bytes", "Bytes of empty buffers kept for reuse.")),
    ALLOCATED(counter(
            "ctstream_batch_allocated_buffers_total",
            "buffers",
            "Buffers allocated because the pool had none; rises no more in steady operation.")),
    RING(gauge("ctstream_batch_ring_waiting", "batches", "Batches waiting for the next stage.")),
    RING_BYTES(gauge("ctstream_batch_ring_bytes", "bytes", "Buffer bytes of the batches that the next stages hold."));

    @SuppressWarnings("ImmutableEnumChecker") // a record of texts
    private final MetricDescription description;

    BatchMetric(MetricDescription description) {
        this.description = description;
    }

    @Override
    public MetricDescription description() {
        return description;
    }
}
