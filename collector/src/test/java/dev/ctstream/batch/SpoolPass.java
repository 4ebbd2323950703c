package dev.ctstream.batch;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Takes what the outbox and the ring hold as the spool thread does, in the order in which it appends.
 *
 * <p>Threads: confined to one, the ring's consumer.
 */
public final class SpoolPass {
    private final BatchRing ring;
    private final ControlOutbox outbox;
    private final Taker taker;
    private long taken;

    /** Takes entries and batches, in order. */
    public interface Taker {
        /** A batch; the taker does not keep it. */
        void batch(EncodedBatch batch);

        /** A control record. */
        void control(ControlOutbox.Waiting waiting);

        /** A mark of refused batches. */
        void refused(ControlOutbox.Refused mark);
    }

    /** Makes no pass yet. */
    public SpoolPass(BatchRing ring, ControlOutbox outbox, Taker taker) {
        this.ring = ring;
        this.outbox = outbox;
        this.taker = taker;
    }

    /** Makes one pass over what is there; waits up to {@code waitMillis} for something. */
    public void run(long waitMillis) {
        ring.await(outbox.size() > 0 ? 0 : TimeUnit.MILLISECONDS.toNanos(waitMillis));
        EncodedBatch batch = ring.poll();
        long until = Math.max(ring.offeredBatches(), batch == null ? taken : taken + 1);
        takeDue();
        while (taken < until) {
            take(batch == null ? ring.poll() : batch);
            batch = null;
            takeDue();
        }
    }

    private void takeDue() {
        ControlOutbox.Entry entry = outbox.peek();
        while (entry != null && entry.ringPosition() <= taken) {
            outbox.remove();
            if (entry instanceof ControlOutbox.Waiting waiting) {
                taker.control(waiting);
            } else if (entry instanceof ControlOutbox.Refused mark) {
                taker.refused(mark);
            }
            entry = outbox.peek();
        }
    }

    private void take(@Nullable EncodedBatch batch) {
        if (batch == null) {
            throw new IllegalStateException("the ring lacks a batch before its own position");
        }
        taken++;
        taker.batch(batch);
        ring.release(batch);
    }

    /** Whether nothing is left. */
    public boolean done() {
        return taken == ring.offeredBatches() && outbox.peek() == null;
    }
}
