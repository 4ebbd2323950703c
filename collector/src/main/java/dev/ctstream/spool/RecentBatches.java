package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.EncodedBatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.atomic.SpscAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Batches that were just appended and are still in memory, so that the publisher need not read them back. What does
 * not fit is on disk all the same.
 *
 * <p>Ownership: owns the batches in it until they are polled.
 *
 * <p>Threads: the spool thread offers, the publisher peeks, polls and waits.
 */
final class RecentBatches {
    /** A batch and its envelope. */
    record Entry(BatchEnvelope envelope, EncodedBatch batch) {}

    private static final int SLOTS = 4096;

    private final SpscAtomicArrayQueue<Entry> queue = new SpscAtomicArrayQueue<>(SLOTS);
    private final AtomicLong bytes = new AtomicLong();
    private final long maxBytes;
    private final BatchRing ring;
    private volatile long appendedNext;
    private volatile @Nullable Thread waiting;
    private volatile boolean woken;

    RecentBatches(BatchRing ring, long maxBytes, long appendedNext) {
        this.ring = ring;
        this.maxBytes = maxBytes;
        this.appendedNext = appendedNext;
    }

    /** Takes an appended batch, or gives it back to the ring when there is no room. */
    void offer(BatchEnvelope envelope, EncodedBatch batch) {
        int length = batch.array().length;
        if (bytes.get() + length <= maxBytes && queue.offer(new Entry(envelope, batch))) {
            bytes.addAndGet(length);
        } else {
            ring.release(batch);
        }
    }

    /** Says that all batches below the number are appended, and wakes the publisher. */
    void appended(long nextNumber) {
        appendedNext = nextNumber;
        unpark();
    }

    /** Ends the publisher's wait, also one that is about to begin. Any thread. */
    void wake() {
        woken = true;
        unpark();
    }

    private void unpark() {
        Thread thread = waiting;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    /** The number behind the last batch that was appended. */
    long appendedNext() {
        return appendedNext;
    }

    @Nullable
    Entry peek() {
        return queue.peek();
    }

    Entry poll() {
        Entry entry = queue.poll();
        if (entry == null) {
            throw new IllegalStateException("poll without peek");
        }
        bytes.addAndGet(-entry.batch().array().length);
        return entry;
    }

    /** Waits until the batch with the number is appended; false when the time is over or the thread interrupted. */
    boolean await(long number, long waitNanos) {
        if (appendedNext > number || waitNanos <= 0) {
            return appendedNext > number;
        }
        long deadline = System.nanoTime() + waitNanos;
        Thread current = Thread.currentThread();
        waiting = current;
        try {
            while (appendedNext <= number) {
                long left = deadline - System.nanoTime();
                if (left <= 0 || woken || current.isInterrupted()) {
                    return false;
                }
                LockSupport.parkNanos(this, left);
            }
            return true;
        } finally {
            woken = false;
            waiting = null;
        }
    }
}
