package dev.ctstream.metrics;

import java.util.List;

/**
 * The name and meaning of a metric: one row of the reference in the documentation.
 *
 * @param name as it appears in the Prometheus text
 * @param unit of the value, or what is counted; empty for a plain number
 * @param labels the label names, in the order in which their values are given
 * @param help one sentence
 */
public record MetricDescription(String name, Type type, String unit, List<String> labels, String help)
        implements StageMetric {
    private static final String NONE = "";

    /** What Prometheus may do with the values. */
    public enum Type {
        /** Only rises, from 0 at the start of the process. */
        COUNTER,
        /** Rises and falls. */
        GAUGE,
        /** Durations by size. */
        HISTOGRAM,
        /** Always 1; the labels are what it says. */
        INFO
    }

    /** Copies the list and checks the names. */
    public MetricDescription {
        labels = List.copyOf(labels);
        MetricName.check(name, type, unit, labels);
    }

    /** A counter; its name ends in {@code _total}. */
    public static MetricDescription counter(String name, String unit, String help, String... labels) {
        return new MetricDescription(name, Type.COUNTER, unit, List.of(labels), help);
    }

    /** A gauge. */
    public static MetricDescription gauge(String name, String unit, String help, String... labels) {
        return new MetricDescription(name, Type.GAUGE, unit, List.of(labels), help);
    }

    /** A histogram of durations; its name ends in {@code _seconds}. */
    public static MetricDescription histogram(String name, String help, String... labels) {
        return new MetricDescription(name, Type.HISTOGRAM, "seconds", List.of(labels), help);
    }

    /** Facts that do not change; its name ends in {@code _info}. */
    public static MetricDescription info(String name, String help, String... labels) {
        return new MetricDescription(name, Type.INFO, NONE, List.of(labels), help);
    }

    @Override
    public MetricDescription description() {
        return this;
    }
}
