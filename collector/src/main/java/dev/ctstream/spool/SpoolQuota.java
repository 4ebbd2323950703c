package dev.ctstream.spool;

import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.GapCause;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.segment.SegmentTrailer;
import dev.ctstream.segment.SpoolPosition;
import dev.ctstream.segment.StreamRanges;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the chain of events below {@code spool.max-bytes}. It deletes acknowledged segments and, if {@code
 * spool.when-full} says so, gives up the oldest segment that the publisher has not reached.
 *
 * <p>Order of giving up: its GAP is durable, the segment is deleted, the deletion is synced; only then the publisher sees
 * the GAP. No segment is deleted before the control records and the position are synced.
 *
 * <p>Threads: confined to the spool thread.
 */
final class SpoolQuota {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolQuota.class);

    private static final long FREE_LEAST_BYTES = 1 << 20;

    private final SpoolConfig config;
    private final SpoolFileSystem files;
    private final Chain events;
    private final GivenUp givenUp;
    private final SpoolHealth health;
    private final SpoolMetrics metrics;
    private final Store store;
    private final Declare declare;

    /** Syncs the control records and the position of both chains; false when that is impossible now. */
    @FunctionalInterface
    interface Store {
        boolean store();
    }

    /**
     * Makes losses of appended batches known, durably; false when that is impossible now. It asks for the losses only if it is
     * possible, since the segment may have to be read for them.
     */
    @FunctionalInterface
    interface Declare {
        boolean declare(Supplier<List<Loss>> losses, MissingBatches givesUp, Segment segment);
    }

    SpoolQuota(
            SpoolConfig config,
            Chain.Shared shared,
            Chain events,
            GivenUp givenUp,
            SpoolHealth health,
            Store store,
            Declare declare) {
        this.config = config;
        files = shared.files();
        metrics = shared.metrics();
        this.events = events;
        this.givenUp = givenUp;
        this.health = health;
        this.store = store;
        this.declare = declare;
    }

    /** Makes room for this many more bytes; false when that is impossible. */
    boolean make(long bytes) {
        while (events.catalog.sizeBytes() + events.active.sealBytes() + bytes > config.maxBytes()) {
            if (!free("spool.max-bytes is reached")) {
                health.full("spool.max-bytes is reached", "new data");
                return false;
            }
        }
        return true;
    }

    /** Whether more space is free than giving up one segment would make. */
    boolean plenty() {
        long bytes = events.catalog.sizeBytes();
        long wanted =
                Math.min(2 * config.segmentBytes(), Math.max(bytes, FREE_LEAST_BYTES)); // a disk may be that small
        if (files.usableBytes(config.directory()) < wanted) {
            return false;
        }
        return bytes + 2 * config.segmentBytes() <= config.maxBytes() || bytes <= config.maxBytes() / 2;
    }

    /** Deletes one segment; false when none may be deleted. */
    boolean free(String limit) {
        if (hasAcknowledged()) {
            return store.store() && deleteAcknowledged();
        }
        return config.whenFull() == WhenFull.DROP_OLDEST && store.store() && giveUpOldest(limit);
    }

    /** Deletes one segment that Kafka has; false when there is none, or it may not be deleted. */
    boolean freeAcknowledged() {
        return hasAcknowledged() && store.store() && deleteAcknowledged();
    }

    /** Whether Kafka has a whole segment; no more is appended to the active one if it is that. */
    private boolean hasAcknowledged() {
        long number = events.acknowledged.number();
        if (events.active.isAcknowledged(number) && events.catalog.acknowledged(number) == null) {
            events.active.abandon();
        }
        return events.catalog.acknowledged(number) != null;
    }

    /** Deletes the oldest segment if it is acknowledged; {@link Store#store} was called just before. */
    private boolean deleteAcknowledged() {
        Segment oldest = events.catalog.acknowledged(events.acknowledged.number());
        return oldest != null && delete(oldest);
    }

    private boolean giveUpOldest(String limit) {
        Segment oldest = events.catalog.claim();
        if (oldest == null) {
            return false;
        }
        try {
            SpoolPosition acknowledged = events.acknowledged.position(); // an earlier run may have reached a part of it
            SpoolPosition first = acknowledged.number() > oldest.first().number() ? acknowledged : oldest.first();
            MissingBatches whole = new MissingBatches(first, oldest.extent().next());
            health.full(limit, "the oldest data");
            List<MissingBatches> undeclared = givenUp.undeclared(whole.first(), whole.next());
            if (!undeclared.isEmpty()) {
                if (!declare.declare(() -> losses(oldest, whole), whole, oldest)) {
                    return false;
                }
                long lost =
                        undeclared.stream().mapToLong(MissingBatches::events).sum();
                metrics.lost(
                        lost,
                        undeclared.stream().mapToLong(MissingBatches::batches).sum());
                health.dropped(oldest, whole.batches(), whole.events());
            }
            return delete(oldest);
        } finally {
            events.catalog.unclaim();
        }
    }

    private boolean delete(Segment segment) {
        try {
            events.catalog.delete(segment);
            files.syncDirectory(events.directory.path());
            return true;
        } catch (IOException e) {
            LOG.debug("segment cannot be deleted file={}", segment.file(), e);
            return false;
        }
    }

    private List<Loss> losses(Segment segment, MissingBatches whole) {
        List<Loss> losses = new ArrayList<>();
        long named = 0;
        long batches = 0;
        for (StreamRanges.Range range : ranges(segment, whole.first())) {
            losses.add(range.lost(GapCause.SPOOL, segment.identity()));
            named += range.events();
            batches += range.batches();
        }
        if (named < whole.events()) {
            losses.add(Loss.unnamed(
                    GapCause.SPOOL,
                    segment.identity(),
                    BatchEnvelope.EVENTS,
                    whole.events() - named,
                    Math.max(0, whole.batches() - batches)));
        }
        return losses;
    }

    private Collection<StreamRanges.Range> ranges(Segment segment, SpoolPosition from) {
        try {
            boolean all = from.number() == segment.first().number();
            SegmentTrailer.Ends ends = all ? SegmentTrailer.read(files, segment.file()) : null;
            if (ends != null) {
                return ends.ranges();
            }
            StreamRanges present = new StreamRanges();
            SegmentInspection.Scope scope = all
                    ? SegmentInspection.Scope.ALL
                    : new SegmentInspection.Scope(
                            Long.MAX_VALUE,
                            from,
                            segment.extent().next(),
                            SegmentInspection.Declared.NONE,
                            List.of(),
                            true);
            SegmentInspection.inspect(files, segment.file(), scope, present);
            return present.all();
        } catch (IOException e) {
            LOG.error("streams of a dropped segment cannot be read file={}: {}", segment.file(), ErrorText.reason(e));
            return List.of();
        }
    }
}
