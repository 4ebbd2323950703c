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
 * The publisher's position in the spool. It takes each batch from memory if possible, otherwise from its segment. It
 * declares damage once and skips it.
 *
 * <p>Ownership: owns the open segment and the batch that it handed out last.
 *
 * <p>Threads: confined to the publisher's thread.
 */
final class SpoolCursor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolCursor.class);
    /** A position counts as damaged after this many failed reads in a row. */
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
    /** The segment in which the disk cannot read some positions. */
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
        this.next = acknowledged.position();
    }

    /**
     * The next batch; borrowed until the next call on this object.
     *
     * @return null when none is appended in time
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
                skip(begin); // the segments before it were dropped or had vanished; that was declared at the time
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
        next = acknowledged.position();
        catalog.rewound(next.number());
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
            closeReader(); // a deleted file uses disk space as long as it is open
        }
        return head;
    }

    /**
     * Reads the batch from its segment. Returns null on failure, after handling a loss; {@link #next} then tries again.
     */
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
            LOG.error("segment cannot be read in full file={}: {}", holds.file(), SpoolFileSystem.reason(e));
        }
        return null;
    }

    /** Declares and skips the batches that are missing up to a position, or up to the first batch still in memory. */
    private void damaged(Segment holds, Segment.Extent extent, SpoolPosition readable) throws IOException {
        SpoolPosition readableAgain = orInMemory(readable);
        if (!holes.undeclared(next, readableAgain).isEmpty()) {
            declare(holds, extent);
        }
        skip(readableAgain);
    }

    /** Declares all damage in the segment from the next batch on. */
    private void declare(Segment holds, Segment.Extent extent) throws IOException {
        SegmentInspection.Scope scope = new SegmentInspection.Scope(
                extent.sizeBytes(), next, extent.next(), holes, recent.envelopes(), holds.equals(unreadable));
        SegmentInspection.Result result = SegmentInspection.inspect(holds.file(), scope, new StreamRanges());
        LOG.error(
                "segment is damaged file={} lost_batches={} lost_events={}; declared as lost",
                holds.file(),
                result.lostBatches(),
                result.lostEvents());
        result.losses().forEach(losses::reportNumbered);
        result.holes().forEach(holes::add);
    }

    /** Handles a segment file that is missing or entirely unreadable. */
    private void gone(Segment holds, IOException reason) {
        closeReader();
        Segment.Extent extent = holds.extent();
        SpoolPosition readableAgain = orInMemory(extent.next());
        for (MissingBatches hole : holes.undeclared(next, readableAgain)) {
            LOG.error(
                    "segment is missing or unreadable file={} lost_batches={} lost_events={}: {}; declared as lost",
                    holds.file(),
                    hole.batches(),
                    hole.events(),
                    SpoolFileSystem.reason(reason));
            losses.reportNumbered(Loss.unnamed(GapCause.DAMAGE, holds.identity(), hole.events(), hole.batches()));
            holes.add(hole);
        }
        skip(readableAgain);
    }

    private SpoolPosition orInMemory(SpoolPosition position) {
        QueuedBatch head = recent.peek(next.number());
        return head == null || head.envelope().number() >= position.number()
                ? position
                : new SpoolPosition(head.envelope().number(), head.envelope().eventsBefore());
    }

    private void skip(SpoolPosition position) {
        acknowledged.lost(next.number(), position);
        next = position;
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
