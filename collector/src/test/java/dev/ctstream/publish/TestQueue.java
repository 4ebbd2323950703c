package dev.ctstream.publish;

import dev.ctstream.spool.BatchQueue;
import dev.ctstream.spool.QueuedBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An in-memory queue with batches numbered 1, 2, …. */
final class TestQueue implements BatchQueue {
    final List<Long> setAside = new ArrayList<>();
    private final List<QueuedBatch> batches = new ArrayList<>();
    private long acknowledged;
    private int next;
    private boolean woken;

    synchronized void add(QueuedBatch batch) {
        if (batch.envelope().number() != batches.size() + 1) {
            throw new IllegalArgumentException("number " + batch.envelope().number());
        }
        batches.add(batch);
        notifyAll();
    }

    synchronized int size() {
        return batches.size();
    }

    synchronized long acknowledged() {
        return acknowledged;
    }

    @Override
    public synchronized @Nullable QueuedBatch next(long waitNanos) {
        long deadline = System.nanoTime() + waitNanos;
        while (next == batches.size() && !woken) {
            long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (leftMillis <= 0) {
                return null;
            }
            try {
                wait(leftMillis);
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted in the queue", e);
            }
        }
        woken = false;
        return next == batches.size() ? null : batches.get(next++);
    }

    @Override
    public synchronized void wake() {
        woken = true;
        notifyAll();
    }

    @Override
    public synchronized void rewind() {
        next = Math.toIntExact(acknowledged);
    }

    @Override
    public synchronized void acknowledge(long number) {
        if (number > next) {
            throw new AssertionError("acknowledged " + number + " of " + next);
        }
        acknowledged = Math.max(acknowledged, number);
    }

    @Override
    public synchronized void setAside(QueuedBatch batch, String reason) {
        setAside.add(batch.envelope().number());
    }

    @Override
    public synchronized long unacknowledged() {
        return batches.size() - acknowledged;
    }
}
