package dev.ctstream;

import static dev.ctstream.metrics.MetricDescription.counter;
import static dev.ctstream.metrics.MetricDescription.gauge;

import dev.ctstream.metrics.MetricDescription;
import dev.ctstream.metrics.StageMetric;

/** Metrics of observing namespaces. */
public enum NamespacesMetric implements StageMetric {
    OBSERVED(gauge("ctstream_namespaces_observed", "namespaces", "Network namespaces that are observed.")),
    WAITING(gauge("ctstream_namespaces_waiting", "namespaces", "Names and paths in the key netns that are not there.")),
    FAILING(gauge(
            "ctstream_namespaces_failing",
            "namespaces",
            "Network namespaces that cannot be observed; /readyz says why.")),
    MISSED(counter(
            "ctstream_namespaces_missed_total",
            "namespaces",
            "Network namespaces that ended before they could be observed.")),
    BUFFER(gauge(
            "ctstream_namespaces_receive_buffer_bytes",
            "bytes",
            "Receive buffer of each namespace that netns=all has found, before the kernel doubles it."));

    @SuppressWarnings("ImmutableEnumChecker") // a record of texts
    private final MetricDescription description;

    NamespacesMetric(MetricDescription description) {
        this.description = description;
    }

    @Override
    public MetricDescription description() {
        return description;
    }
}
