package dev.ctstream.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Metrics of the program itself and of its health. */
public final class HealthMetrics {
    private static final String OF_NAMESPACE = "/"; // as in sysctls/blue

    private HealthMetrics() {}

    /**
     * Registers the metrics of the program, of its health, and of its process.
     *
     * @param version of the program
     */
    public static void register(Metrics metrics, Health health, String version) {
        metrics.info(HealthMetric.BUILD, version, Runtime.version().toString());
        metrics.gauges(HealthMetric.READY, () -> ready(health));
        ProcessMetrics.register(metrics);
    }

    /** Bounded: a component that each namespace has counts once. */
    private static List<Metrics.Series> ready(Health health) {
        Map<String, Boolean> ready = new TreeMap<>();
        health.watched().forEach(name -> ready.put(name, true));
        health.components().forEach((name, state) -> ready.merge(kind(name), state.ready(), Boolean::logicalAnd));
        List<Metrics.Series> series = new ArrayList<>();
        ready.forEach((name, is) -> series.add(new Metrics.Series(List.of(name), is ? 1 : 0)));
        return series;
    }

    private static String kind(String component) {
        int namespace = component.indexOf(OF_NAMESPACE);
        return namespace < 0 ? component : component.substring(0, namespace);
    }
}
