package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
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
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The publisher's position in one chain. It takes each batch from memory if possible, otherwise from its segment. It has
 * damage declared once, and passes it, and whatever else was given up, when that is allowed.
 *
 * <p>Ownership: owns the open segment and the batch that it handed out last.
 *
 * <p>Threads: confined to the publisher's thread.
 */
final class SpoolCursor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolCursor.class);
    /** A position counts as damaged after this many failed reads in a row. */
    private static final int READ_ATTEMPTS = 5;

    private final SpoolFileSystem files;
    private final int kind;
    private final SegmentCatalog catalog;
    private final RecentBatches recent;
    private final BatchRing ring;
    private final AcknowledgedPosition acknowledged;
    private final GivenUp givenUp;
    private final Supplier<DeclaredLosses> declared;
    private final Predicate<GivenUp.Range> mayPass;
    private final LossRequests requests;
    private final RunIdentity identity;
    private SpoolPosition next;
    private int readFailures;
    private boolean ended;
    private @Nullable Segment segment;
    private @Nullable SegmentReader reader;
    /** The segment in which the disk cannot read some positions. */
    private @Nullable Segment unreadable;

    private @Nullable QueuedBatch borrowed;

    /** What is given up, and what the chain of control records declares, which is read when a jump is found. */
    private static final class Declared implements SegmentInspection.Declared {
        private final GivenUp givenUp;
        private final Supplier<DeclaredLosses> chain;
        private @Nullable DeclaredLosses losses;

        Declared(GivenUp givenUp, Supplier<DeclaredLosses> chain) {
            this.givenUp = givenUp;
            this.chain = chain;
        }

        @Override
        public boolean contains(long number) {
            return givenUp.contains(number);
        }

        @Override
        public List<MissingBatches> undeclared(SpoolPosition first, SpoolPosition next) {
            return givenUp.undeclared(first, next);
        }

        @Override
        public List<Loss> undeclared(Loss jump) {
            DeclaredLosses read = losses == null ? chain.get() : losses;
            losses = read;
            return read.undeclared(jump);
        }
    }

    SpoolCursor(Chain chain, Chain.Shared shared, Chain.Own own) {
        files = shared.files();
        kind = chain.directory.kind();
        catalog = chain.catalog;
        recent = chain.recent;
        ring = shared.ring();
        acknowledged = chain.acknowledged;
        givenUp = own.givenUp();
        declared = own.declared();
        mayPass = own.mayPass();
        requests = shared.requests();
        identity = shared.identity();
        next = acknowledged.position();
    }

    /**
     * The next batch; borrowed until the next call on this object. Waits while the GAP of damage cannot be appended.
     *
     * @return null when none is appended, or the next one may not be passed yet
     * @throws IOException when the file system fails; the call may be repeated
     */
    @Nullable
    QueuedBatch next() throws IOException {
        giveBack();
        SpoolPosition settled = acknowledged.position();
        if (settled.number() > next.number()) {
            next = settled; // the spool's directory had gone
            closeReader();
        }
        while (!ended
                && next.number() < recent.appendedNext()
                && !Thread.currentThread().isInterrupted()) {
            GivenUp.Range range = givenUp.covering(next.number());
            if (range != null) {
                if (!mayPass.test(range)) {
                    return null;
                }
                skip(range.batches().next());
                continue;
            }
            GivenUp.Range setAside = givenUp.covering(next.number() - 1); // while it was handed out
            if (setAside != null && !mayPass.test(setAside)) {
                return null;
            }
            GivenUp.Range lost = givenUp.lossesBefore(next);
            if (lost != null && !mayPass.test(lost)) {
                return null;
            }
            Segment holds = catalog.offer(next.number());
            if (catalog.isClaimed(next.number())) {
                return null;
            }
            if (holds == null || holds.first().number() > next.number()) {
                if (!missing(holds == null ? catalog.end() : holds.first())) {
                    return null;
                }
                continue;
            }
            QueuedBatch batch = fromMemory();
            if (batch == null) {
                batch = fromDisk(holds);
            }
            if (batch != null) {
                next = batch.envelope().next();
                acknowledged.handedOut(batch);
                return batch;
            }
        }
        if (segment != null && segment.nextNumber() <= next.number()) {
            closeReader(); // a deleted file uses disk space as long as it is open
        }
        return null;
    }

    /** Goes back to the first batch that is not acknowledged. */
    void rewind() {
        giveBack();
        next = acknowledged.position();
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
                return QueuedBatch.of(open.envelope(), holds.identity(), copy(open.body()));
            }
            damaged(holds, extent);
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
            LOG.error("segment cannot be read in full file={}: {}", holds.file(), ErrorText.reason(e));
        }
        return null;
    }

    /** Has all damage in the segment from the next batch on declared. */
    private void damaged(Segment holds, Segment.Extent extent) throws IOException {
        SegmentInspection.Scope scope = new SegmentInspection.Scope(
                extent.sizeBytes(),
                next,
                extent.next(),
                new Declared(givenUp, declared),
                recent.envelopes(),
                holds.equals(unreadable));
        SegmentInspection.Result result = SegmentInspection.inspect(files, holds.file(), scope, new StreamRanges());
        LOG.error(
                "segment is damaged file={} lost_batches={} lost_events={}; declared as lost",
                holds.file(),
                result.lostBatches(),
                kind == BatchEnvelope.EVENTS ? result.lostEvents() : 0);
        closeReader();
        if (result.holes().isEmpty()) {
            throw new IOException("batch " + next.number() + " cannot be read from " + holds.file());
        }
        declare(result.losses(), result.holes());
    }

    /** Handles a segment file that is missing or entirely unreadable. */
    private void gone(Segment holds, IOException reason) {
        closeReader();
        SpoolPosition end = holds.extent().next();
        QueuedBatch head = recent.peek(next.number());
        SpoolPosition readableAgain = head == null || head.envelope().number() >= end.number()
                ? end
                : new SpoolPosition(head.envelope().number(), head.envelope().eventsBefore());
        LOG.error(
                "segment is missing or unreadable file={}: {}; its batches are declared as lost",
                holds.file(),
                ErrorText.reason(reason));
        declareUnnamed(readableAgain, holds.identity());
    }

    /** Handles numbers that are in no segment, up to a position; false when they may not be passed now. */
    private boolean missing(SpoolPosition end) {
        if (end.number() <= next.number()) {
            return false; // the directory has just gone, and the spool thread has not begun anew yet
        }
        LOG.error("segments are missing numbers={}..{}; declared as lost", next.number(), end.number() - 1);
        return declareUnnamed(end, identity);
    }

    private boolean declareUnnamed(SpoolPosition end, RunIdentity origin) {
        List<MissingBatches> holes = givenUp.undeclared(next, end);
        return declare(
                holes.stream()
                        .map(hole -> Loss.unnamed(GapCause.DAMAGE, origin, kind, hole.events(), hole.batches()))
                        .toList(),
                holes);
    }

    private boolean declare(List<Loss> losses, List<MissingBatches> holes) {
        ended = !requests.declare(new LossRequests.Request(kind, losses, holes));
        return !ended;
    }

    private void skip(SpoolPosition position) {
        acknowledged.skipped(next.number(), position);
        next = position;
    }

    private SegmentReader reader(Segment holds) throws IOException {
        SegmentReader open = reader;
        if (open != null && holds.equals(segment)) {
            return open;
        }
        closeReader();
        open = SegmentReader.open(files, holds.file(), holds.equals(unreadable));
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
            LOG.warn("segment cannot be closed: {}", ErrorText.reason(e));
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
