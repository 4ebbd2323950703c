package dev.ctstream.publish;

import static dev.ctstream.metrics.MetricDescription.counter;
import static dev.ctstream.metrics.MetricDescription.gauge;
import static dev.ctstream.metrics.MetricDescription.histogram;

import dev.ctstream.metrics.MetricDescription;
import dev.ctstream.metrics.StageMetric;

/** Metrics of publishing, and of Kafka's producer. */
public enum PublishMetric implements StageMetric {
    SENT(counter(
            "ctstream_publish_sent_batches_total",
            "batches",
            "Batches and control records given to the producer; those that are sent again count again.")),
    SENT_EVENTS(counter("ctstream_publish_sent_events_total", "events", "Events in batches given to the producer.")),
    SENT_BYTES(counter("ctstream_publish_sent_bytes_total", "bytes", "Uncompressed bytes given to the producer.")),
    ACKNOWLEDGED(counter(
            "ctstream_publish_acknowledged_batches_total",
            "batches",
            "Batches and control records that Kafka has, and all before them; each counts once.")),
    ACKNOWLEDGED_EVENTS(
            counter("ctstream_publish_acknowledged_events_total", "events", "Events in acknowledged batches.")),
    ACKNOWLEDGED_BYTES(counter(
            "ctstream_publish_acknowledged_bytes_total", "bytes", "Uncompressed bytes of acknowledged batches.")),
    LAST_ACKNOWLEDGEMENT(gauge(
            "ctstream_publish_last_acknowledgement_timestamp_seconds",
            "seconds",
            "When Kafka last acknowledged a batch or control record, since 1970-01-01 UTC; NaN: not yet.")),
    REFUSED(counter(
            "ctstream_publish_refused_batches_total",
            "batches",
            "Batches that Kafka will never take; they were set aside and declared as lost.")),
    CONTROL_REFUSALS(counter(
            "ctstream_publish_control_refusals_total",
            "",
            "Refusals of control records by Kafka; a refused record is tried again until it is accepted.")),
    FAILURES(counter("ctstream_publish_failures_total", "", "Attempts to connect or to send that failed for good.")),
    REGISTRY_FAILURES(counter(
            "ctstream_publish_registry_failures_total",
            "",
            "Times that the schema registry did not answer, or did not take the schemas of this version.")),
    REWINDS(counter("ctstream_publish_rewinds_total", "", "Returns to the oldest batch that was not acknowledged.")),
    LATE(
            counter(
                    "ctstream_publish_late_batches_total",
                    "batches",
                    "Batches and control records whose records got the time of publishing, because the topic deletes or refuses records of their age.")),
    PRODUCERS(counter("ctstream_publish_producers_total", "", "Producers made; the first one included.")),
    LATENCY(histogram(
            "ctstream_publish_acknowledge_latency_seconds",
            "From the receipt of a batch's first event to its acknowledgement.")),
    IN_FLIGHT(gauge("ctstream_publish_in_flight_bytes", "bytes", "Uncompressed bytes sent and not acknowledged.")),
    IN_FLIGHT_LIMIT(gauge(
            "ctstream_publish_in_flight_limit_bytes",
            "bytes",
            "Most bytes in flight (publish.in-flight-bytes); one batch may exceed it.")),
    CEILING(gauge(
            "ctstream_publish_ceiling_events_per_second",
            "events",
            "Events that Kafka takes while they come faster and the backlog grows; 0 while it keeps up.")),
    KAFKA_OUTGOING(counter(
            "ctstream_kafka_outgoing_bytes_total",
            "bytes",
            "Bytes sent to brokers, compressed. Kafka's outgoing-byte-total, over all producers.")),
    KAFKA_RETRIES(counter(
            "ctstream_kafka_record_retries_total",
            "records",
            "Records sent again. Kafka's record-retry-total, over all producers.")),
    KAFKA_ERRORS(counter(
            "ctstream_kafka_record_errors_total",
            "records",
            "Records that a producer gave up. Kafka's record-error-total, over all producers.")),
    KAFKA_BATCH(gauge(
            "ctstream_kafka_batch_size_bytes",
            "bytes",
            "Mean size of the producer's batches. Kafka's batch-size-avg.")),
    KAFKA_COMPRESSION(gauge(
            "ctstream_kafka_compression_ratio",
            "ratio",
            "Compressed size over raw size. Kafka's compression-rate-avg.")),
    KAFKA_RECORDS(gauge(
            "ctstream_kafka_records_per_request",
            "records",
            "Mean records in a request. Kafka's records-per-request-avg.")),
    KAFKA_LATENCY(gauge(
            "ctstream_kafka_request_latency_seconds",
            "seconds",
            "Mean time of a request. Kafka's request-latency-avg.")),
    KAFKA_QUEUE(gauge(
            "ctstream_kafka_queue_time_seconds",
            "seconds",
            "Mean wait in the producer. Kafka's record-queue-time-avg.")),
    KAFKA_THROTTLE(gauge(
            "ctstream_kafka_throttle_time_seconds",
            "seconds",
            "Mean wait for a quota. Kafka's produce-throttle-time-avg.")),
    KAFKA_BUFFER(gauge(
            "ctstream_kafka_buffer_available_bytes",
            "bytes",
            "The producer's free memory. Kafka's buffer-available-bytes.")),
    KAFKA_CONNECTIONS(gauge(
            "ctstream_kafka_connections", "connections", "Open connections to brokers. Kafka's connection-count."));

    @SuppressWarnings("ImmutableEnumChecker") // a record of texts
    private final MetricDescription description;

    PublishMetric(MetricDescription description) {
        this.description = description;
    }

    @Override
    public MetricDescription description() {
        return description;
    }
}
