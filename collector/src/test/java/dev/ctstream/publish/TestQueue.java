package dev.ctstream.publish;

import dev.ctstream.spool.BatchQueue;
import dev.ctstream.spool.QueuedBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** An in-memory queue with batches numbered 1, 2, …. */
final class TestQueue implements BatchQueue {
    private final Runnable onAdded;
    private final Runnable onAcknowledged;
    private final List<QueuedBatch> batches = new ArrayList<>();
    private long acknowledged;
    private int next;
    private int calls;
    private long heldNumber = Long.MAX_VALUE;
    private BooleanSupplier released = () -> true;

    /** An empty queue; tells when a batch was added or acknowledged. */
    TestQueue(Runnable onAdded, Runnable onAcknowledged) {
        this.onAdded = onAdded;
        this.onAcknowledged = onAcknowledged;
    }

    void add(QueuedBatch batch) {
        synchronized (this) {
            if (batch.envelope().number() != batches.size() + 1) {
                throw new IllegalArgumentException("number " + batch.envelope().number());
            }
            batches.add(batch);
        }
        onAdded.run();
    }

    /** Holds batches from a number on until a condition is true. */
    synchronized void hold(long number, BooleanSupplier until) {
        heldNumber = number;
        released = until;
    }

    synchronized int size() {
        return batches.size();
    }

    synchronized long acknowledged() {
        return acknowledged;
    }

    /** How often the publisher has asked for a batch. */
    synchronized int calls() {
        return calls;
    }

    @Override
    public synchronized @Nullable QueuedBatch next() {
        calls++;
        boolean held = next + 1 >= heldNumber && !released.getAsBoolean();
        return held || next == batches.size() ? null : batches.get(next++);
    }

    @Override
    public synchronized void rewind() {
        next = Math.toIntExact(acknowledged);
    }

    @Override
    public void acknowledge(long number) {
        synchronized (this) {
            if (number > next) {
                throw new AssertionError("acknowledged " + number + " of " + next);
            }
            acknowledged = Math.max(acknowledged, number);
        }
        onAcknowledged.run();
    }

    @Override
    public synchronized long unacknowledged() {
        return batches.size() - acknowledged;
    }
}
