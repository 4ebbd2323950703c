package dev.ctstream.conntrack;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.LatencyRecorder;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.RequestChannel;

/**
 * The receive thread's metrics. Registered once for each {@link Metrics}.
 *
 * <p>Threads: written by the receive thread.
 */
public final class ReceiveMetrics implements ReceiveObserver {
    private static final String NETNS = "netns";
    private static final String DROPS = "ctstream_receive_kernel_drops_events_total";
    private static final String UNDECODABLE = "ctstream_receive_undecodable_messages_total";
    private static final String FOREIGN = "ctstream_receive_foreign_datagrams_total";
    private static final String BUFFER = "ctstream_receive_buffer_bytes";

    private final Counter datagrams;
    final Counter truncated;
    final Counter malformed;
    final Counter otherMessages;
    final Counter dumpMessages;
    final Counter unknownAttributes;
    final Counter unexpectedAttributes;
    private final Counter drains;
    private final Counter overrunErrors;
    private final LatencyRecorder lag;

    private final Metrics metrics;
    private final Counter[] events = new Counter[FlowEvent.DESTROY + 1];
    private volatile long largestDrainEvents;

    /** Registers the metrics that have no namespace label. */
    public ReceiveMetrics(Metrics metrics) {
        this.metrics = metrics;
        datagrams = metrics.counter(
                "ctstream_receive_datagrams_total", "datagrams", "Datagrams received from event sockets");
        truncated = metrics.counter(
                "ctstream_receive_truncated_datagrams_total",
                "datagrams",
                "Datagrams longer than their slot, not decoded");
        malformed = metrics.counter(
                "ctstream_receive_malformed_messages_total",
                "messages",
                "Conntrack messages that could not be decoded");
        otherMessages = metrics.counter(
                "ctstream_receive_other_messages_total",
                "messages",
                "Messages on event sockets that are not flow events");
        dumpMessages = metrics.counter(
                "ctstream_receive_injected_messages_total", "messages", "Dump messages processed between events");
        unknownAttributes = metrics.counter(
                "ctstream_receive_unknown_attributes_total", "attributes", "Attributes with an unknown number");
        unexpectedAttributes = metrics.counter(
                "ctstream_receive_unexpected_attributes_total",
                "attributes",
                "Attributes skipped: padding, unexpected lengths, incomplete nests");
        drains = metrics.counter("ctstream_receive_drains_total", "drains", "Times an event socket was drained");
        overrunErrors = metrics.counter(
                "ctstream_receive_overrun_errors_total", "errors", "ENOBUFS reported by an event socket");
        metrics.counterFrom(
                "ctstream_request_foreign_datagrams_total",
                "datagrams",
                "Datagrams on request sockets that the kernel did not send, not decoded",
                RequestChannel::foreignTotal);
        lag = metrics.latency(
                "ctstream_receive_lag_seconds",
                "From the kernel's event time to receipt, of the first event of each receive call");
        for (String type : new String[] {"new", "update", "destroy"}) {
            events[eventType(type)] = metrics.counter(
                    "ctstream_receive_events_total", "events", "Flow events received and decoded", "type", type);
        }
        metrics.gauge(
                "ctstream_receive_largest_drain_events",
                "Most events that one drain found: the high-water mark of the receive buffers",
                () -> largestDrainEvents);
    }

    private static int eventType(String type) {
        return switch (type) {
            case "new" -> FlowEvent.NEW;
            case "update" -> FlowEvent.UPDATE;
            default -> FlowEvent.DESTROY;
        };
    }

    /** Flow events received and decoded so far. Any thread. */
    public long eventsTotal() {
        return events[FlowEvent.NEW].value() + events[FlowEvent.UPDATE].value() + events[FlowEvent.DESTROY].value();
    }

    Counter events(int eventType) {
        return events[eventType];
    }

    @Override
    public void received(int count) {
        datagrams.add(count);
    }

    @Override
    public void decoded(int eventType) {
        events[eventType].increment();
    }

    @Override
    public void skipped(int unknown, int unexpected) {
        unknownAttributes.add(unknown);
        unexpectedAttributes.add(unexpected);
    }

    @Override
    public void truncated() {
        truncated.increment();
    }

    @Override
    public void malformed() {
        malformed.increment();
    }

    @Override
    public void otherMessage() {
        otherMessages.increment();
    }

    @Override
    public void dumped() {
        dumpMessages.increment();
    }

    @Override
    public void lagged(long nanos) {
        lag.recordNanos(nanos);
    }

    @Override
    public void overrun() {
        overrunErrors.increment();
    }

    @Override
    public void drained(long eventCount) {
        drains.increment();
        if (eventCount > largestDrainEvents) {
            largestDrainEvents = eventCount;
        }
    }

    @Override
    public void added(EventSocket source) {
        String netns = source.netns();
        metrics.counterFrom(
                DROPS, "events", "Events that the kernel could not queue for us", source::dropsTotal, NETNS, netns);
        metrics.counterFrom(
                UNDECODABLE,
                "messages",
                "Event messages that arrived but could not be decoded",
                source::undecodableTotal,
                NETNS,
                netns);
        metrics.counterFrom(
                FOREIGN,
                "datagrams",
                "Datagrams on event sockets that the kernel did not send, not decoded",
                source::foreignTotal,
                NETNS,
                netns);
        metrics.gauge(
                BUFFER,
                "Receive buffer granted, as the kernel counts; each event takes 1280 bytes of it",
                () -> source.grant().effectiveBytes(),
                NETNS,
                netns);
    }

    @Override
    public void removed(EventSocket source) {
        metrics.remove(DROPS, NETNS, source.netns());
        metrics.remove(UNDECODABLE, NETNS, source.netns());
        metrics.remove(FOREIGN, NETNS, source.netns());
        metrics.remove(BUFFER, NETNS, source.netns());
    }
}
