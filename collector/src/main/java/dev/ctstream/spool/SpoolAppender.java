package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Takes closed batches from the ring, numbers them and appends them. It never leaves batches in the ring for lack of
 * space: when the disk takes no more, data is dropped as {@code spool.when-full} says. Control records are not dropped
 * but held back until they can be appended.
 *
 * <p>Ownership: owns each batch after it leaves the ring, until it goes to {@link RecentBatches}.
 *
 * <p>Threads: confined to the spool thread.
 *
 * <p>Errors: no disk failure throws out of this class; it is counted, reported and retried.
 */
final class SpoolAppender {
    /** Pause after a failed write. */
    static final long RETRY_NANOS = 100_000_000;

    private final SpoolConfig config;
    private final ActiveSegment active;
    private final SpoolQuota quota;
    private final RecentBatches recent;
    private final BatchRing ring;
    private final SpoolLosses losses;
    private final SpoolMetrics metrics;
    private final PendingFrames pending = new PendingFrames();
    private final HeldControl held = new HeldControl();
    private SpoolPosition next;
    private long nextLogIndex;
    private boolean failing;
    private long retryAtNanos;
    private long lastSyncNanos = System.nanoTime();
    private long appendedControl;

    SpoolAppender(
            SpoolConfig config,
            ActiveSegment active,
            SpoolQuota quota,
            RecentBatches recent,
            BatchRing ring,
            SpoolLosses losses,
            SpoolMetrics metrics,
            SpoolPosition next) {
        this.config = config;
        this.active = active;
        this.quota = quota;
        this.recent = recent;
        this.ring = ring;
        this.losses = losses;
        this.metrics = metrics;
        this.next = next;
    }

    /** The position of the next batch. */
    SpoolPosition next() {
        return next;
    }

    /** How long the appender has nothing to do, unless batches come. */
    long idleNanos() {
        if (failing || !held.isEmpty()) {
            return RETRY_NANOS;
        }
        long due = lastSyncNanos + config.syncIntervalMillis() * 1_000_000 - System.nanoTime();
        return active.unsynced() ? Math.max(due, 0) : Long.MAX_VALUE;
    }

    /** Number of control records appended so far. */
    long appendedControl() {
        return appendedControl;
    }

    /**
     * Appends the batches that are available.
     *
     * @param first the first batch from the ring; null = there was none
     * @return number of batches taken from the ring
     */
    int pass(@Nullable EncodedBatch first, int mostBatches) {
        gatherHeld();
        int taken = 0;
        EncodedBatch batch = first;
        while (batch != null) {
            boolean mustHold = batch.kind() == EncodedBatch.CONTROL && !held.isEmpty();
            if (mustHold || !gather(batch)) {
                hold(batch);
            }
            batch = ++taken < mostBatches ? ring.poll() : null;
        }
        flush();
        losses.declareIfOver(System.nanoTime());
        if (losses.isFull() && quota.plenty()) {
            losses.hasSpace();
        }
        return taken;
    }

    private void gatherHeld() {
        for (EncodedBatch record = held.peek(); record != null && gather(record); record = held.peek()) {
            held.remove();
        }
    }

    /** Whether everything that came from the ring is appended or dropped. */
    boolean nothingHeld() {
        return held.isEmpty();
    }

    /** Numbers a batch and adds it to the pending ones; false when there is no room for it. */
    private boolean gather(EncodedBatch batch) {
        if (failing && System.nanoTime() - retryAtNanos < 0) {
            return false;
        }
        batch.number(nextLogIndex);
        if (!pending.hasRoom(batch) && !flush()) {
            return false;
        }
        if (!quota.make(pending.bytes() + pending.frameBytes(batch), batch.kind())) {
            return false;
        }
        losses.beforeAppend(batch.stream());
        BatchEnvelope envelope = BatchEnvelope.of(next, batch);
        pending.add(envelope, batch);
        next = envelope.next();
        nextLogIndex += batch.kind() == EncodedBatch.EVENTS ? 1 : 0;
        return true;
    }

    /** Keeps a control record for later; drops anything else. */
    private void hold(EncodedBatch batch) {
        if (batch.kind() == EncodedBatch.CONTROL && held.add(batch)) {
            return;
        }
        losses.dropped(BatchEnvelope.of(next, batch));
        ring.release(batch);
    }

    /** Writes the pending batches, which makes them available to the publisher. False when the write failed. */
    private boolean flush() {
        while (!pending.isEmpty()) {
            try {
                active.append(pending, next);
                handOver();
            } catch (IOException e) {
                // This thread ignores interrupts. An interrupt closes the file; a new segment is begun.
                boolean again = e instanceof ClosedByInterruptException && Thread.interrupted();
                if (!again && !(SpoolFileSystem.isFull(e, config.directory()) && quota.free())) {
                    failed(e);
                    takeBack();
                    return false;
                }
            }
        }
        if (active.appendedBytes() >= config.segmentBytes()) {
            active.seal();
        }
        return true;
    }

    private void handOver() {
        metrics.written(pending.batches().size(), pending.bytes());
        for (QueuedBatch batch : pending.batches()) {
            if (batch.envelope().kind() == EncodedBatch.CONTROL) {
                appendedControl++;
            }
            recent.offer(batch);
        }
        pending.clear();
        recent.appended(next.number());
        failing = false;
        losses.worked();
    }

    private void failed(IOException e) {
        failing = true;
        retryAtNanos = System.nanoTime() + RETRY_NANOS;
        losses.failed(config.directory(), e);
    }

    /** Undoes the numbering of the pending batches, including their log indexes, because nothing was appended. */
    private void takeBack() {
        next = pending.first();
        List<EncodedBatch> control = new ArrayList<>();
        for (QueuedBatch batch : pending.batches()) {
            if (batch.envelope().kind() == EncodedBatch.CONTROL) {
                control.add(Objects.requireNonNull(batch.memory()));
            } else {
                nextLogIndex--;
                losses.dropped(batch.envelope());
                batch.release(ring);
            }
        }
        held.putBack(control);
        pending.clear();
    }

    /** Syncs the appended data to disk when the interval has passed. */
    void syncIfDue(long nowNanos) {
        if (active.unsynced() && nowNanos - lastSyncNanos >= config.syncIntervalMillis() * 1_000_000) {
            sync();
        }
    }

    void sync() {
        try {
            active.sync();
        } catch (IOException e) {
            if (!(e instanceof ClosedByInterruptException && Thread.interrupted())) {
                losses.failed(config.directory(), e); // the written data stays; no batch is dropped because of this
            }
        }
        lastSyncNanos = System.nanoTime();
    }

    /** Seals the active segment. */
    void seal() {
        active.seal();
    }

    /** Appends the held-back records, if the disk takes them now, and declares the last losses. */
    void finish() {
        failing = false; // try at once, one last time
        gatherHeld();
        flush();
        losses.declareAll();
        sync();
    }
}
