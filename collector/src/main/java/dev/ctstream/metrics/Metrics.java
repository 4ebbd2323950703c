package dev.ctstream.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The collector's metrics. Each stage registers its own at start, in one class, and keeps the returned objects.
 *
 * <p>Names are {@code ctstream_<stage>_<what>_<unit>_total} for a counter and the same without {@code _total} for the
 * rest; they appear in the text exactly as registered. Label values must come from a bounded set.
 *
 * <p>Threads: registering, removing and reading from any thread. A supplier is called by the reading thread.
 *
 * <p>Errors: a name of another form, or one already registered with the same labels, is a bug and throws
 * {@link IllegalArgumentException}.
 */
public final class Metrics implements AutoCloseable {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Map<String, MetricDescription> descriptions = new TreeMap<>();
    private final Map<Meter.Id, Object> owned = new HashMap<>();
    private final Map<String, LatencyFamily> latencies = new HashMap<>();
    private @Nullable JvmGcMetrics garbageCollection;

    /** An empty registry. */
    public Metrics() {
        registry.config().namingConvention(new MetricName());
        registry.throwExceptionOnRegistrationFailure();
    }

    /**
     * Registers a counter for one writing thread.
     *
     * @param unit what is counted, the last part of the name before {@code _total}; may be empty
     * @param tagPairs label name, label value, …
     */
    public Counter counter(String name, String unit, String help, String... tagPairs) {
        return register(new Counter(false), name, unit, help, tagPairs);
    }

    /** Registers a counter that any thread may write; too expensive for the per-event path. */
    public Counter sharedCounter(String name, String unit, String help, String... tagPairs) {
        return register(new Counter(true), name, unit, help, tagPairs);
    }

    /** Registers a counter that is kept elsewhere, for instance in the kernel. It must never decrease. */
    public synchronized void counterFrom(
            String name, String unit, String help, LongSupplier value, String... tagPairs) {
        MetricName.checkCounter(name, unit);
        describe(name, "counter", unit, help, tagPairs);
        own(name, Meter.Type.COUNTER, help, value, tagPairs);
        FunctionCounter.builder(name, value, LongSupplier::getAsLong)
                .description(help)
                .tags(tagPairs)
                .register(registry);
    }

    /** Registers a whole number that rises and falls. The supplier is called at each scrape and must not block. */
    public void gauge(String name, String help, LongSupplier value, String... tagPairs) {
        doubleGauge(name, help, value::getAsLong, tagPairs);
    }

    /** Registers a number that rises and falls; NaN while it is not known. */
    public synchronized void doubleGauge(String name, String help, DoubleSupplier value, String... tagPairs) {
        MetricName.checkOther(name);
        describe(name, "gauge", MetricName.unitOf(name), help, tagPairs);
        own(name, Meter.Type.GAUGE, help, value, tagPairs);
        Gauge.builder(name, value::getAsDouble).description(help).tags(tagPairs).register(registry);
    }

    /**
     * Registers gauges whose labels are known only when they are read.
     *
     * @param labels label names
     * @param series the values of all labels; few, and no two alike. Called at each scrape, and must not block
     */
    public synchronized void gauges(String name, String help, List<String> labels, Supplier<List<Series>> series) {
        MetricName.checkOther(name);
        String[] pairs = labels.stream().flatMap(label -> Stream.of(label, "")).toArray(String[]::new);
        describe(name, "gauge", MetricName.unitOf(name), help, pairs);
        registry.getPrometheusRegistry().register(new GaugeFamily(name, help, labels, series));
    }

    /** One gauge: the values of its labels, and its own. */
    public record Series(List<String> labelValues, double value) {
        /** Copies the list. */
        public Series {
            labelValues = List.copyOf(labelValues);
        }
    }

    /**
     * Registers a histogram of durations for one recording thread.
     *
     * @param name ends in {@code _seconds}
     */
    public synchronized LatencyRecorder latency(String name, String help, String... tagPairs) {
        MetricName.checkOther(name);
        if (!name.endsWith("_seconds")) {
            throw new IllegalArgumentException("metric name " + name + " must end in _seconds");
        }
        describe(name, "histogram", "seconds", help, tagPairs);
        LatencyFamily family = latencies.get(name);
        if (family == null) {
            family = new LatencyFamily(name, help);
            latencies.put(name, family);
            registry.getPrometheusRegistry().register(family);
        }
        return family.add(tagPairs);
    }

    /** The histograms of this name, one for each set of labels; empty when there is none. */
    public synchronized List<LatencyRecorder> latencies(String name) {
        LatencyFamily family = latencies.get(name);
        return family == null ? List.of() : family.recorders();
    }

    /** Removes a gauge or counter, for instance with its network namespace; its description stays. */
    public synchronized void remove(String name, String... tagPairs) {
        Tags tags = Tags.of(tagPairs);
        List<Meter.Id> gone = owned.keySet().stream()
                .filter(id -> id.getName().equals(name)
                        && Tags.of(id.getTagsAsIterable()).equals(tags))
                .toList();
        for (Meter.Id id : gone) {
            registry.remove(id);
            owned.remove(id);
        }
    }

    /** Adds memory, collections, threads, processor, file descriptors and uptime of this process. */
    @SuppressWarnings("resource") // the one binder that holds a resource is closed in close()
    public synchronized void bindProcess() {
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        garbageCollection = new JvmGcMetrics();
        garbageCollection.bindTo(registry);
    }

    /** All values in the Prometheus text format 0.0.4. */
    public String prometheusText() {
        return registry.scrape();
    }

    /** The metrics registered so far, one entry per name, sorted by name, without the process's own metrics. */
    public synchronized List<MetricDescription> describe() {
        return List.copyOf(descriptions.values());
    }

    @Override
    public synchronized void close() {
        if (garbageCollection != null) {
            garbageCollection.close();
            garbageCollection = null;
        }
        registry.close();
    }

    private Counter register(Counter counter, String name, String unit, String help, String... tagPairs) {
        counterFrom(name, unit, help, counter::value, tagPairs);
        return counter;
    }

    /**
     * Keeps a strong reference to the object that a meter reads, because Micrometer's is weak. Called before the meter
     * is created, so that a second one is refused.
     */
    private void own(String name, Meter.Type type, String help, Object held, String... tagPairs) {
        Meter.Id id = new Meter.Id(name, Tags.of(tagPairs), null, help, type);
        if (owned.putIfAbsent(id, held) != null) {
            throw new IllegalArgumentException("metric " + name + " is already registered with these labels");
        }
    }

    private void describe(String name, String type, String unit, String help, String... tagPairs) {
        MetricName.checkLabels(name, tagPairs);
        TreeSet<String> labels = new TreeSet<>();
        for (int i = 0; i < tagPairs.length; i += 2) {
            labels.add(tagPairs[i]);
        }
        MetricDescription description = new MetricDescription(name, type, unit, new ArrayList<>(labels), help);
        MetricDescription known = descriptions.putIfAbsent(name, description);
        if (known != null && !known.equals(description)) {
            throw new IllegalArgumentException("metric " + name + " is " + known + ", not " + description);
        }
    }
}
