package dev.ctstream.spool;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.Loss;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The GAP records that are appended and that Kafka has not acknowledged.
 *
 * <p>Bounds: one entry for each such record; the chain of control records limits their number. What they declare is
 * remembered for the newest {@value #LOSSES_MAX} losses.
 *
 * <p>Threads: the spool thread adds; any thread reads.
 */
final class Owed {
    private static final int LOSSES_MAX = 100_000;

    /**
     * A GAP.
     *
     * @param losses what it declares, by stream; empty when that is not known, or there are too many
     * @param unnamed the record itself when it names no stream: what the kernel lost, or a restart
     */
    record Entry(
            long number,
            StreamId namespace,
            long events,
            List<Loss> losses,
            ControlRecord.@Nullable Gap unnamed,
            long sinceNanos) {}

    private final Deque<Entry> entries = new ArrayDeque<>();
    private final Map<StreamId, Long> eventsByNamespace = new HashMap<>();
    private int losses;

    /**
     * Adds a GAP.
     *
     * @param number in the chain of control records
     * @param namespace {@link StreamId#control} of the namespace whose stream it is in
     * @param events lost events; 0 = unknown, or control records
     * @param declared what it declares, by stream; empty when it names none
     */
    synchronized void add(long number, StreamId namespace, long events, List<Loss> declared, ControlRecord.Gap gap) {
        boolean remembered = losses + declared.size() <= LOSSES_MAX;
        losses += remembered ? declared.size() : 0;
        entries.addLast(new Entry(
                number,
                namespace,
                events,
                remembered ? declared : List.of(),
                declared.isEmpty() ? gap : null,
                System.nanoTime()));
        eventsByNamespace.merge(namespace, events, Long::sum);
    }

    /** Forgets the records that Kafka has acknowledged, up to this number. */
    synchronized void acknowledged(long number) {
        for (Entry oldest = entries.peekFirst();
                oldest != null && oldest.number() <= number;
                oldest = entries.peekFirst()) {
            entries.removeFirst();
            losses -= oldest.losses().size();
            eventsByNamespace.merge(oldest.namespace(), -oldest.events(), Long::sum);
        }
    }

    /** Lost events whose GAP is in the stream of this namespace. */
    synchronized long events(StreamId namespace) {
        return eventsByNamespace.getOrDefault(namespace, 0L);
    }

    /** Lost events in all namespaces. */
    synchronized long events() {
        return eventsByNamespace.values().stream().mapToLong(Long::longValue).sum();
    }

    /** How long the oldest record has waited; 0 = there is none. */
    synchronized long waitingNanos(long nowNanos) {
        Entry oldest = entries.peekFirst();
        return oldest == null ? 0 : Math.max(1, nowNanos - oldest.sinceNanos());
    }

    /** Removes and returns all entries: their records are gone and must be made again. */
    synchronized List<Entry> takeBack() {
        List<Entry> all = List.copyOf(entries);
        entries.clear();
        eventsByNamespace.clear();
        losses = 0;
        return all;
    }
}
