package dev.ctstream.metrics;

import static dev.ctstream.metrics.MetricDescription.gauge;
import static dev.ctstream.metrics.MetricDescription.info;

/** Which program runs, and whether it is well. */
public enum HealthMetric implements StageMetric {
    BUILD(info("ctstream_build_info", "The program; always 1.", "version", "java")),
    READY(gauge(
            "ctstream_ready",
            "",
            "1: the component is ready; 0: it is not, and /readyz says why. A component that each namespace has is ready"
                    + " when it is in all of them.",
            "component"));

    @SuppressWarnings("ImmutableEnumChecker") // a record of texts
    private final MetricDescription description;

    HealthMetric(MetricDescription description) {
        this.description = description;
    }

    @Override
    public MetricDescription description() {
        return description;
    }
}
