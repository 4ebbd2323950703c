package dev.ctstream.publish;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.LatencyRecorder;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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
    private static final double MILLIS = TimeUnit.SECONDS.toMillis(1);
    private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

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
    private volatile long inFlightLimitBytes;
    private volatile long acknowledgedNanos; // 0 = nothing yet
    private final Map<String, Double> totals = new HashMap<>(); // of earlier producers, by Kafka's name; guards itself

    /** Registers the stage's metrics. */
    public PublishMetrics(Metrics metrics) {
        sentBatches = metrics.counter(PublishMetric.SENT);
        sentEvents = metrics.counter(PublishMetric.SENT_EVENTS);
        sentBytes = metrics.counter(PublishMetric.SENT_BYTES);
        acknowledgedBatches = metrics.sharedCounter(PublishMetric.ACKNOWLEDGED);
        acknowledgedEvents = metrics.sharedCounter(PublishMetric.ACKNOWLEDGED_EVENTS);
        acknowledgedBytes = metrics.sharedCounter(PublishMetric.ACKNOWLEDGED_BYTES);
        metrics.doubleGauge(PublishMetric.LAST_ACKNOWLEDGEMENT, this::lastAcknowledgementSeconds);
        refusedBatches = metrics.counter(PublishMetric.REFUSED);
        controlRefusals = metrics.counter(PublishMetric.CONTROL_REFUSALS);
        failures = metrics.counter(PublishMetric.FAILURES);
        registryFailures = metrics.counter(PublishMetric.REGISTRY_FAILURES);
        rewinds = metrics.counter(PublishMetric.REWINDS);
        lateBatches = metrics.counter(PublishMetric.LATE);
        producers = metrics.counter(PublishMetric.PRODUCERS);
        latency = metrics.latency(PublishMetric.LATENCY);
        metrics.gauge(PublishMetric.IN_FLIGHT, this::inFlightBytes);
        metrics.gauge(PublishMetric.IN_FLIGHT_LIMIT, () -> inFlightLimitBytes);
        metrics.gauge(PublishMetric.CEILING, this::ceilingEventsPerSecond);
        registerProducer(metrics);
    }

    /** Uncompressed bytes sent and not acknowledged. Any thread. */
    public long inFlightBytes() {
        Connection open = connection;
        return open == null ? 0 : open.inFlight.bytes();
    }

    /** Most bytes in flight. Any thread. */
    public long inFlightLimitBytes() {
        return inFlightLimitBytes;
    }

    /** Events that Kafka takes a second while they come faster; 0 = it keeps up. Any thread. */
    public long ceilingEventsPerSecond() {
        Ceiling watched = ceiling;
        return watched == null ? 0 : watched.eventsPerSecond();
    }

    /** When Kafka last acknowledged something, s since the epoch; NaN = not yet. Any thread. */
    public double lastAcknowledgementSeconds() {
        long nanos = acknowledgedNanos;
        return nanos == 0 ? Double.NaN : nanos / NANOS;
    }

    void show(Ceiling shown, long limitBytes) {
        ceiling = shown;
        inFlightLimitBytes = limitBytes;
    }

    /** Mean time of the producer's requests, ms; NaN = unknown. */
    double requestMillis() {
        return ofProducer("request-latency-avg");
    }

    private void registerProducer(Metrics metrics) {
        total(metrics, PublishMetric.KAFKA_OUTGOING, "outgoing-byte-total");
        total(metrics, PublishMetric.KAFKA_RETRIES, "record-retry-total");
        total(metrics, PublishMetric.KAFKA_ERRORS, "record-error-total");
        gauge(metrics, PublishMetric.KAFKA_BATCH, "batch-size-avg", 1);
        gauge(metrics, PublishMetric.KAFKA_COMPRESSION, "compression-rate-avg", 1);
        gauge(metrics, PublishMetric.KAFKA_RECORDS, "records-per-request-avg", 1);
        gauge(metrics, PublishMetric.KAFKA_LATENCY, "request-latency-avg", MILLIS);
        gauge(metrics, PublishMetric.KAFKA_QUEUE, "record-queue-time-avg", MILLIS);
        gauge(metrics, PublishMetric.KAFKA_THROTTLE, "produce-throttle-time-avg", MILLIS);
        gauge(metrics, PublishMetric.KAFKA_BUFFER, "buffer-available-bytes", 1);
        gauge(metrics, PublishMetric.KAFKA_CONNECTIONS, "connection-count", 1);
    }

    /** @param divisor Kafka's unit for each of ours */
    private void gauge(Metrics metrics, PublishMetric metric, String kafkaName, double divisor) {
        metrics.doubleGauge(metric, () -> ofProducer(kafkaName) / divisor);
    }

    private void total(Metrics metrics, PublishMetric metric, String kafkaName) {
        totals.put(kafkaName, 0.0);
        metrics.doubleCounterFrom(metric, () -> total(kafkaName));
    }

    private double total(String kafkaName) {
        synchronized (totals) {
            return totals.getOrDefault(kafkaName, 0.0) + ofThisProducer(kafkaName);
        }
    }

    private double ofThisProducer(String kafkaName) {
        double value = ofProducer(kafkaName);
        return Double.isNaN(value) ? 0 : value;
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
        synchronized (totals) { // each producer begins with 0
            totals.replaceAll((kafkaName, before) -> before + ofThisProducer(kafkaName));
            connection = present;
        }
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
        long now = Clock.realtimeNanos();
        acknowledgedNanos = now;
        latency.recordNanos(now - entry.envelope.firstReceivedNanos());
    }
}
