package dev.ctstream.batch;

import org.jspecify.annotations.Nullable;

/**
 * Batches that the ring refused. Their count goes with the stream's next batch; if none follows, a mark in the outbox
 * tells it. The spool thread, which sees the jump in the stream's sequences, declares the loss.
 *
 * <p>Invariant: a stream in the list has lost exactly the sequences since its last accepted batch. So its loss is one
 * range, held in the stream itself, which grows while the outbox takes no mark; memory does not grow.
 *
 * <p>Threads: confined to the receive thread.
 */
final class HandoverLosses {
    private final ControlOutbox outbox;
    private @Nullable StreamState first;
    private @Nullable StreamState last;

    HandoverLosses(ControlOutbox outbox) {
        this.outbox = outbox;
    }

    /** Records a batch that the ring has refused. */
    void add(StreamState stream, EncodedBatch batch) {
        if (stream.refusedBatches == 0) {
            stream.refusedFirstNanos = batch.firstReceivedNanos();
            list(stream);
        }
        stream.refusedNext = batch.firstSequence() + batch.count();
        stream.refusedBatches++;
        stream.refusedLastNanos = batch.lastReceivedNanos();
    }

    private void list(StreamState stream) {
        if (stream.listedRefused) {
            return; // a later batch has told the earlier loss, and the stream is still in the list
        }
        stream.listedRefused = true;
        if (last == null) {
            first = stream;
        } else {
            last.nextRefused = stream;
        }
        last = stream;
    }

    /** Puts the stream's loss, if it has one, into its next batch. */
    static void tell(StreamState stream, EncodedBatch batch) {
        batch.refusedBatches = stream.refusedBatches;
        batch.refusedFirstNanos = stream.refusedFirstNanos;
        batch.refusedLastNanos = stream.refusedLastNanos;
    }

    /** The batch that {@link #tell} has filled was accepted. */
    static void told(StreamState stream) {
        stream.refusedBatches = 0;
    }

    /** When the oldest event was received that no batch and no mark has told yet; Long.MAX_VALUE = there is none. */
    long sinceNanos() {
        long since = Long.MAX_VALUE;
        for (StreamState stream = first; stream != null; stream = stream.nextRefused) {
            since = stream.refusedBatches > 0 ? Math.min(since, stream.refusedFirstNanos) : since;
        }
        return since;
    }

    /** Offers a mark for each loss that no batch has told; false when the outbox does not take all of them now. */
    boolean offerMarks() {
        for (StreamState stream = first; stream != null; stream = first) {
            if (stream.refusedBatches > 0
                    && !outbox.offerRefused(
                            stream.id,
                            stream.refusedNext,
                            stream.refusedBatches,
                            stream.refusedFirstNanos,
                            stream.refusedLastNanos)) {
                return false;
            }
            told(stream);
            first = stream.nextRefused;
            last = first == null ? null : last;
            stream.nextRefused = null;
            stream.listedRefused = false;
        }
        return true;
    }
}
