package dev.ctstream.conntrack;

import static dev.ctstream.metrics.MetricDescription.counter;
import static dev.ctstream.metrics.MetricDescription.gauge;
import static dev.ctstream.metrics.MetricDescription.histogram;

import dev.ctstream.metrics.MetricDescription;
import dev.ctstream.metrics.StageMetric;

/** Metrics of receiving. */
public enum ReceiveMetric implements StageMetric {
    DATAGRAMS(counter("ctstream_receive_datagrams_total", "datagrams", "Datagrams received from event sockets.")),
    TRUNCATED(counter(
            "ctstream_receive_truncated_datagrams_total",
            "datagrams",
            "Datagrams longer than their slot; not decoded.")),
    MALFORMED(counter(
            "ctstream_receive_malformed_messages_total", "messages", "Conntrack messages that could not be decoded.")),
    OTHER(counter(
            "ctstream_receive_other_messages_total",
            "messages",
            "Messages on event sockets that are not flow events.")),
    DUMPED(counter("ctstream_receive_dump_messages_total", "messages", "Messages of dumps, processed between events.")),
    UNKNOWN(counter("ctstream_receive_unknown_attributes_total", "attributes", "Attributes with an unknown number.")),
    UNEXPECTED(counter(
            "ctstream_receive_unexpected_attributes_total",
            "attributes",
            "Attributes skipped: padding, unexpected lengths, incomplete nests.")),
    DRAINS(counter("ctstream_receive_drains_total", "drains", "Times that an event socket was drained.")),
    OVERRUNS(counter("ctstream_receive_overruns_total", "errors", "ENOBUFS reported by an event socket.")),
    REQUEST_FOREIGN(counter(
            "ctstream_request_foreign_datagrams_total",
            "datagrams",
            "Datagrams on request sockets that the kernel did not send; not decoded.")),
    LAG(histogram(
            "ctstream_receive_lag_seconds",
            "From the kernel's event time to receipt, of the first event of each receive call.")),
    EVENTS(counter("ctstream_receive_events_total", "events", "Flow events received and decoded.", "type")),
    LARGEST_DRAIN(gauge(
            "ctstream_receive_largest_drain_events",
            "events",
            "Most events that one drain found: the high-water mark of the receive buffers.")),
    DROPPED(counter(
            "ctstream_receive_kernel_dropped_events_total",
            "events",
            "Events that the kernel could not queue.",
            "netns")),
    UNDECODABLE(counter(
            "ctstream_receive_undecodable_messages_total",
            "messages",
            "Event messages that arrived but could not be decoded.",
            "netns")),
    FOREIGN(counter(
            "ctstream_receive_foreign_datagrams_total",
            "datagrams",
            "Datagrams on event sockets that the kernel did not send; not decoded.",
            "netns")),
    BUFFER(gauge(
            "ctstream_receive_buffer_bytes",
            "bytes",
            "Receive buffer granted, as the kernel counts; each event takes 1280 bytes of it.",
            "netns"));

    @SuppressWarnings("ImmutableEnumChecker") // a record of texts
    private final MetricDescription description;

    ReceiveMetric(MetricDescription description) {
        this.description = description;
    }

    @Override
    public MetricDescription description() {
        return description;
    }
}
