package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.EncodedBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The publisher's place in the spool: takes each batch from memory when it is there, else from its segment. Damage that
 * it meets is declared once and passed over.
 *
 * <p>Ownership: owns the open segment and the batch that it handed out last.
 *
 * <p>Threads: confined to the publisher's thread.
 */
final class SpoolCursor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolCursor.class);

    private final SegmentCatalog catalog;
    private final RecentBatches recent;
    private final BatchRing ring;
    private final Consumer<Loss> losses;
    private long nextNumber;
    private long declaredThrough;
    private @Nullable Segment segment;
    private @Nullable SegmentReader reader;
    private @Nullable EncodedBatch borrowed;

    SpoolCursor(SegmentCatalog catalog, RecentBatches recent, BatchRing ring, Consumer<Loss> losses, long nextNumber) {
        this.catalog = catalog;
        this.recent = recent;
        this.ring = ring;
        this.losses = losses;
        this.nextNumber = nextNumber;
        this.declaredThrough = nextNumber - 1;
    }

    /**
     * The next batch; borrowed until the next call on this object.
     *
     * @return null when none is appended within the time
     * @throws IOException when the file system fails; the call may be repeated
     */
    @Nullable
    QueuedBatch next(long waitNanos) throws IOException {
        giveBack();
        if (!recent.await(nextNumber, waitNanos)) {
            return null;
        }
        QueuedBatch found = fromMemory();
        return found != null ? found : fromDisk();
    }

    /** Goes to a batch, as a rule back. */
    void moveTo(long number) {
        giveBack();
        nextNumber = number;
        catalog.offered(number - 1);
        closeReader();
    }

    private @Nullable QueuedBatch fromMemory() {
        RecentBatches.Entry head = recent.peek();
        while (head != null && head.envelope().number() < nextNumber) {
            ring.release(recent.poll().batch());
            head = recent.peek();
        }
        if (head == null || head.envelope().number() != nextNumber) {
            return null;
        }
        recent.poll();
        EncodedBatch batch = head.batch();
        borrowed = batch;
        nextNumber++;
        catalog.offered(head.envelope().number());
        if (reader != null) {
            closeReader();
        }
        return QueuedBatch.inMemory(head.envelope(), batch);
    }

    private @Nullable QueuedBatch fromDisk() throws IOException {
        while (nextNumber < recent.appendedNext()) {
            SegmentReader open = openReader();
            if (open == null) {
                nextNumber = recent.appendedNext(); // all that was before is dropped, and was declared then
                return null;
            }
            while (open.next()) {
                BatchEnvelope envelope = open.envelope();
                declareDamage(open);
                if (envelope.number() >= nextNumber) {
                    nextNumber = envelope.number() + 1;
                    catalog.offered(envelope.number());
                    return QueuedBatch.onDisk(envelope, current().identity(), copy(open.body()));
                }
            }
            declareDamage(open);
            if (!leave(open)) {
                return null;
            }
        }
        return null;
    }

    /** Leaves a segment that has no further batch; false when it may still get one. */
    private boolean leave(SegmentReader open) throws IOException {
        Segment done = current();
        if (!done.sealed() && nextNumber < done.nextNumber()) {
            // Appended batches cannot be found: the tail of the segment in use is damaged. Wait for its index.
            LOG.error("segment in use is damaged file={} number={}", done.file(), nextNumber);
            nextNumber = done.nextNumber();
            return true;
        }
        if (!done.sealed()) {
            return nextNumber < recent.appendedNext() && switchFrom(done);
        }
        if (nextNumber < done.nextNumber()) {
            inspect(open);
        }
        return switchFrom(done);
    }

    private boolean switchFrom(Segment done) {
        nextNumber = Math.max(nextNumber, done.nextNumber());
        closeReader();
        return true;
    }

    private void declareDamage(SegmentReader open) throws IOException {
        if (open.skippedBytes() > 0 || !open.damaged().isEmpty()) {
            inspect(open);
        }
    }

    /** Declares all damage of the segment, from the next batch on, once. */
    private void inspect(SegmentReader open) throws IOException {
        Segment damaged = current();
        if (damaged.nextNumber() - 1 <= declaredThrough) {
            return;
        }
        SegmentInspection.Result result =
                SegmentInspection.inspect(open.file(), Math.max(nextNumber, declaredThrough + 1));
        declaredThrough = damaged.nextNumber() - 1;
        LOG.error(
                "segment is damaged file={} lost_batches={} lost_events={}; they are declared as lost",
                open.file(),
                result.lostBatches(),
                result.lostEvents());
        result.losses().forEach(losses);
    }

    private @Nullable SegmentReader openReader() throws IOException {
        while (reader == null) {
            Segment found = catalog.open(nextNumber);
            if (found == null) {
                return null;
            }
            nextNumber = Math.max(nextNumber, found.firstNumber());
            try {
                reader = SegmentReader.open(found.file());
                segment = found;
            } catch (NoSuchFileException e) {
                LOG.error("segment has vanished file={}", found.file());
                catalog.delete(found);
                losses.accept(vanished(found));
                nextNumber = found.nextNumber();
            }
        }
        return reader;
    }

    private Loss vanished(Segment gone) {
        return new Loss(
                Loss.Cause.DAMAGE,
                gone.identity(),
                EncodedBatch.EVENTS,
                null,
                0,
                0,
                Loss.UNKNOWN,
                gone.nextNumber() - nextNumber,
                0,
                0);
    }

    private Segment current() {
        Segment open = segment;
        if (open == null) {
            throw new IllegalStateException("no segment is open");
        }
        return open;
    }

    private static byte[] copy(ByteBuffer body) {
        byte[] bytes = new byte[body.remaining()];
        body.get(bytes);
        return bytes;
    }

    private void giveBack() {
        if (borrowed != null) {
            ring.release(borrowed);
            borrowed = null;
        }
    }

    private void closeReader() {
        try {
            if (reader != null) {
                reader.close();
            }
        } catch (IOException e) {
            LOG.warn("segment cannot be closed: {}", SpoolDirectory.reason(e));
        }
        reader = null;
        segment = null;
    }

    @Override
    public void close() {
        giveBack();
        closeReader();
    }
}
