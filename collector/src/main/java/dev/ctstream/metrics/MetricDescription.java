package dev.ctstream.metrics;

import java.util.List;

/**
 * What a metric is called and means: one row of the table in the documentation.
 *
 * @param name as it stands in the Prometheus text
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
