package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.netlink.Signal;
import dev.ctstream.segment.BatchEnvelope;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jctools.queues.atomic.SpscAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Recently appended batches that are still in memory, so that the publisher need not read them from disk. Every batch
 * is on disk as well, so batches that do not fit are not lost.
 *
 * <p>Ownership: owns the batches in it until they are polled.
 *
 * <p>Threads: the spool thread offers, the publisher peeks and polls.
 */
final class RecentBatches {
    private static final int SLOTS = 4096;

    private final SpscAtomicArrayQueue<QueuedBatch> queue = new SpscAtomicArrayQueue<>(SLOTS);
    /** Taken from the queue by a peek but not polled yet; used by the publisher's thread only. */
    private final Deque<QueuedBatch> front = new ArrayDeque<>();

    private final AtomicLong bytes = new AtomicLong();
    private final long maxBytes;
    private final BatchRing ring;
    private final Signal signal;
    private volatile long appendedNext;

    RecentBatches(BatchRing ring, Signal signal, long maxBytes, long appendedNext) {
        this.ring = ring;
        this.signal = signal;
        this.maxBytes = maxBytes;
        this.appendedNext = appendedNext;
    }

    /** Takes an appended batch, or returns it to the ring when there is no room. */
    void offer(QueuedBatch batch) {
        int length = batch.array().length;
        if (bytes.get() + length > maxBytes) {
            batch.release(ring);
            return;
        }
        bytes.addAndGet(length); // before the batch can be seen, so that the sum is never negative
        if (!queue.offer(batch)) {
            bytes.addAndGet(-length);
            batch.release(ring);
        }
    }

    /** Records that all batches below the number are appended, and wakes the publisher. */
    void appended(long nextNumber) {
        appendedNext = nextNumber;
        signal.signal();
    }

    /** The number after the last appended batch. */
    long appendedNext() {
        return appendedNext;
    }

    /** Bytes of the batches in memory. */
    long bytes() {
        return bytes.get();
    }

    /**
     * The oldest batch with this number or a higher one; null when there is none. Batches below the number are returned
     * to the ring.
     */
    @Nullable
    QueuedBatch peek(long number) {
        QueuedBatch head = peek();
        while (head != null && head.envelope().number() < number) {
            poll().release(ring);
            head = peek();
        }
        return head;
    }

    private @Nullable QueuedBatch peek() {
        QueuedBatch head = front.peekFirst();
        return head != null ? head : queue.peek();
    }

    /** The envelopes of all batches in memory, in order. */
    List<BatchEnvelope> envelopes() {
        for (QueuedBatch batch = queue.poll(); batch != null; batch = queue.poll()) {
            front.addLast(batch);
        }
        return front.stream().map(QueuedBatch::envelope).toList();
    }

    /** Removes the batch that {@link #peek} returned. */
    QueuedBatch poll() {
        QueuedBatch batch = front.isEmpty() ? queue.poll() : front.removeFirst();
        if (batch == null) {
            throw new IllegalStateException("poll without peek");
        }
        bytes.addAndGet(-batch.array().length);
        return batch;
    }
}
