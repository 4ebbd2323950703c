package dev.ctstream.batch;

import org.jspecify.annotations.Nullable;

/**
 * Accepts closed batches from the receive thread. Never blocks.
 *
 * <p>Threads: only the receive thread calls these methods.
 */
public interface BatchSink {
    /**
     * Hands over a batch and its ownership.
     *
     * @return false when the sink refuses it; the caller then keeps the ownership
     */
    boolean offer(EncodedBatch batch);

    /**
     * Whether the sink would accept a batch of events now. After a refusal this stays false until there is plenty of
     * space, so that an overload causes one long gap instead of many short ones.
     */
    boolean accepting();

    /** Whether the sink has room to spare for this batch. Unlike a refused offer, a no has no consequence. */
    boolean fits(EncodedBatch batch);

    /**
     * Tells since when events wait before the sink: in open batches for which it has no room, and as losses of which the
     * spool thread does not know yet.
     *
     * @param receivedNanos when the oldest of them was received, ns since 1970-01-01 UTC; Long.MAX_VALUE = none wait
     */
    void waitingSince(long receivedNanos);

    /** Returns a released batch that may be filled again; null = none. */
    @Nullable
    EncodedBatch reclaim();
}
