package dev.ctstream.spool;

import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.SegmentFormat;
import dev.ctstream.segment.SegmentHeader;
import dev.ctstream.segment.SegmentWriter;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The segment of a chain that batches are appended to. There is none at the start, after a seal, and after a failure that
 * leaves the state of the file unknown.
 *
 * <p>Ownership: owns the file. Threads: confined to the spool thread.
 */
final class ActiveSegment {
    private static final Logger LOG = LoggerFactory.getLogger(ActiveSegment.class);

    private static final int TRIED_BYTES = 1 << 16;

    private final SpoolFileSystem files;
    private final ChainDirectory directory;
    private final SegmentCatalog catalog;
    private final RunIdentity identity;
    private final SpoolMetrics metrics;
    private final @Nullable ReservedFile reserved;
    private final long reservedBytes;
    private final StageClock clock;
    private long nextId;
    private @Nullable SegmentWriter writer;
    private @Nullable Segment segment;
    private long forgottenBelow;
    private boolean directoryUnsynced;
    /** What was abandoned before it was synced, oldest first; it counts as unsynced until it is written again and synced. */
    private final List<Suspect> suspects = new ArrayList<>();

    /** A part of an abandoned segment that may not be on disk. */
    private record Suspect(Segment segment, long fromBytes, long toBytes) {}

    /**
     * Creates no file yet.
     *
     * @param reservedBytes length of a segment that is written with zeros beforehand; 0 = segments grow
     * @param nextId of the next segment
     */
    ActiveSegment(
            SpoolFileSystem files,
            ChainDirectory directory,
            SegmentCatalog catalog,
            RunIdentity identity,
            SpoolMetrics metrics,
            long reservedBytes,
            long nextId,
            StageClock clock) {
        this.files = files;
        this.directory = directory;
        this.catalog = catalog;
        this.identity = identity;
        this.metrics = metrics;
        this.reservedBytes = reservedBytes;
        this.reserved = reservedBytes == 0 ? null : new ReservedFile(files, directory.path(), reservedBytes);
        this.nextId = nextId;
        this.clock = clock;
    }

    /** Bytes in the file; 0 when there is none. */
    long appendedBytes() {
        return writer == null ? 0 : writer.appendedBytes();
    }

    /** Bytes that sealing will add; when there is no segment, the bytes of a new segment's header. */
    long sealBytes() {
        return writer == null ? SegmentFormat.FRAMES_OFFSET : writer.sealBytes();
    }

    /** Whether the chain has appended data that is not synced yet, also in earlier segments. */
    boolean unsynced() {
        return (writer != null && writer.unsynced()) || directoryUnsynced || !suspects.isEmpty();
    }

    /** The file; null when there is none. */
    @Nullable
    Path file() {
        return writer == null ? null : writer.file();
    }

    /** Whether it holds batches and all of them are acknowledged. */
    boolean isAcknowledged(long acknowledgedNumber) {
        Segment known = segment;
        return known != null
                && known.nextNumber() > known.first().number()
                && known.nextNumber() - 1 <= acknowledgedNumber;
    }

    /** Whether frames of this length fit into the file; true when there is none. */
    boolean fits(long bytes) {
        return writer == null || bytes <= writer.roomBytes();
    }

    /** Makes the reserved file if there is none; only for a chain whose segments are reserved. */
    void prepare() throws IOException {
        if (reserved != null) {
            reserved.prepare();
        }
    }

    /** Whether the next segment can be begun without space on the disk. */
    boolean prepared() {
        return reserved == null || reserved.ready();
    }

    /**
     * Appends frames; creates a segment when there is none.
     *
     * @param next the position after them
     * @param sync whether to sync them too
     * @throws NotTakenBackException when that failed, and a restart may find the frames all the same
     * @throws IOException when that failed; nothing is appended and the call may be repeated
     */
    void append(PendingFrames pending, SpoolPosition next, boolean sync) throws IOException {
        SegmentWriter open = writer == null ? create(pending.first()) : writer;
        long before = open.appendedBytes();
        try {
            open.append(pending.frames());
        } catch (IOException e) {
            throw cutBack(open, before, e);
        }
        if (sync) {
            try {
                syncNow(open);
            } catch (IOException e) {
                var unused = cutBack(open, before, e); // not synced either: a loss of power may undo it
                abandon();
                throw e instanceof ClosedByInterruptException ? e : new NotTakenBackException(e);
            }
        }
        for (QueuedBatch batch : pending.batches()) {
            open.noteAppended(batch.envelope());
        }
        if (segment != null) {
            catalog.extend(segment, new Segment.Extent(next, open.appendedBytes(), false));
        }
    }

    /**
     * Writes something at the end and takes it back; creates a segment when there is none.
     *
     * @param end of the chain
     * @throws IOException when the disk takes nothing now
     */
    void tryWrite(SpoolPosition end) throws IOException {
        SegmentWriter open = writer == null ? create(end) : writer;
        long before = open.appendedBytes();
        try {
            open.append(ByteBuffer.allocate(TRIED_BYTES));
        } catch (IOException e) {
            throw cutBack(open, before, e);
        }
        open.takeBack(before);
    }

    private SegmentWriter create(SpoolPosition first) throws IOException {
        long id = nextId++;
        Path file = directory.segmentFile(id);
        SegmentWriter created;
        try {
            FileChannel channel = reserved == null ? files.createNew(file) : reserved.take(file);
            created = SegmentWriter.create(
                    file,
                    channel,
                    new SegmentHeader(id, directory.kind(), first, identity, clock.realtimeNanos()),
                    reservedBytes);
        } catch (IOException e) {
            try {
                files.delete(file);
            } catch (IOException left) {
                LOG.debug("unfinished segment cannot be removed and stays until the next start file={}", file, left);
            }
            throw e;
        }
        writer = created;
        segment = new Segment(id, file, identity, first, new Segment.Extent(first, created.appendedBytes(), false));
        catalog.add(segment);
        directoryUnsynced = true;
        return created;
    }

    /** Removes bytes that a failed append may have left in the file; returns what to throw. */
    private IOException cutBack(SegmentWriter open, long appendedBytes, IOException reason) {
        try {
            open.takeBack(appendedBytes);
            return reason;
        } catch (IOException e) {
            boolean interrupted = reason instanceof ClosedByInterruptException; // the same frames are written again
            if (!interrupted) {
                LOG.warn("segment cannot be cut back and is abandoned file={}: {}", open.file(), ErrorText.reason(e));
            }
            abandon();
            return interrupted ? reason : new NotTakenBackException(reason);
        }
    }

    /** Ends the segment with its index, or without one when the index cannot be written. */
    void seal() {
        SegmentWriter open = writer;
        Segment known = segment;
        if (open == null || known == null) {
            return;
        }
        long before = open.appendedBytes();
        try {
            open.seal(known.extent().next(), clock.realtimeNanos());
            syncDirectory();
        } catch (IOException e) {
            LOG.warn(
                    "segment has no index and will be read in full at the next start file={}: {}",
                    open.file(),
                    ErrorText.reason(e));
            var unused = cutBack(open, before, e); // the index, at worst: it holds no batch
        }
        if (open.equals(writer)) {
            suspect(open, known);
            catalog.extend(known, new Segment.Extent(known.extent().next(), open.appendedBytes(), true));
            close();
        }
    }

    /** Stops appending to the file. Its data up to the extent stays valid. */
    void abandon() {
        Segment known = segment;
        SegmentWriter open = writer;
        if (known != null && open != null) {
            suspect(open, known);
            Segment.Extent extent = known.extent();
            catalog.extend(known, new Segment.Extent(extent.next(), extent.sizeBytes(), true));
        }
        close();
    }

    /** Notes what of a segment may not be on disk, before its writer is closed. */
    private void suspect(SegmentWriter open, Segment known) {
        long toBytes = known.extent().sizeBytes();
        if (open.syncedBytes() < toBytes) {
            suspects.add(new Suspect(known, open.syncedBytes(), toBytes));
        }
    }

    /** The directory has gone, and the files with it. */
    void forget() {
        close();
        suspects.clear();
        directoryUnsynced = false;
        forgottenBelow = nextId;
        if (reserved != null) {
            reserved.forget();
        }
    }

    /** Deletes the files of the segments that {@link #forget} has forgotten, as far as they are still there. */
    void deleteForgotten() {
        try {
            for (Path file : directory.segments()) {
                if (ChainDirectory.id(file) < forgottenBelow) {
                    files.delete(file);
                }
            }
        } catch (IOException e) {
            LOG.warn(
                    "segment is declared as lost, cannot be deleted, and stays until the next start directory={}: {}",
                    directory.path(),
                    ErrorText.reason(e));
        }
    }

    private void close() {
        SegmentWriter open = writer;
        writer = null;
        segment = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                LOG.warn("segment cannot be closed file={}: {}", open.file(), ErrorText.reason(e));
            }
        }
    }

    /**
     * Syncs everything that was appended and is still in the catalog to disk.
     *
     * @throws IOException when the sync failed. The kernel may have discarded the pages that it could not write, and it
     *     reports this only once. So the segment is abandoned, and what is not known to be on disk is written again by the
     *     next call
     */
    void sync() throws IOException {
        syncAbandoned();
        SegmentWriter open = writer;
        if (open == null) {
            syncDirectory();
        } else if (open.unsynced() || directoryUnsynced) {
            try {
                syncNow(open);
            } catch (IOException e) {
                abandon();
                throw e;
            }
        }
    }

    /**
     * Syncs what was appended to segments that are abandoned; the one in use is left alone.
     *
     * @throws IOException when that failed; the next call tries the rest again
     */
    void syncAbandoned() throws IOException {
        List<Segment> kept = suspects.isEmpty() ? List.of() : catalog.list();
        while (!suspects.isEmpty()) {
            Suspect oldest = suspects.get(0);
            if (kept.contains(oldest.segment())) {
                writeAgain(oldest);
            }
            suspects.remove(0);
        }
    }

    private void writeAgain(Suspect suspect) throws IOException {
        try {
            SegmentWriter.writeAgain(files, suspect.segment().file(), suspect.fromBytes(), suspect.toBytes());
        } catch (NoSuchFileException e) {
            LOG.warn("unsynced segment is missing file={}", suspect.segment().file()); // a reader finds the hole
        }
    }

    private void syncNow(SegmentWriter open) throws IOException {
        long start = System.nanoTime();
        open.sync();
        syncDirectory();
        metrics.synced(System.nanoTime() - start);
    }

    private void syncDirectory() throws IOException {
        if (directoryUnsynced) {
            files.syncDirectory(directory.path());
            directoryUnsynced = false;
        }
    }
}
