package dev.ctstream.batch;

import org.jspecify.annotations.Nullable;

/**
 * Where the receive thread puts closed batches. Never waits.
 *
 * <p>Threads: the receive thread calls every method.
 */
public interface BatchSink {
    /**
     * Hands a batch over.
     *
     * @return false when it is not taken; the ownership stays with the caller then
     */
    boolean offer(EncodedBatch batch);

    /**
     * Whether a batch of events would be taken now. After a refusal this stays false until there is plenty of room, so
     * that a loss is one long gap and not many short ones.
     */
    boolean accepting();

    /** A batch that is no longer needed and may be filled again, null = none at hand. */
    @Nullable
    EncodedBatch reclaim();
}
