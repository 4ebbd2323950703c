package dev.ctstream.batch;

import dev.ctstream.record.StreamId;
import org.jctools.queues.atomic.MpscAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The way of control records to the spool thread, beside the {@link BatchRing}. Any thread offers a record; the spool
 * thread numbers it when it appends it. Entries leave in the order in which they were offered.
 *
 * <p>A record that must follow events carries the ring's position at that moment: it is due when every batch before
 * that position has been taken from the ring.
 *
 * <p>Bounds: {@value #CAPACITY} entries. {@link #offer} never waits: when the outbox is full, it refuses the entry, and
 * whoever made it keeps it and tries again. A HEARTBEAT is left out instead.
 *
 * <p>Threads: any thread offers, and wakes the spool thread by that; only the spool thread peeks and removes.
 */
public final class ControlOutbox {
    public static final int CAPACITY = 4096;

    private final MpscAtomicArrayQueue<Entry> entries = new MpscAtomicArrayQueue<>(CAPACITY);
    private final BatchRing ring;

    /** An empty outbox beside a ring, whose consumer it wakes. */
    public ControlOutbox(BatchRing ring) {
        this.ring = ring;
    }

    /** What the spool thread is to append. */
    public sealed interface Entry {
        /** The entry is due when the ring's consumer has taken every batch before this position; 0 = at once. */
        long ringPosition();
    }

    /**
     * A control record.
     *
     * @param namespace {@link StreamId#control} of its namespace
     * @param timeMillis when it was made, ms since 1970-01-01 UTC
     */
    public record Waiting(StreamId namespace, ControlRecord record, long timeMillis, long ringPosition)
            implements Entry {}

    /**
     * Batches of a stream that the ring refused; no later batch of the stream has been accepted.
     *
     * @param nextSequence the sequence after the last one that was refused
     * @param batches refused batches
     * @param firstNanos when their first event was received, ns since 1970-01-01 UTC
     * @param lastNanos when their last event was received
     */
    public record Refused(
            StreamId stream, long nextSequence, long batches, long firstNanos, long lastNanos, long ringPosition)
            implements Entry {}

    /** Offers a record that does not depend on events; false when the outbox is full. */
    public boolean offer(StreamId namespace, ControlRecord record, long timeMillis) {
        return offer(new Waiting(namespace, record, timeMillis, 0));
    }

    /** Offers a record that must follow all batches that the ring has accepted so far; false when the outbox is full. */
    public boolean offerAfterEvents(StreamId namespace, ControlRecord record, long timeMillis) {
        return offer(new Waiting(namespace, record, timeMillis, ring.offeredBatches()));
    }

    /** Offers a mark of refused batches; false when the outbox is full. Receive thread. */
    boolean offerRefused(StreamId stream, long nextSequence, long batches, long firstNanos, long lastNanos) {
        return offer(new Refused(stream, nextSequence, batches, firstNanos, lastNanos, ring.offeredBatches()));
    }

    private boolean offer(Entry entry) {
        boolean accepted = entries.offer(entry);
        ring.wake(); // also when it is full: the spool thread must empty it
        return accepted;
    }

    /** The oldest entry; null = none. Spool thread. */
    public @Nullable Entry peek() {
        return entries.peek();
    }

    /** Removes the entry that {@link #peek} returned. Spool thread. */
    public void remove() {
        entries.poll();
    }

    /** Number of entries that wait. Any thread. */
    public int size() {
        return entries.size();
    }
}
