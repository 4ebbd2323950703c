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

    private final NamespaceSeries namespaces;
    private final Counter[] events = new Counter[FlowEvent.DESTROY + 1];
    private volatile long largestDrainEvents;

    /** Registers the metrics that have no namespace label. */
    public ReceiveMetrics(Metrics metrics) {
        namespaces = new NamespaceSeries(metrics);
        datagrams = metrics.counter(ReceiveMetric.DATAGRAMS);
        truncated = metrics.counter(ReceiveMetric.TRUNCATED);
        malformed = metrics.counter(ReceiveMetric.MALFORMED);
        otherMessages = metrics.counter(ReceiveMetric.OTHER);
        dumpMessages = metrics.counter(ReceiveMetric.DUMPED);
        unknownAttributes = metrics.counter(ReceiveMetric.UNKNOWN);
        unexpectedAttributes = metrics.counter(ReceiveMetric.UNEXPECTED);
        drains = metrics.counter(ReceiveMetric.DRAINS);
        overrunErrors = metrics.counter(ReceiveMetric.OVERRUNS);
        metrics.counterFrom(ReceiveMetric.REQUEST_FOREIGN, RequestChannel::foreignTotal);
        lag = metrics.latency(ReceiveMetric.LAG);
        for (String type : new String[] {"new", "update", "destroy"}) {
            events[eventType(type)] = metrics.counter(ReceiveMetric.EVENTS, type);
        }
        metrics.gauge(ReceiveMetric.LARGEST_DRAIN, () -> largestDrainEvents);
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

    /** Flow events of this type received and decoded so far. Any thread. */
    public long eventsTotal(int eventType) {
        return events[eventType].value();
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
        namespaces.add(source, () -> source.grant().effectiveBytes());
    }

    @Override
    public void removed(EventSocket source) {
        namespaces.remove(source);
    }
}
