package dev.ctstream.publish;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.LatencyRecorder;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.Clock;
import java.util.Map;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.jspecify.annotations.Nullable;

/**
 * The publisher's counters, and gauges from Kafka's producer.
 *
 * <p>Threads: the lock of {@link InFlight} guards the counters of acknowledgements; the publisher's thread writes all
 * others.
 */
public final class PublishMetrics {
    private static final String PRODUCER_GROUP = "producer-metrics";

    final Counter sentBatches;
    final Counter sentEvents;
    final Counter sentBytes;
    final Counter acknowledgedBatches;
    final Counter acknowledgedEvents;
    final Counter acknowledgedBytes;
    final Counter refusedBatches;
    final Counter controlRefusals;
    final Counter failures;
    final Counter registryFailures;
    final Counter rewinds;
    final Counter lateBatches;
    final Counter producers;
    private final LatencyRecorder latency;
    private volatile @Nullable Connection connection;
    private volatile @Nullable Ceiling ceiling;

    /** Registers the stage's metrics. */
    public PublishMetrics(Metrics metrics) {
        sentBatches = metrics.counter(
                "ctstream_publish_sent_batches_total",
                "batches",
                "Batches and control records given to the producer; those that are sent again count again.");
        sentEvents = metrics.counter(
                "ctstream_publish_sent_events_total", "events", "Events in batches given to the producer.");
        sentBytes = metrics.counter(
                "ctstream_publish_sent_bytes_total", "bytes", "Uncompressed bytes given to the producer.");
        acknowledgedBatches = metrics.sharedCounter(
                "ctstream_publish_acknowledged_batches_total",
                "batches",
                "Batches and control records that Kafka has, and all before them; each counts once.");
        acknowledgedEvents = metrics.sharedCounter(
                "ctstream_publish_acknowledged_events_total", "events", "Events in acknowledged batches.");
        acknowledgedBytes = metrics.sharedCounter(
                "ctstream_publish_acknowledged_bytes_total", "bytes", "Uncompressed bytes of acknowledged batches.");
        refusedBatches = metrics.counter(
                "ctstream_publish_refused_batches_total",
                "batches",
                "Batches that Kafka will never take; they were set aside and declared as lost.");
        controlRefusals = metrics.counter(
                "ctstream_publish_control_refused_total",
                "",
                "Refusals of control records by Kafka; a refused record is tried again until it is accepted.");
        failures = metrics.counter(
                "ctstream_publish_failures_total", "", "Attempts to connect or to send that failed for good.");
        registryFailures = metrics.counter(
                "ctstream_publish_registry_failures_total",
                "",
                "Times that the schema registry did not answer, or did not take the schemas of this version.");
        rewinds = metrics.counter(
                "ctstream_publish_rewinds_total", "", "Returns to the oldest batch that was not acknowledged.");
        lateBatches = metrics.counter(
                "ctstream_publish_late_batches_total",
                "batches",
                "Batches and control records whose records got the time of publishing, because the topic deletes or refuses"
                        + " records of their age.");
        producers = metrics.counter("ctstream_publish_producers_total", "", "Producers made; the first one included.");
        latency = metrics.latency(
                "ctstream_publish_acknowledge_latency_seconds",
                "From the receipt of a batch's first event to its acknowledgement.");
        metrics.gauge("ctstream_publish_inflight_bytes", "Uncompressed bytes sent and not acknowledged.", () -> {
            Connection open = connection;
            return open == null ? 0 : open.inFlight.bytes();
        });
        metrics.gauge(
                "ctstream_publish_ceiling_events_per_second",
                "Events that Kafka takes while they come faster and the backlog grows; 0 while it keeps up.",
                () -> {
                    Ceiling watched = ceiling;
                    return watched == null ? 0 : watched.eventsPerSecond();
                });
        registerProducer(metrics);
    }

    void show(Ceiling shown) {
        ceiling = shown;
    }

    /** Mean time of the producer's requests, ms; NaN = unknown. */
    double requestMillis() {
        return ofProducer("request-latency-avg");
    }

    private void registerProducer(Metrics metrics) {
        gauge(metrics, "ctstream_kafka_outgoing_bytes_per_second", "outgoing-byte-rate", "Bytes sent, compressed.");
        gauge(metrics, "ctstream_kafka_batch_size_bytes", "batch-size-avg", "Mean size of the producer's batches.");
        gauge(metrics, "ctstream_kafka_compression_ratio", "compression-rate-avg", "Compressed size over raw size.");
        gauge(metrics, "ctstream_kafka_record_retries", "record-retry-total", "Records sent again by this producer.");
        gauge(metrics, "ctstream_kafka_record_errors", "record-error-total", "Records that this producer gave up.");
        gauge(metrics, "ctstream_kafka_records_per_request", "records-per-request-avg", "Mean records in a request.");
        gauge(metrics, "ctstream_kafka_request_latency_millis", "request-latency-avg", "Mean time of a request.");
        gauge(metrics, "ctstream_kafka_queue_time_millis", "record-queue-time-avg", "Mean wait in the producer.");
        gauge(metrics, "ctstream_kafka_throttle_time_millis", "produce-throttle-time-avg", "Mean wait for a quota.");
        gauge(
                metrics,
                "ctstream_kafka_buffer_available_bytes",
                "buffer-available-bytes",
                "The producer's free memory.");
        gauge(metrics, "ctstream_kafka_connections", "connection-count", "Open connections to brokers.");
    }

    private void gauge(Metrics metrics, String name, String kafkaName, String help) {
        metrics.doubleGauge(name, help + " Kafka's " + kafkaName + ".", () -> ofProducer(kafkaName));
    }

    /** One of the producer's own metrics; NaN when there is no producer or no value yet. */
    private double ofProducer(String name) {
        Connection open = connection;
        return open == null ? Double.NaN : value(open.producer(), PRODUCER_GROUP, name, Map.of());
    }

    /** One of a producer's own metrics, with these tags among others; NaN when it has no value yet. */
    static double value(Producer<?, ?> producer, String group, String name, Map<String, String> tags) {
        for (Map.Entry<MetricName, ? extends Metric> metric : producer.metrics().entrySet()) {
            MetricName key = metric.getKey();
            if (key.name().equals(name)
                    && key.group().equals(group)
                    && key.tags().entrySet().containsAll(tags.entrySet())
                    && metric.getValue().metricValue() instanceof Number number) {
                return number.doubleValue();
            }
        }
        return Double.NaN;
    }

    /** Sets the producer to read metrics from; null = none. */
    void watch(@Nullable Connection present) {
        connection = present;
        if (present != null) {
            producers.increment();
        }
    }

    /** Explains why nothing is acknowledged although the cluster responds. */
    String stallReason(long seconds) {
        double throttled = ofProducer("produce-throttle-time-max");
        return "no acknowledgement for " + seconds + " s or more although the cluster responds"
                + (throttled > 0
                        ? ": a quota throttled this producer lately; raise producer_byte_rate of its user or client id"
                        : "");
    }

    void onSent(long bytes, int events) {
        sentBatches.increment();
        sentEvents.add(events);
        sentBytes.add(bytes);
    }

    /** Number of events that Kafka has acknowledged, without control records. Any thread. */
    public long acknowledgedEventsTotal() {
        return acknowledgedEvents.value();
    }

    void onAcknowledged(InFlight.Entry entry) {
        acknowledgedBatches.increment();
        acknowledgedEvents.add(entry.envelope.events());
        acknowledgedBytes.add(entry.lengthBytes);
        latency.recordNanos(Clock.realtimeNanos() - entry.envelope.firstReceivedNanos());
    }
}
