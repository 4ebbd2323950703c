package dev.ctstream.batch;

import dev.ctstream.record.StreamId;
import org.jspecify.annotations.Nullable;

/**
 * One stream: its next sequence, its open batch, and its links in the lists of open batches and of refused batches.
 *
 * <p>Threads: confined to the receive thread.
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

    StreamState(NamespaceStreams namespace, int zone) {
        this.namespace = namespace;
        this.id = new StreamId(namespace.netns(), namespace.control().netnsId(), zone);
    }

    long nextSequence() {
        return nextSequence;
    }

    void advance(long next) {
        nextSequence = next;
    }
}
