package dev.ctstream.spool;

import dev.ctstream.segment.BatchEnvelope;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One chain of the spool as the publisher sees it: a queue (FIFO) of batches of events, or of control records.
 *
 * <p>Threads: the publisher's thread only, except for {@link #acknowledge} and {@link #unacknowledged}, which any thread
 * may call.
 */
public interface BatchQueue {
    /**
     * Returns the batch after the one that was handed out last. Numbers rise; a skipped number belongs to a batch that
     * was lost, and whose GAP is in Kafka. If the next batch is damaged, this waits until its GAP is durable.
     *
     * @return borrowed until the next call of this method or of {@link #rewind}; null when there is none now
     * @throws IOException when the disk fails; nothing is lost and the call may be repeated
     */
    @Nullable
    QueuedBatch next() throws IOException;

    /** Goes back to the oldest batch that is not acknowledged. */
    void rewind();

    /**
     * Records that every batch up to this number is in Kafka or set aside. None of them will be handed out again.
     *
     * @param number {@link BatchEnvelope#number()}; numbers below an earlier one are ignored
     */
    void acknowledge(long number);

    /** Number of batches that were appended but are not acknowledged. */
    long unacknowledged();
}
