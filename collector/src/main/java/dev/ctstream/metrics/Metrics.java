package dev.ctstream.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The collector's metrics. Each stage registers its own at start, in one class, and keeps the returned objects. What it
 * registers are the constants of one enum ({@link StageMetric}).
 *
 * <p>Names appear in the text exactly as registered ({@link MetricName}). Label values must come from a bounded set.
 *
 * <p>Threads: registering, removing and reading from any thread. A supplier is called by the reading thread.
 *
 * <p>Errors: a metric of another type than the method's, another number of label values, or a name that is already
 * registered with the same labels is a bug and throws {@link IllegalArgumentException}.
 */
public final class Metrics implements AutoCloseable {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Map<String, MetricDescription> descriptions = new TreeMap<>();
    private final Map<Meter.Id, Object> owned = new HashMap<>();
    private final Map<String, LatencyFamily> latencies = new HashMap<>();

    /** An empty registry. */
    public Metrics() {
        registry.config().namingConvention(new MetricName());
        registry.throwExceptionOnRegistrationFailure();
    }

    /** Registers a counter for one writing thread. */
    public Counter counter(StageMetric metric, String... labelValues) {
        return register(new Counter(false), metric, labelValues);
    }

    /** Registers a counter that any thread may write; too expensive for the per-event path. */
    public Counter sharedCounter(StageMetric metric, String... labelValues) {
        return register(new Counter(true), metric, labelValues);
    }

    private Counter register(Counter counter, StageMetric metric, String... labelValues) {
        counterFrom(metric, counter::value, labelValues);
        return counter;
    }

    /** Registers a counter that is kept elsewhere, for instance in the kernel. It must never decrease. */
    public void counterFrom(StageMetric metric, LongSupplier value, String... labelValues) {
        doubleCounterFrom(metric, value::getAsLong, labelValues);
    }

    /** As {@link #counterFrom}, for a value that is not whole. */
    public synchronized void doubleCounterFrom(StageMetric metric, DoubleSupplier value, String... labelValues) {
        MetricDescription of = describe(metric, MetricDescription.Type.COUNTER);
        List<Tag> tags = own(of, Meter.Type.COUNTER, value, labelValues);
        FunctionCounter.builder(of.name(), value, DoubleSupplier::getAsDouble)
                .description(of.help())
                .tags(tags)
                .register(registry);
    }

    /** Registers a whole number that rises and falls. The supplier is called at each scrape and must not block. */
    public void gauge(StageMetric metric, LongSupplier value, String... labelValues) {
        doubleGauge(metric, value::getAsLong, labelValues);
    }

    /** Registers a number that rises and falls; NaN while it is not known. */
    public synchronized void doubleGauge(StageMetric metric, DoubleSupplier value, String... labelValues) {
        MetricDescription of = describe(metric, MetricDescription.Type.GAUGE);
        List<Tag> tags = own(of, Meter.Type.GAUGE, value, labelValues);
        Gauge.builder(of.name(), value::getAsDouble)
                .description(of.help())
                .tags(tags)
                .register(registry);
    }

    /**
     * Registers gauges whose label values are known only when they are read.
     *
     * @param series the values of all labels; few, and no two alike. Called at each scrape, and must not block
     */
    public synchronized void gauges(StageMetric metric, Supplier<List<Series>> series) {
        MetricDescription of = describe(metric, MetricDescription.Type.GAUGE);
        registry.getPrometheusRegistry().register(new GaugeFamily(of.name(), of.help(), of.labels(), series));
    }

    /** One gauge: the values of its labels, and its own. */
    public record Series(List<String> labelValues, double value) {
        /** Copies the list. */
        public Series {
            labelValues = List.copyOf(labelValues);
        }
    }

    /** Registers facts that do not change: a gauge that is always 1, with the facts as its labels. */
    public synchronized void info(StageMetric metric, String... labelValues) {
        MetricDescription of = describe(metric, MetricDescription.Type.INFO);
        Labels labels = Labels.of(of.labels(), List.of(labelValues));
        String name = of.name().substring(0, of.name().length() - MetricName.INFO.length());
        registry.getPrometheusRegistry()
                .register(() -> InfoSnapshot.builder()
                        .name(name)
                        .help(of.help())
                        .dataPoint(InfoSnapshot.InfoDataPointSnapshot.builder()
                                .labels(labels)
                                .build())
                        .build());
    }

    /** Registers a histogram of durations for one recording thread. */
    public synchronized LatencyRecorder latency(StageMetric metric, String... labelValues) {
        MetricDescription of = describe(metric, MetricDescription.Type.HISTOGRAM);
        LatencyFamily family = latencies.get(of.name());
        if (family == null) {
            family = new LatencyFamily(of.name(), of.help());
            latencies.put(of.name(), family);
            registry.getPrometheusRegistry().register(family);
        }
        return family.add(Labels.of(of.labels(), List.of(labelValues)));
    }

    /** The histograms of a metric, one for each set of labels; empty when there is none. */
    public synchronized List<LatencyRecorder> latencies(StageMetric metric) {
        LatencyFamily family = latencies.get(metric.description().name());
        return family == null ? List.of() : family.recorders();
    }

    /** Removes a gauge or counter, for instance with its network namespace; its description stays. */
    public synchronized void remove(StageMetric metric, String... labelValues) {
        MetricDescription of = metric.description();
        Meter.Type type = of.type() == MetricDescription.Type.COUNTER ? Meter.Type.COUNTER : Meter.Type.GAUGE;
        Meter.Id id = id(of, type, tags(of, labelValues));
        if (owned.remove(id) != null) {
            registry.remove(id);
        }
    }

    /** All values in the Prometheus text format 0.0.4. */
    public String prometheusText() {
        return registry.scrape();
    }

    /** The metrics registered so far, one entry per name, sorted by name. */
    public synchronized List<MetricDescription> describe() {
        return List.copyOf(descriptions.values());
    }

    @Override
    public synchronized void close() {
        registry.close();
    }

    /**
     * Keeps a strong reference to the object that a meter reads, because Micrometer's is weak. Called before the meter
     * is created, so that a second one is refused.
     */
    private List<Tag> own(MetricDescription of, Meter.Type type, Object held, String... labelValues) {
        List<Tag> tags = tags(of, labelValues);
        if (owned.putIfAbsent(id(of, type, tags), held) != null) {
            throw new IllegalArgumentException("metric " + of.name() + " is already registered with these labels");
        }
        return tags;
    }

    private static Meter.Id id(MetricDescription of, Meter.Type type, List<Tag> tags) {
        return new Meter.Id(of.name(), Tags.of(tags), null, of.help(), type);
    }

    private static List<Tag> tags(MetricDescription of, String... labelValues) {
        if (labelValues.length != of.labels().size()) {
            throw new IllegalArgumentException("metric " + of.name() + " has the labels " + of.labels());
        }
        return IntStream.range(0, labelValues.length)
                .mapToObj(i -> Tag.of(of.labels().get(i), labelValues[i]))
                .toList();
    }

    private MetricDescription describe(StageMetric metric, MetricDescription.Type type) {
        MetricDescription description = metric.description();
        if (description.type() != type) {
            throw new IllegalArgumentException("metric " + description.name() + " is a " + description.type());
        }
        MetricDescription known = descriptions.putIfAbsent(description.name(), description);
        if (known != null && !known.equals(description)) {
            throw new IllegalArgumentException(
                    "metric " + description.name() + " is " + known + ", not " + description);
        }
        return description;
    }
}
