package dev.ctstream.conntrack;

import dev.ctstream.metrics.Metrics;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.StampedLock;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;

/**
 * The metrics that each namespace has by itself, under the label {@code netns}. Whoever may make namespaces may make many
 * and chooses their names, so at most {@value #MOST} have a label of their own at a time; all others count together as
 * {@value #OTHER}, also after their end, since a counter must not decrease. A label goes with its namespace.
 *
 * <p>Threads: sources come and go on the receive thread; any thread reads the metrics.
 */
final class NamespaceSeries {
    /** Most namespaces that have a label of their own. */
    static final int MOST = 100;
    /** In place of a name: all that have no label of their own. */
    static final String OTHER = "other";

    private static final List<Total> TOTALS = List.of(
            new Total(ReceiveMetric.DROPPED, EventSource::dropsTotal),
            new Total(ReceiveMetric.UNDECODABLE, EventSource::undecodableTotal),
            new Total(ReceiveMetric.FOREIGN, EventSource::foreignTotal));

    private final Metrics metrics;
    private final Set<EventSource> labelled = new HashSet<>();
    private final Map<EventSource, Other> others = new ConcurrentHashMap<>();
    private final AtomicLongArray ended = new AtomicLongArray(TOTALS.size()); // of the others
    private final StampedLock moving = new StampedLock();
    private boolean hasOthers;

    /** A counter of a source. */
    private record Total(ReceiveMetric metric, ToLongFunction<EventSource> value) {}

    /** A source without a label of its own, and its counters when it came: a run after another has the same sources. */
    private record Other(LongSupplier buffer, List<Long> before) {}

    NamespaceSeries(Metrics metrics) {
        this.metrics = metrics;
    }

    /** Receive thread: shows the source's metrics; {@code buffer} is its receive buffer in bytes. */
    void add(EventSource source, LongSupplier buffer) {
        if (labelled.size() < MOST && !source.netns().equals(OTHER)) {
            labelled.add(source);
            TOTALS.forEach(total -> counter(total, () -> total.value.applyAsLong(source), source.netns()));
            metrics.gauge(ReceiveMetric.BUFFER, buffer, source.netns());
            return;
        }
        others.put(
                source,
                new Other(
                        buffer,
                        TOTALS.stream()
                                .map(total -> total.value.applyAsLong(source))
                                .toList()));
        if (!hasOthers) {
            hasOthers = true;
            for (int i = 0; i < TOTALS.size(); i++) {
                int index = i;
                counter(TOTALS.get(i), () -> othersTotal(index), OTHER);
            }
            metrics.gauge(ReceiveMetric.BUFFER, this::othersBuffer, OTHER);
        }
    }

    private void counter(Total total, LongSupplier value, String netns) {
        metrics.counterFrom(total.metric, value, netns);
    }

    /** Receive thread: the source has gone. */
    void remove(EventSource source) {
        if (labelled.remove(source)) {
            TOTALS.forEach(total -> metrics.remove(total.metric, source.netns()));
            metrics.remove(ReceiveMetric.BUFFER, source.netns());
            return;
        }
        Other other = others.get(source);
        if (other != null) {
            long stamp = moving.writeLock(); // readers do not hold it
            for (int i = 0; i < TOTALS.size(); i++) {
                ended.addAndGet(i, growth(source, other, i));
            }
            others.remove(source);
            moving.unlockWrite(stamp);
        }
    }

    private static long growth(EventSource source, Other other, int index) {
        return TOTALS.get(index).value.applyAsLong(source) - other.before.get(index);
    }

    private long othersTotal(int index) {
        while (true) {
            long stamp = moving.tryOptimisticRead();
            long sum = ended.get(index);
            for (Map.Entry<EventSource, Other> other : others.entrySet()) {
                sum += growth(other.getKey(), other.getValue(), index);
            }
            if (moving.validate(stamp)) {
                return sum;
            }
            Thread.onSpinWait(); // a source is moving from the one to the other
        }
    }

    private long othersBuffer() {
        return others.values().stream()
                .mapToLong(other -> other.buffer.getAsLong())
                .sum();
    }
}
