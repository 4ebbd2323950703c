package dev.ctstream.batch;

import dev.ctstream.record.StreamId;
import org.jspecify.annotations.Nullable;

/**
 * One stream: its next sequence, its open batch, and its links in the lists of open batches and of refused batches.
 *
 * <p>Threads: confined to the receive thread, except {@link #takeEvents}.
 */
final class StreamState {
    final NamespaceStreams namespace;
    final StreamId id;

    private long nextSequence;

    @Nullable
    EncodedBatch open;

    int sizeClass; // that would have held the previous batch

    // In OpenStreams, while there is an open batch.
    @Nullable
    StreamState older;

    @Nullable
    StreamState newer;

    // In HandoverLosses, while refusedBatches is not 0.
    @Nullable
    StreamState nextRefused;

    boolean listedRefused;
    long refusedNext;
    long refusedBatches;
    long refusedFirstNanos;
    long refusedLastNanos;

    private volatile long closedEvents; // of closed batches
    private long takenEvents; // of these, for the thread that visits

    StreamState(NamespaceStreams namespace, int zone) {
        this.namespace = namespace;
        this.id = new StreamId(namespace.netns(), namespace.control().netnsId(), zone);
    }

    long nextSequence() {
        return nextSequence;
    }

    /** A batch of the stream was closed, so its events have these numbers. */
    void closed() {
        closedEvents = nextSequence;
    }

    /** Events of batches that were closed since the last call. One thread at a time. */
    long takeEvents() {
        long closed = closedEvents;
        long events = closed - takenEvents;
        takenEvents = closed;
        return events;
    }

    void advance(long next) {
        nextSequence = next;
    }
}
