package dev.ctstream.metrics;

/**
 * A metric of a stage. Each stage has one enum of these; its meters and the rows of the reference in the documentation are
 * made from it.
 */
public interface StageMetric {
    /** Name, type, unit, labels and meaning. */
    MetricDescription description();
}
