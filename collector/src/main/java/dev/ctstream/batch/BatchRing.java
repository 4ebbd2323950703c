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
 * reached, {@link #offer} refuses batches until both are at most half used; the caller counts the loss.
 *
 * <p>Threads: one producer (the {@link BatchSink} methods) and one consumer ({@link #poll}, {@link #await}); any thread
 * may {@link #release}. The consumer sees what the producer wrote into a batch, and the producer sees what the consumer
 * wrote before it released the batch.
 */
public final class BatchRing implements BatchSink {
    /** Batches of a tick of 30 000 busy zones. */
    public static final int DEFAULT_SLOTS = 32_768;

    public static final long DEFAULT_MAX_BYTES = 64L << 20;

    /** Batches that the producer and the consumers may hold besides those that wait. */
    private static final int HELD_BATCHES = 64;

    private final SpscAtomicArrayQueue<EncodedBatch> full;
    private final MpscAtomicArrayQueue<EncodedBatch> empty;
    private final long maxBytes;
    private final int slots;
    private final AtomicLong releasedBytes = new AtomicLong();
    private volatile @Nullable Thread waiting;
    private volatile boolean woken;
    private volatile long offeredBytes; // written by the producer
    private volatile long offeredBatches; // written by the producer
    private volatile long lastRefusedNanos; // written by the producer
    private volatile long waitingSinceNanos = Long.MAX_VALUE; // written by the producer
    private boolean shedding; // producer

    /** The default size. */
    public BatchRing() {
        this(DEFAULT_SLOTS, DEFAULT_MAX_BYTES);
    }

    /**
     * Creates an empty ring.
     *
     * @param slots batches that may wait; rounded up to a power of two
     * @param maxBytes buffer bytes of all batches that were accepted and not released
     */
    public BatchRing(int slots, long maxBytes) {
        if (slots < 1 || maxBytes < 1) {
            throw new IllegalArgumentException("slots " + slots + ", bytes " + maxBytes);
        }
        full = new SpscAtomicArrayQueue<>(slots);
        empty = new MpscAtomicArrayQueue<>(slots + HELD_BATCHES);
        this.slots = full.capacity();
        this.maxBytes = maxBytes;
    }

    @Override
    public boolean offer(EncodedBatch batch) {
        int bytes = batch.capacityBytes();
        if (!hasSpace(bytes)) {
            return false;
        }
        // Counted before the consumer can see the batch, so that a fast release never makes the difference negative.
        long before = offeredBytes;
        offeredBytes = before + bytes;
        if (!full.offer(batch)) {
            offeredBytes = before;
            return false;
        }
        long position = offeredBatches;
        offeredBatches = position + 1;
        VarHandle.fullFence(); // the slot is written before the consumer's flag is read
        Thread consumer = waiting;
        if (consumer != null) {
            LockSupport.unpark(consumer);
        }
        return true;
    }

    @Override
    public boolean fits(EncodedBatch batch) {
        return (!shedding || hasPlenty())
                && full.size() < slots - slots / 4 // the rest is for batches that cannot wait
                && inFlightBytes() + batch.capacityBytes() <= maxBytes - maxBytes / 4;
    }

    private boolean hasPlenty() {
        return full.size() <= slots / 2 && inFlightBytes() <= maxBytes / 2;
    }

    private boolean hasSpace(int bytes) {
        if (!accepting()) {
            return false;
        }
        boolean space = full.size() < slots && inFlightBytes() + bytes <= maxBytes;
        if (!space) {
            shedding = true;
            lastRefusedNanos = System.nanoTime();
        }
        return space;
    }

    @Override
    public boolean accepting() {
        if (shedding && hasPlenty()) {
            shedding = false;
        }
        if (shedding) {
            lastRefusedNanos = System.nanoTime();
        }
        return !shedding;
    }

    @Override
    public void waitingSince(long receivedNanos) {
        if (waitingSinceNanos != receivedNanos) {
            waitingSinceNanos = receivedNanos;
        }
    }

    /**
     * What {@link #waitingSince} has told. To be read before {@link #offeredBatches}: then an event that waits no more is
     * before that position. Any thread.
     */
    public long waitingSinceNanos() {
        return waitingSinceNanos;
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
     * Waits until there is a batch, or until {@link #wake}.
     *
     * @param waitNanos the longest wait; an interrupt ends it, and the interrupt flag stays set
     */
    public void await(long waitNanos) {
        long deadline = System.nanoTime() + waitNanos;
        Thread current = Thread.currentThread();
        waiting = current;
        try {
            while (full.isEmpty() && !woken && !current.isInterrupted()) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return;
                }
                LockSupport.parkNanos(this, left);
            }
        } finally {
            waiting = null;
            woken = false; // whoever woke has changed the state that the caller looks at next
        }
    }

    /** Ends the consumer's {@link #await}, or one that is about to begin. Any thread. */
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

    /**
     * Number of batches that were ever accepted: the position after the newest one. A thread that learns of a batch
     * after its offer has returned sees a position after that batch. Any thread.
     */
    public long offeredBatches() {
        return offeredBatches;
    }

    /** {@link System#nanoTime} of the last refusal; 0 = none. Any thread. */
    public long lastRefusedNanos() {
        return lastRefusedNanos;
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
