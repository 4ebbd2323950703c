package dev.ctstream.spool;

import dev.ctstream.segment.BatchEnvelope;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The first-in-first-out of batches between the receive thread and Kafka, as the publisher sees it.
 *
 * <p>Threads: one thread at a time, the publisher's; {@link #acknowledge}, {@link #unacknowledged} and {@link #wake} from
 * any.
 */
public interface BatchQueue {
    /**
     * The next batch behind the one that was handed out last. Numbers rise; one that is left out was lost, and was
     * declared.
     *
     * @param waitNanos the longest wait; {@link #wake} ends it, an interrupt too and stays set
     * @return borrowed until the next call of this method or of {@link #rewind}; null when none has come
     * @throws IOException when the disk fails; nothing is lost, the call may be repeated
     */
    @Nullable
    QueuedBatch next(long waitNanos) throws IOException;

    /** Ends the present wait in {@link #next}, or the coming one. */
    void wake();

    /** Goes back to the oldest batch that is not acknowledged. */
    void rewind();

    /**
     * Says that every batch up to this number is in Kafka, or is set aside; it will never be handed out again.
     *
     * @param number {@link BatchEnvelope#number()}; smaller ones than before are ignored
     */
    void acknowledge(long number);

    /**
     * Keeps a batch that Kafka refused for good apart from the others, and declares its events as lost. It still has to
     * be acknowledged.
     *
     * @param reason what Kafka said
     */
    void setAside(QueuedBatch batch, String reason);

    /** Batches that were appended and are not acknowledged. */
    long unacknowledged();
}
