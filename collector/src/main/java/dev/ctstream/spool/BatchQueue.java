package dev.ctstream.spool;

import dev.ctstream.segment.BatchEnvelope;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The queue (FIFO) of batches between the receive thread and Kafka, as the publisher sees it.
 *
 * <p>Threads: the publisher's thread only, except for {@link #acknowledge}, {@link #unacknowledged} and {@link #wake},
 * which any thread may call.
 */
public interface BatchQueue {
    /**
     * Returns the batch after the one that was handed out last. Numbers rise; a skipped number belongs to a batch that
     * was lost and declared.
     *
     * @param waitNanos the longest wait. {@link #wake} ends it. So does an interrupt, which stays set
     * @return borrowed until the next call of this method or of {@link #rewind}; null when none came in time
     * @throws IOException when the disk fails; nothing is lost and the call may be repeated
     */
    @Nullable
    QueuedBatch next(long waitNanos) throws IOException;

    /** Ends the current wait in {@link #next}, or the next one if none is in progress. */
    void wake();

    /** Goes back to the oldest batch that is not acknowledged. */
    void rewind();

    /**
     * Records that every batch up to this number is in Kafka or set aside. None of them will be handed out again.
     *
     * @param number {@link BatchEnvelope#number()}; numbers below an earlier one are ignored
     */
    void acknowledge(long number);

    /**
     * Sets aside a batch that Kafka rejected permanently, and declares its events as lost. The batch still has to be
     * acknowledged.
     *
     * @param reason what Kafka said
     */
    void setAside(QueuedBatch batch, String reason);

    /** Number of batches that were appended but are not acknowledged. */
    long unacknowledged();
}
