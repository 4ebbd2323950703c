package dev.ctstream.metrics;

import java.util.List;

/**
 * The name and meaning of a metric: one row of the table in the documentation.
 *
 * @param name as it appears in the Prometheus text
 * @param type counter, gauge or histogram
 * @param unit of the value, or empty for a plain number
 * @param labels the label names, sorted
 */
public record MetricDescription(String name, String type, String unit, List<String> labels, String help) {
    /** Copies the list. */
    public MetricDescription {
        labels = List.copyOf(labels);
    }
}
