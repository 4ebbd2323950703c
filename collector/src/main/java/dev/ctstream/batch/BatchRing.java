package dev.ctstream.batch;

import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.atomic.MpscAtomicArrayQueue;
import org.jctools.queues.atomic.SpscAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queue from the receive thread to the next stage, and the queue that returns empty batches.
 *
 * <p>Bounds: the number of slots, and the bytes of batches that were accepted and not yet released. When a bound is
 * reached, {@link #offer} refuses batches of events until both are at most half used; the caller counts and declares
 * the loss. Some slots are reserved for control records, so the declaration itself gets through.
 *
 * <p>Threads: one producer (the {@link BatchSink} methods) and one consumer ({@link #poll}, {@link #take}); any thread
 * may {@link #release}. The consumer sees what the producer wrote into a batch, and the producer sees what the consumer
 * wrote before it released the batch.
 */
public final class BatchRing implements BatchSink {
    /** Batches of 0.3 s at 100 000 per second: with the default linger, 5 000 busy zones close that many. */
    public static final int DEFAULT_SLOTS = 32_768;

    public static final long DEFAULT_MAX_BYTES = 64L << 20;

    private static final int CONTROL_SLOTS = 64;

    private final SpscAtomicArrayQueue<EncodedBatch> full;
    private final MpscAtomicArrayQueue<EncodedBatch> empty;
    private final long maxBytes;
    private final int eventSlots;
    private final AtomicLong releasedBytes = new AtomicLong();
    private volatile @Nullable Thread waiting;
    private volatile boolean woken;
    private volatile long offeredBytes; // written by the producer
    private boolean shedding; // producer

    /** The default size. */
    public BatchRing() {
        this(DEFAULT_SLOTS, DEFAULT_MAX_BYTES);
    }

    /**
     * Creates an empty ring.
     *
     * @param slots batches that may wait; rounded up to a power of two, plus some reserved for control records
     * @param maxBytes buffer bytes of all batches that were accepted and not released
     */
    public BatchRing(int slots, long maxBytes) {
        if (slots < 1 || maxBytes < 1) {
            throw new IllegalArgumentException("slots " + slots + ", bytes " + maxBytes);
        }
        full = new SpscAtomicArrayQueue<>(slots + CONTROL_SLOTS);
        empty = new MpscAtomicArrayQueue<>(slots + CONTROL_SLOTS);
        eventSlots = full.capacity() - CONTROL_SLOTS;
        this.maxBytes = maxBytes;
    }

    @Override
    public boolean offer(EncodedBatch batch) {
        int bytes = batch.capacityBytes();
        if (batch.kind() == EncodedBatch.EVENTS && !hasSpaceForEvents(bytes)) {
            return false;
        }
        // Counted before the consumer can see the batch, so that a fast release never makes the difference negative.
        long before = offeredBytes;
        offeredBytes = before + bytes;
        if (!full.offer(batch)) {
            offeredBytes = before;
            return false;
        }
        VarHandle.fullFence(); // the slot is written before the consumer's flag is read
        Thread consumer = waiting;
        if (consumer != null) {
            LockSupport.unpark(consumer);
        }
        return true;
    }

    private boolean hasSpaceForEvents(int bytes) {
        if (!accepting()) {
            return false;
        }
        boolean space = full.size() < eventSlots && inFlightBytes() + bytes <= maxBytes;
        shedding = !space;
        return space;
    }

    @Override
    public boolean accepting() {
        if (shedding && full.size() <= eventSlots / 2 && inFlightBytes() <= maxBytes / 2) {
            shedding = false;
        }
        return !shedding;
    }

    @Override
    public @Nullable EncodedBatch reclaim() {
        return empty.poll();
    }

    /** Removes and returns the oldest batch; null = none. The caller owns it. */
    public @Nullable EncodedBatch poll() {
        return full.poll();
    }

    /**
     * Removes and returns the oldest batch; waits for one when there is none.
     *
     * @param waitNanos the longest wait; an interrupt ends it, and the interrupt flag stays set
     * @return null when no batch arrived
     */
    public @Nullable EncodedBatch take(long waitNanos) {
        EncodedBatch batch = full.poll();
        if (batch != null || waitNanos <= 0) {
            return batch;
        }
        long deadline = System.nanoTime() + waitNanos;
        Thread current = Thread.currentThread();
        waiting = current;
        try {
            for (batch = full.poll(); batch == null; batch = full.poll()) {
                long left = deadline - System.nanoTime();
                if (left <= 0 || woken || current.isInterrupted()) {
                    return null;
                }
                LockSupport.parkNanos(this, left);
            }
            return batch;
        } finally {
            woken = false;
            waiting = null;
        }
    }

    /** Ends the consumer's wait, or one that is about to begin: {@link #take} then returns null. Any thread. */
    public void wake() {
        woken = true;
        Thread consumer = waiting;
        if (consumer != null) {
            LockSupport.unpark(consumer);
        }
    }

    /** Returns a batch to be filled again; the caller no longer owns it. Any thread. */
    public void release(EncodedBatch batch) {
        releasedBytes.addAndGet(batch.capacityBytes());
        if (!empty.offer(batch)) {
            return; // more batches than are ever needed at once: this one is left to the garbage collector
        }
    }

    /** Batches waiting for the consumer. Any thread. */
    public int size() {
        return full.size();
    }

    /** Buffer bytes of the batches that were accepted and not yet released. Any thread. */
    public long inFlightBytes() {
        long released = releasedBytes.get(); // first, so that the difference is never negative
        return offeredBytes - released;
    }
}
