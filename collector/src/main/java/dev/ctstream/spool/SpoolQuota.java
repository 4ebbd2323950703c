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
 * Keeps the spool below {@code spool.max-bytes}. It deletes acknowledged segments and, if {@code spool.when-full} says
 * so, the oldest segment that the publisher has not reached.
 *
 * <p>The last part of the space is reserved for control records, because they declare losses.
 *
 * <p>Threads: confined to the spool thread.
 */
final class SpoolQuota {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolQuota.class);
    private static final long CONTROL_RESERVE_MAX_BYTES = 4 << 20;
    private static final int CONTROL_RESERVE_PART = 16;

    private final SpoolConfig config;
    private final SegmentCatalog catalog;
    private final ActiveSegment active;
    private final SpoolLosses losses;
    private final DeclaredLosses holes;
    private final Acknowledged acknowledged;
    private final long eventLimitBytes;

    /** How far Kafka has acknowledged. */
    interface Acknowledged {
        long number();

        /** Stores the position on disk. */
        void store();
    }

    SpoolQuota(
            SpoolConfig config,
            SegmentCatalog catalog,
            ActiveSegment active,
            SpoolLosses losses,
            DeclaredLosses holes,
            Acknowledged acknowledged) {
        this.config = config;
        this.catalog = catalog;
        this.active = active;
        this.losses = losses;
        this.holes = holes;
        this.acknowledged = acknowledged;
        this.eventLimitBytes =
                config.maxBytes() - Math.min(CONTROL_RESERVE_MAX_BYTES, config.maxBytes() / CONTROL_RESERVE_PART);
    }

    /** Makes room for this many more bytes; false when that is impossible. */
    boolean make(long bytes, int kind) {
        long limit = kind == EncodedBatch.CONTROL ? config.maxBytes() : eventLimitBytes;
        while (catalog.sizeBytes() + active.sealBytes() + bytes > limit) {
            if (!free()) {
                losses.full("new data");
                return false;
            }
        }
        return true;
    }

    /** Whether more space is free than dropping one segment would give. */
    boolean plenty() {
        return catalog.sizeBytes() + 2 * config.segmentBytes() <= eventLimitBytes
                || catalog.sizeBytes() <= eventLimitBytes / 2;
    }

    /** Deletes one segment; false when none may be deleted. */
    boolean free() {
        try {
            long number = acknowledged.number();
            if (active.isAcknowledged(number) && !catalog.hasAcknowledged(number)) {
                active.abandon();
            }
            if (catalog.hasAcknowledged(number)) {
                acknowledged.store(); // otherwise a restart would report the deleted segment as missing
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
                continue; // the publisher has reached it meanwhile
            }
            SpoolPosition first = oldest.first();
            SpoolPosition next = oldest.extent().next();
            losses.full("the oldest data");
            losses.dropped(oldest, ranges, holes.undeclared(first, next));
            holes.add(new MissingBatches(first, next));
            LOG.warn(
                    "spool is full, oldest segment is dropped file={} batches={} events={}",
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
            LOG.error("streams of a dropped segment cannot be read file={}: {}", segment.file(), e.toString());
            return List.of();
        }
    }
}
