package dev.ctstream.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All recorders of one metric name, shown as a Prometheus histogram with fixed buckets, so that hosts can be summed.
 */
final class LatencyFamily implements Collector {
    static final double[] UPPER_BOUNDS_SECONDS = {
        0.0001,
        0.00025,
        0.0005,
        0.001,
        0.0025,
        0.005,
        0.01,
        0.025,
        0.05,
        0.1,
        0.25,
        0.5,
        1,
        2.5,
        5,
        10,
        30,
        60,
        600,
        3600,
        Double.POSITIVE_INFINITY
    };

    private static final List<Double> BOUNDS =
            Arrays.stream(UPPER_BOUNDS_SECONDS).boxed().toList();

    private final String name;
    private final String help;
    private final Map<Labels, LatencyRecorder> recorders = new LinkedHashMap<>();

    LatencyFamily(String name, String help) {
        this.name = name;
        this.help = help;
    }

    synchronized LatencyRecorder add(Labels labels) {
        LatencyRecorder recorder = new LatencyRecorder();
        if (recorders.putIfAbsent(labels, recorder) != null) {
            throw new IllegalArgumentException("metric " + name + " is already registered");
        }
        return recorder;
    }

    synchronized List<LatencyRecorder> recorders() {
        return List.copyOf(recorders.values());
    }

    @Override
    public synchronized MetricSnapshot collect() {
        HistogramSnapshot.Builder snapshot =
                HistogramSnapshot.builder().name(name).help(help);
        recorders.forEach((labels, recorder) -> {
            LatencyRecorder.Buckets buckets = recorder.buckets(UPPER_BOUNDS_SECONDS);
            snapshot.dataPoint(HistogramSnapshot.HistogramDataPointSnapshot.builder()
                    .labels(labels)
                    .classicHistogramBuckets(ClassicHistogramBuckets.of(BOUNDS, buckets.counts()))
                    .sum(buckets.sumSeconds())
                    .build());
        });
        return snapshot.build();
    }
}
