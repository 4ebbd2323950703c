package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.record.GapCause;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.DamagedSegmentException;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.segment.SpoolPosition;
import dev.ctstream.segment.StreamRanges;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.NoSuchFileException;
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
    /** A place that could not be read so often in a row is taken for damaged. */
    private static final int READ_ATTEMPTS = 5;

    private final SegmentCatalog catalog;
    private final RecentBatches recent;
    private final BatchRing ring;
    private final AcknowledgedPosition acknowledged;
    private final DeclaredLosses holes;
    private final LossReports losses;
    private SpoolPosition next;
    private int readFailures;
    private @Nullable Segment segment;
    private @Nullable SegmentReader reader;
    /** The segment that has places which the disk cannot read. */
    private @Nullable Segment unreadable;

    private @Nullable QueuedBatch borrowed;

    SpoolCursor(
            SegmentCatalog catalog,
            RecentBatches recent,
            BatchRing ring,
            AcknowledgedPosition acknowledged,
            DeclaredLosses holes,
            LossReports losses) {
        this.catalog = catalog;
        this.recent = recent;
        this.ring = ring;
        this.acknowledged = acknowledged;
        this.holes = holes;
        this.losses = losses;
        this.next = acknowledged.place();
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
        if (!recent.await(next.number(), waitNanos)) {
            return null;
        }
        while (next.number() < recent.appendedNext()) {
            Segment holds = catalog.offer(next.number());
            SpoolPosition begin = holds == null ? catalog.end() : holds.first();
            if (begin.number() > next.number()) {
                skip(begin); // the segments before it gave way, or had vanished: declared then
                continue;
            }
            QueuedBatch batch = fromMemory();
            if (batch == null && holds != null) {
                batch = fromDisk(holds);
            }
            if (batch != null) {
                next = batch.envelope().next();
                acknowledged.handedOut(batch.envelope());
                return batch;
            }
            if (Thread.currentThread().isInterrupted()) {
                return null;
            }
        }
        return null;
    }

    /** Goes back to the first batch that is not acknowledged. */
    void rewind() {
        giveBack();
        next = acknowledged.place();
        catalog.wentBack(next.number());
        closeReader();
    }

    private @Nullable QueuedBatch fromMemory() {
        QueuedBatch head = recent.peek(next.number());
        if (head == null || head.envelope().number() != next.number()) {
            return null;
        }
        recent.poll();
        borrowed = head;
        if (segment != null && segment.nextNumber() <= next.number()) {
            closeReader(); // a deleted file takes room on the disk for as long as it is open
        }
        return head;
    }

    /** The batch from its segment; null when it is not there, which is then dealt with. */
    private @Nullable QueuedBatch fromDisk(Segment holds) throws IOException {
        try {
            Segment.Extent extent = holds.extent();
            SegmentReader open = reader(holds);
            open.limit(extent.sizeBytes());
            boolean found = open.skipTo(next.number())
                    && open.envelope().number() < extent.next().number();
            if (found && open.envelope().number() == next.number()) {
                readFailures = 0;
                return QueuedBatch.onDisk(open.envelope(), holds.identity(), copy(open.body()));
            }
            BatchEnvelope after = found ? open.envelope() : null;
            damaged(
                    holds,
                    extent,
                    after == null ? extent.next() : new SpoolPosition(after.number(), after.eventsBefore()));
            readFailures = 0;
        } catch (NoSuchFileException | DamagedSegmentException e) {
            gone(holds, e);
        } catch (ClosedByInterruptException e) {
            closeReader(); // the interrupt stays set, and next() ends
        } catch (IOException e) {
            closeReader();
            if (++readFailures < READ_ATTEMPTS) {
                throw e;
            }
            unreadable = holds;
            LOG.error("segment cannot be read whole file={}: {}", holds.file(), SpoolFileSystem.reason(e));
        }
        return null;
    }

    /** What is missing up to a place, or up to the first batch that memory still has, is declared and passed over. */
    private void damaged(Segment holds, Segment.Extent extent, SpoolPosition readable) throws IOException {
        SpoolPosition readableAgain = orInMemory(readable);
        if (!holes.undeclared(next, readableAgain).isEmpty()) {
            declare(holds, extent);
        }
        skip(readableAgain);
    }

    /** Declares all damage to the segment from the next batch on. */
    private void declare(Segment holds, Segment.Extent extent) throws IOException {
        SegmentInspection.Scope scope = new SegmentInspection.Scope(
                extent.sizeBytes(), next, extent.next(), holes, recent.envelopes(), holds.equals(unreadable));
        SegmentInspection.Result result = SegmentInspection.inspect(holds.file(), scope, new StreamRanges());
        LOG.error(
                "segment is damaged file={} lost_batches={} lost_events={}; declared as lost",
                holds.file(),
                result.lostBatches(),
                result.lostEvents());
        result.losses().forEach(losses::tellOfNumbered);
        result.holes().forEach(holes::add);
    }

    /** The file is not there, or nothing in it can be read. */
    private void gone(Segment holds, IOException reason) {
        closeReader();
        Segment.Extent extent = holds.extent();
        SpoolPosition readableAgain = orInMemory(extent.next());
        for (MissingBatches hole : holes.undeclared(next, readableAgain)) {
            LOG.error(
                    "segment is gone file={} lost_batches={} lost_events={}: {}; declared as lost",
                    holds.file(),
                    hole.batches(),
                    hole.events(),
                    SpoolFileSystem.reason(reason));
            losses.tellOfNumbered(Loss.unnamed(GapCause.DAMAGE, holds.identity(), hole.events(), hole.batches()));
            holes.add(hole);
        }
        skip(readableAgain);
    }

    private SpoolPosition orInMemory(SpoolPosition place) {
        QueuedBatch head = recent.peek(next.number());
        return head == null || head.envelope().number() >= place.number()
                ? place
                : new SpoolPosition(head.envelope().number(), head.envelope().eventsBefore());
    }

    private void skip(SpoolPosition place) {
        acknowledged.lost(next.number(), place);
        next = place;
    }

    private SegmentReader reader(Segment holds) throws IOException {
        SegmentReader open = reader;
        if (open != null && holds.equals(segment)) {
            return open;
        }
        closeReader();
        open = SegmentReader.open(holds.file(), holds.equals(unreadable));
        reader = open;
        segment = holds;
        return open;
    }

    private static byte[] copy(ByteBuffer body) {
        byte[] bytes = new byte[body.remaining()];
        body.get(bytes);
        return bytes;
    }

    private void giveBack() {
        if (borrowed != null) {
            borrowed.release(ring);
            borrowed = null;
        }
    }

    private void closeReader() {
        try {
            if (reader != null) {
                reader.close();
            }
        } catch (IOException e) {
            LOG.warn("segment cannot be closed: {}", SpoolFileSystem.reason(e));
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
