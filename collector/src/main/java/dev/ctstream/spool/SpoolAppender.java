package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes closed batches from the ring, numbers them and appends them to the segment in use; seals, syncs and removes
 * segments. Never lets the ring wait for room: what the disk does not take gives way as {@code spool.when-full} says.
 *
 * <p>Ownership: owns the segment in use, and each batch from the ring until it is handed to {@link RecentBatches}.
 *
 * <p>Threads: confined to the spool thread.
 *
 * <p>Errors: a failing disk never throws out of here; it is counted, reported and tried again.
 */
final class SpoolAppender {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolAppender.class);
    /** After a failed write, the disk is left alone for so long. */
    private static final long RETRY_NANOS = 100_000_000;
    /** Control records may exceed {@code spool.max-bytes} by as much: they declare what was dropped. */
    private static final long CONTROL_RESERVE_BYTES = 4 << 20;

    private final SpoolConfig config;
    private final SpoolDirectory directory;
    private final SegmentCatalog catalog;
    private final RecentBatches recent;
    private final BatchRing ring;
    private final SpoolLosses losses;
    private final SpoolMetrics metrics;
    private final RunIdentity identity;
    private final ByteBuffer buffer = SegmentWriter.newBuffer();
    private final List<RecentBatches.Entry> gathered = new ArrayList<>();

    private @Nullable SegmentWriter writer;
    private @Nullable Segment segment;
    private long nextId;
    private long nextNumber;
    private long eventsBefore;
    private long sealedBytes;
    private long retryAtNanos;
    private boolean failing;
    private long lastSyncNanos;

    SpoolAppender(
            SpoolConfig config,
            SpoolDirectory directory,
            SegmentCatalog catalog,
            RecentBatches recent,
            BatchRing ring,
            SpoolLosses losses,
            SpoolMetrics metrics,
            SpoolStart start) {
        this.config = config;
        this.directory = directory;
        this.catalog = catalog;
        this.recent = recent;
        this.ring = ring;
        this.losses = losses;
        this.metrics = metrics;
        this.identity = start.identity();
        this.nextId = start.nextSegmentId();
        this.nextNumber = start.nextNumber();
        this.eventsBefore = start.eventsBefore();
        this.sealedBytes = catalog.sizeBytes();
    }

    /** Number of the next batch. */
    long nextNumber() {
        return nextNumber;
    }

    /** Whether something was appended that the disk was not yet asked to keep. */
    boolean unsynced() {
        return writer != null && writer.unsynced();
    }

    /** Appends what there is; waits for the first batch at most so long. */
    void pass(long waitNanos, int mostBatches) {
        EncodedBatch batch = ring.take(waitNanos);
        for (int n = 1; batch != null; n++) {
            gather(batch);
            batch = n < mostBatches ? ring.poll() : null;
        }
        flush();
    }

    private void gather(EncodedBatch batch) {
        long now = System.nanoTime();
        if (failing && now - retryAtNanos < 0) {
            lose(batch);
            return;
        }
        try {
            SegmentWriter open = openWriter();
            if (!open.hasRoom(batch)) {
                flush();
                open = openWriter();
            }
            if (!makeRoom(open.frameBytes(batch), batch.kind())) {
                flush();
                lose(batch);
                return;
            }
            BatchEnvelope envelope = envelope(batch);
            losses.beforeAppend(envelope.stream());
            open.add(envelope, batch);
            gathered.add(new RecentBatches.Entry(envelope, batch));
            nextNumber++;
            eventsBefore += batch.kind() == EncodedBatch.EVENTS ? batch.count() : 0;
        } catch (IOException e) {
            failed(e);
            lose(batch);
        }
    }

    private BatchEnvelope envelope(EncodedBatch batch) {
        return new BatchEnvelope(
                nextNumber,
                eventsBefore,
                batch.kind(),
                batch.stream(),
                batch.firstSequence(),
                batch.count(),
                batch.firstReceivedNanos(),
                batch.lastReceivedNanos());
    }

    /** Writes what is gathered; afterwards the publisher may have it. */
    private void flush() {
        while (!gathered.isEmpty()) {
            SegmentWriter open = writer;
            try {
                if (open == null) {
                    throw new IllegalStateException("gathered without a segment");
                }
                long bytes = open.gatheredBytes();
                open.flush();
                metrics.written(gathered.size(), bytes);
                handOver(open);
                worked();
            } catch (IOException e) {
                takeBack();
                if (!(noSpace(e) && config.whenFull() == WhenFull.DROP_OLDEST && dropOldest())) {
                    failed(e);
                    dropGathered();
                    return;
                }
                gatherAgain();
            }
        }
        SegmentWriter open = writer;
        if (open != null && open.appendedBytes() >= config.segmentBytes()) {
            seal();
        }
    }

    private void handOver(SegmentWriter open) {
        for (RecentBatches.Entry entry : gathered) {
            open.appended(entry.envelope());
            recent.offer(entry.envelope(), entry.batch());
        }
        gathered.clear();
        if (segment != null) {
            segment.grown(nextNumber, open.appendedBytes());
        }
        recent.appended(nextNumber);
    }

    /** Removes from the file what a failed write may have left. */
    private void takeBack() {
        SegmentWriter open = writer;
        if (open == null) {
            return;
        }
        try {
            open.cutBack();
        } catch (IOException e) {
            LOG.error("segment cannot be cut back and is given up file={}: {}", open.file(), SpoolDirectory.reason(e));
            abandonWriter();
        }
    }

    private void gatherAgain() {
        List<RecentBatches.Entry> again = new ArrayList<>(gathered);
        rollBack();
        again.forEach(entry -> gather(entry.batch()));
    }

    private void dropGathered() {
        List<RecentBatches.Entry> dropped = new ArrayList<>(gathered);
        rollBack();
        dropped.forEach(entry -> lose(entry.batch()));
    }

    private void rollBack() {
        if (!gathered.isEmpty()) {
            nextNumber = gathered.get(0).envelope().number();
            eventsBefore = gathered.get(0).envelope().eventsBefore();
            gathered.clear();
        }
    }

    private void lose(EncodedBatch batch) {
        losses.dropped(envelope(batch), identity);
        ring.release(batch);
    }

    /** Sees that the frame fits below {@code spool.max-bytes}; false when it cannot. */
    private boolean makeRoom(long frameBytes, int kind) {
        long limit = config.maxBytes() + (kind == EncodedBatch.CONTROL ? CONTROL_RESERVE_BYTES : 0);
        while (sizeBytes() + frameBytes > limit) {
            catalogChanged();
            if (sizeBytes() + frameBytes <= limit) {
                return true;
            }
            if (config.whenFull() == WhenFull.DROP_NEWEST || !dropOldest()) {
                losses.full();
                return false;
            }
        }
        return true;
    }

    private long sizeBytes() {
        SegmentWriter open = writer;
        return sealedBytes + (open == null ? 0 : open.appendedBytes() + open.gatheredBytes());
    }

    private void catalogChanged() {
        SegmentWriter open = writer;
        sealedBytes = catalog.sizeBytes() - (open == null ? 0 : open.appendedBytes());
    }

    private boolean dropOldest() {
        Segment oldest = catalog.droppable();
        if (oldest == null) {
            return false;
        }
        try {
            SegmentInspection.Result all = losses.droppedSegment(oldest);
            catalog.delete(oldest);
            LOG.warn("spool is full, oldest segment is dropped file={} batches={}", oldest.file(), all.batches());
            catalogChanged();
            return true;
        } catch (IOException e) {
            LOG.error("oldest segment cannot be dropped file={}: {}", oldest.file(), SpoolDirectory.reason(e));
            return false;
        }
    }

    private SegmentWriter openWriter() throws IOException {
        SegmentWriter open = writer;
        if (open != null) {
            return open;
        }
        long id = nextId;
        long now = losses.realtimeNanos();
        SegmentWriter created;
        try {
            created = SegmentWriter.create(
                    directory.segmentFile(id), buffer, id, nextNumber, identity, now, eventsBefore);
        } catch (IOException e) {
            Files.deleteIfExists(directory.segmentFile(id));
            throw e;
        }
        nextId++;
        writer = created;
        segment = new Segment(id, created.file(), identity, nextNumber, nextNumber, created.appendedBytes(), false);
        catalog.add(segment);
        return created;
    }

    /** Ends the segment in use with its index. */
    void seal() {
        SegmentWriter open = writer;
        Segment known = segment;
        if (open == null || known == null) {
            return;
        }
        try {
            open.seal(nextNumber, eventsBefore, losses.realtimeNanos());
        } catch (IOException e) {
            LOG.warn(
                    "segment cannot be sealed and is read without index file={}: {}",
                    open.file(),
                    SpoolDirectory.reason(e));
        }
        known.seal(open.appendedBytes());
        abandonWriter();
        catalogChanged();
    }

    private void abandonWriter() {
        SegmentWriter open = writer;
        writer = null;
        if (segment != null && !segment.sealed()) {
            segment.seal(segment.sizeBytes());
        }
        segment = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                LOG.warn("segment cannot be closed file={}: {}", open.file(), SpoolDirectory.reason(e));
            }
        }
    }

    /** Asks the disk to keep what was appended, when the interval is over. */
    void syncIfDue(long nowNanos) {
        SegmentWriter open = writer;
        if (open == null || !open.unsynced() || nowNanos - lastSyncNanos < config.syncIntervalMillis() * 1_000_000) {
            return;
        }
        sync(open, nowNanos);
    }

    void sync() {
        if (writer != null) {
            sync(writer, System.nanoTime());
        }
    }

    private void sync(SegmentWriter open, long nowNanos) {
        lastSyncNanos = nowNanos;
        try {
            open.sync();
            metrics.synced(System.nanoTime() - nowNanos);
        } catch (IOException e) {
            failed(e);
        }
    }

    private void failed(IOException e) {
        failing = true;
        retryAtNanos = System.nanoTime() + RETRY_NANOS;
        losses.failed(config.directory(), e);
    }

    private void worked() {
        failing = false;
        losses.worked();
    }

    private static boolean noSpace(IOException e) {
        String text = String.valueOf(e.getMessage());
        return text.contains("No space left") || text.contains("Disk quota exceeded");
    }
}
