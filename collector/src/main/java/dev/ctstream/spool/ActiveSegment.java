package dev.ctstream.spool;

import dev.ctstream.netlink.Clock;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.SegmentFormat;
import dev.ctstream.segment.SegmentHeader;
import dev.ctstream.segment.SegmentWriter;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The segment that batches are appended to. There is none at the start, after a seal, and after a failure that leaves
 * the state of the file unknown.
 *
 * <p>Ownership: owns the file. Threads: confined to the spool thread.
 */
final class ActiveSegment {
    private static final Logger LOG = LoggerFactory.getLogger(ActiveSegment.class);

    private final SpoolDirectory directory;
    private final SegmentCatalog catalog;
    private final RunIdentity identity;
    private final SpoolMetrics metrics;
    private long nextId;
    private @Nullable SegmentWriter writer;
    private @Nullable Segment segment;
    private boolean directoryUnsynced;

    ActiveSegment(
            SpoolDirectory directory, SegmentCatalog catalog, RunIdentity identity, SpoolMetrics metrics, long nextId) {
        this.directory = directory;
        this.catalog = catalog;
        this.identity = identity;
        this.metrics = metrics;
        this.nextId = nextId;
    }

    /** Bytes in the file; 0 when there is none. */
    long appendedBytes() {
        return writer == null ? 0 : writer.appendedBytes();
    }

    /** Bytes that sealing will add; when there is no segment, the bytes of a new segment's header. */
    long sealBytes() {
        return writer == null ? SegmentFormat.FRAMES_OFFSET : writer.sealBytes();
    }

    /** Whether it has appended data that is not synced yet. */
    boolean unsynced() {
        return writer != null && writer.unsynced();
    }

    /** Whether it holds batches and all of them are acknowledged. */
    boolean isAcknowledged(long acknowledgedNumber) {
        Segment known = segment;
        return known != null
                && known.nextNumber() > known.first().number()
                && known.nextNumber() - 1 <= acknowledgedNumber;
    }

    /**
     * Appends all pending frames; creates a segment when there is none.
     *
     * @param next the position after them
     * @throws IOException when the write failed; nothing is appended and the call may be repeated
     */
    void append(PendingFrames pending, SpoolPosition next) throws IOException {
        SegmentWriter open = writer == null ? create(pending.first()) : writer;
        try {
            open.append(pending.frames());
        } catch (IOException e) {
            cutBack(open, e);
            throw e;
        }
        for (QueuedBatch batch : pending.batches()) {
            open.noteAppended(batch.envelope());
        }
        if (segment != null) {
            catalog.extend(segment, new Segment.Extent(next, open.appendedBytes(), false));
        }
    }

    private SegmentWriter create(SpoolPosition first) throws IOException {
        long id = nextId++;
        Path file = directory.segmentFile(id);
        SegmentWriter created;
        try {
            created = SegmentWriter.create(
                    file,
                    SpoolFileSystem.createNew(file),
                    new SegmentHeader(id, first, identity, Clock.realtimeNanos()));
        } catch (IOException e) {
            try {
                Files.deleteIfExists(file);
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

    /** Cuts off bytes that a failed write may have left in the file. */
    private void cutBack(SegmentWriter open, IOException reason) {
        try {
            open.cutBack();
        } catch (IOException e) {
            if (!(reason instanceof ClosedByInterruptException)) {
                LOG.warn(
                        "segment cannot be cut back and is abandoned file={}: {}",
                        open.file(),
                        SpoolFileSystem.reason(e));
            }
            abandon();
        }
    }

    /** Ends the segment with its index, or without one when the index cannot be written. */
    void seal() {
        SegmentWriter open = writer;
        Segment known = segment;
        if (open == null || known == null) {
            return;
        }
        try {
            open.seal(known.extent().next(), Clock.realtimeNanos());
            syncDirectory();
        } catch (IOException e) {
            LOG.warn(
                    "segment has no index and will be read in full at the next start file={}: {}",
                    open.file(),
                    SpoolFileSystem.reason(e));
            cutBack(open, e);
        }
        if (open.equals(writer)) {
            catalog.extend(known, new Segment.Extent(known.extent().next(), open.appendedBytes(), true));
            close();
        }
    }

    /** Stops appending to the file. Its data up to the extent stays valid. */
    void abandon() {
        Segment known = segment;
        if (known != null) {
            Segment.Extent extent = known.extent();
            catalog.extend(known, new Segment.Extent(extent.next(), extent.sizeBytes(), true));
        }
        close();
    }

    private void close() {
        SegmentWriter open = writer;
        writer = null;
        segment = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                LOG.warn("segment cannot be closed file={}: {}", open.file(), SpoolFileSystem.reason(e));
            }
        }
    }

    /**
     * Syncs the appended data to disk.
     *
     * @throws IOException when the sync failed. The kernel may have discarded the pages that it could not write, and it
     *     reports this only once. So the segment is abandoned; reading it will show whether it is complete
     */
    void sync() throws IOException {
        SegmentWriter open = writer;
        if (open == null) {
            return;
        }
        long start = System.nanoTime();
        try {
            open.sync();
            syncDirectory();
        } catch (IOException e) {
            abandon();
            throw e;
        }
        metrics.synced(System.nanoTime() - start);
    }

    private void syncDirectory() throws IOException {
        if (directoryUnsynced) {
            SpoolFileSystem.syncDirectory(directory.path());
            directoryUnsynced = false;
        }
    }
}
