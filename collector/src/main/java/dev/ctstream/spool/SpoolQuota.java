package dev.ctstream.spool;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.segment.SegmentTrailer;
import dev.ctstream.segment.SpoolPosition;
import dev.ctstream.segment.StreamRanges;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the spool below {@code spool.max-bytes}: deletes what is acknowledged, and, if {@code spool.when-full} says so,
 * the oldest segment that the publisher has not come to.
 *
 * <p>Control records may use the last part of the room, because they declare what was dropped.
 *
 * <p>Threads: confined to the spool thread.
 */
final class SpoolQuota {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolQuota.class);
    private static final long CONTROL_RESERVE_MAX_BYTES = 4 << 20;
    private static final int CONTROL_RESERVE_PART = 16;

    private final SpoolConfig config;
    private final SegmentCatalog catalog;
    private final ActiveSegment inUse;
    private final SpoolLosses losses;
    private final DeclaredLosses holes;
    private final Acknowledged acknowledged;
    private final long eventLimitBytes;

    /** How far Kafka has acknowledged. */
    interface Acknowledged {
        long number();

        /** Stores it on the disk. */
        void store();
    }

    SpoolQuota(
            SpoolConfig config,
            SegmentCatalog catalog,
            ActiveSegment inUse,
            SpoolLosses losses,
            DeclaredLosses holes,
            Acknowledged acknowledged) {
        this.config = config;
        this.catalog = catalog;
        this.inUse = inUse;
        this.losses = losses;
        this.holes = holes;
        this.acknowledged = acknowledged;
        this.eventLimitBytes =
                config.maxBytes() - Math.min(CONTROL_RESERVE_MAX_BYTES, config.maxBytes() / CONTROL_RESERVE_PART);
    }

    /** Sees that so many bytes more fit; false when they cannot. */
    boolean make(long bytes, int kind) {
        long limit = kind == EncodedBatch.CONTROL ? config.maxBytes() : eventLimitBytes;
        while (catalog.sizeBytes() + inUse.sealBytes() + bytes > limit) {
            if (!free()) {
                losses.full("what is received");
                return false;
            }
        }
        return true;
    }

    /** Whether there is more room than dropping the oldest segment gives. */
    boolean plenty() {
        return catalog.sizeBytes() + 2 * config.segmentBytes() <= eventLimitBytes
                || catalog.sizeBytes() <= eventLimitBytes / 2;
    }

    /** Deletes one segment; false when none may go. */
    boolean free() {
        try {
            long number = acknowledged.number();
            if (inUse.isAcknowledged(number) && !catalog.hasAcknowledged(number)) {
                inUse.abandon();
            }
            if (catalog.hasAcknowledged(number)) {
                acknowledged.store(); // or else a restart would miss what is deleted now
                return catalog.deleteAcknowledged(number);
            }
            return config.whenFull() == WhenFull.DROP_OLDEST && dropOldest();
        } catch (IOException e) {
            LOG.debug("segment cannot be deleted", e);
            return false;
        }
    }

    private boolean dropOldest() throws IOException {
        for (Segment oldest = catalog.droppable(); oldest != null; oldest = catalog.droppable()) {
            List<StreamRanges.Range> ranges = ranges(oldest);
            if (!catalog.drop(oldest)) {
                continue; // the publisher has come to it meanwhile
            }
            SpoolPosition first = oldest.first();
            SpoolPosition next = oldest.extent().next();
            losses.full("the oldest data");
            losses.dropped(oldest, ranges, holes.undeclared(first, next));
            holes.add(new MissingBatches(first, next));
            LOG.warn(
                    "spool is full, oldest segment gives way file={} batches={} events={}",
                    oldest.file(),
                    next.number() - first.number(),
                    next.eventsBefore() - first.eventsBefore());
            return true;
        }
        return false;
    }

    private static List<StreamRanges.Range> ranges(Segment segment) {
        try {
            SegmentTrailer.Ends ends = SegmentTrailer.read(segment.file());
            if (ends != null) {
                return ends.ranges();
            }
            StreamRanges present = new StreamRanges();
            SegmentInspection.inspect(segment.file(), SegmentInspection.Scope.ALL, present);
            return List.copyOf(present.all());
        } catch (IOException e) {
            LOG.error("streams of a segment that gives way cannot be read file={}: {}", segment.file(), e.toString());
            return List.of();
        }
    }
}
