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
 * Takes closed batches from the ring, numbers them and appends them. Never lets the ring wait for room: what the disk
 * does not take gives way as {@code spool.when-full} says. Control records are held back instead, until they can be
 * appended.
 *
 * <p>Ownership: owns each batch from the ring until it is handed to {@link RecentBatches}.
 *
 * <p>Threads: confined to the spool thread.
 *
 * <p>Errors: a failing disk never throws out of here; it is counted, reported and tried again.
 */
final class SpoolAppender {
    /** After a failed write, the disk is left alone for so long. */
    static final long RETRY_NANOS = 100_000_000;

    private final SpoolConfig config;
    private final ActiveSegment inUse;
    private final SpoolQuota room;
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
            ActiveSegment inUse,
            SpoolQuota room,
            RecentBatches recent,
            BatchRing ring,
            SpoolLosses losses,
            SpoolMetrics metrics,
            SpoolPosition next) {
        this.config = config;
        this.inUse = inUse;
        this.room = room;
        this.recent = recent;
        this.ring = ring;
        this.losses = losses;
        this.metrics = metrics;
        this.next = next;
    }

    /** The place of the next batch. */
    SpoolPosition next() {
        return next;
    }

    /** How long nothing needs to be done here, unless batches come. */
    long idleNanos() {
        if (failing || !held.isEmpty()) {
            return RETRY_NANOS;
        }
        long due = lastSyncNanos + config.syncIntervalMillis() * 1_000_000 - System.nanoTime();
        return inUse.unsynced() ? Math.max(due, 0) : Long.MAX_VALUE;
    }

    /** Control records that were appended. */
    long appendedControl() {
        return appendedControl;
    }

    /**
     * Appends what there is.
     *
     * @param first from the ring, null = none was there
     * @return how many came from the ring
     */
    int pass(@Nullable EncodedBatch first, int mostBatches) {
        gatherHeld();
        int taken = 0;
        EncodedBatch batch = first;
        while (batch != null) {
            boolean behindHeld = batch.kind() == EncodedBatch.CONTROL && !held.isEmpty();
            if (behindHeld || !gather(batch)) {
                hold(batch);
            }
            batch = ++taken < mostBatches ? ring.poll() : null;
        }
        flush();
        losses.declareIfOver(System.nanoTime());
        if (losses.isFull() && room.plenty()) {
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
    boolean holdsNothing() {
        return held.isEmpty();
    }

    /** Numbers a batch and puts it behind the pending ones; false when there is no room for it. */
    private boolean gather(EncodedBatch batch) {
        if (failing && System.nanoTime() - retryAtNanos < 0) {
            return false;
        }
        batch.number(nextLogIndex);
        if (!pending.hasRoom(batch) && !flush()) {
            return false;
        }
        if (!room.make(pending.bytes() + pending.frameBytes(batch), batch.kind())) {
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

    /** Writes what is pending; afterwards the publisher may have it. False when the disk did not take it. */
    private boolean flush() {
        while (!pending.isEmpty()) {
            try {
                inUse.append(pending, next);
                handOver();
            } catch (IOException e) {
                // An interrupt is not for this thread; it closes the file, and the next segment takes over.
                boolean again = e instanceof ClosedByInterruptException && Thread.interrupted();
                if (!again && !(SpoolFileSystem.isFull(e, config.directory()) && room.free())) {
                    failed(e);
                    takeBack();
                    return false;
                }
            }
        }
        if (inUse.appendedBytes() >= config.segmentBytes()) {
            inUse.seal();
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

    /** Nothing that is pending was appended: the numbers are free again, those of the log too. */
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

    /** Asks the disk to keep what was appended, when the interval is over. */
    void syncIfDue(long nowNanos) {
        if (inUse.unsynced() && nowNanos - lastSyncNanos >= config.syncIntervalMillis() * 1_000_000) {
            sync();
        }
    }

    void sync() {
        try {
            inUse.sync();
        } catch (IOException e) {
            if (!(e instanceof ClosedByInterruptException && Thread.interrupted())) {
                losses.failed(config.directory(), e); // what was written stays; no batch is dropped for this
            }
        }
        lastSyncNanos = System.nanoTime();
    }

    /** Ends the segment in use. */
    void seal() {
        inUse.seal();
    }

    /** Appends what was held back, if the disk takes it now, and says what was dropped last. */
    void finish() {
        failing = false; // try at once, for the last time
        gatherHeld();
        flush();
        losses.declareAll();
        sync();
    }
}
