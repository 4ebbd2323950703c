package dev.ctstream.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.List;
import java.util.function.Supplier;

/** The gauges of one metric name whose labels are known only when they are read. */
final class GaugeFamily implements Collector {
    private final String name;
    private final String help;
    private final List<String> labels;
    private final Supplier<List<Metrics.Series>> series;

    GaugeFamily(String name, String help, List<String> labels, Supplier<List<Metrics.Series>> series) {
        this.name = name;
        this.help = help;
        this.labels = List.copyOf(labels);
        this.series = series;
    }

    @Override
    public MetricSnapshot collect() {
        GaugeSnapshot.Builder snapshot = GaugeSnapshot.builder().name(name).help(help);
        for (Metrics.Series one : series.get()) {
            snapshot.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                    .labels(Labels.of(labels, one.labelValues()))
                    .value(one.value())
                    .build());
        }
        return snapshot.build();
    }
}
