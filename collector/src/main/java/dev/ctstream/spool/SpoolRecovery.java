package dev.ctstream.spool;

import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.DamagedSegmentException;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentFormat;
import dev.ctstream.segment.SegmentHeader;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.segment.SegmentTrailer;
import dev.ctstream.segment.SegmentVersionException;
import dev.ctstream.segment.SegmentWriter;
import dev.ctstream.segment.SpoolPosition;
import dev.ctstream.segment.StreamRanges;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Recovers what earlier runs left: cuts torn tails, writes missing indexes, and declares batches whose segments are
 * missing. Damage inside a segment is declared later, when the publisher reaches it.
 *
 * <p>Threads: confined to the thread that opens the spool.
 */
final class SpoolRecovery {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolRecovery.class);

    private final SpoolDirectory directory;
    private final SpoolCheckpoint.@Nullable Values state;
    private final DeclaredLosses holes;
    private final LossReports losses;
    private final List<Segment> segments = new ArrayList<>();
    private @Nullable SpoolPosition end;

    private SpoolRecovery(
            SpoolDirectory directory,
            SpoolCheckpoint.@Nullable Values state,
            DeclaredLosses holes,
            LossReports losses) {
        this.directory = directory;
        this.state = state;
        this.holes = holes;
        this.losses = losses;
        this.end = state == null ? null : state.acknowledged();
    }

    /**
     * The state to start from.
     *
     * @param segments oldest first, all sealed
     * @param acknowledged the position after the last batch that is in Kafka
     * @param next the position of the next batch
     * @param holes losses that were declared, now or earlier
     */
    record Left(List<Segment> segments, SpoolPosition acknowledged, SpoolPosition next, DeclaredLosses holes) {}

    /**
     * Recovers the directory.
     *
     * @param state null when there is none. Then losses before the oldest segment cannot be detected
     */
    static Left recover(SpoolDirectory directory, SpoolCheckpoint.@Nullable Values state, LossReports losses)
            throws IOException {
        DeclaredLosses holes = DeclaredLosses.of(state == null ? List.of() : state.holes());
        return new SpoolRecovery(directory, state, holes, losses).run();
    }

    private Left run() throws IOException {
        List<Segment> found = new ArrayList<>();
        for (Path file : SpoolDirectory.segments(directory.path())) {
            Segment segment = recover(file);
            if (segment != null) {
                found.add(segment);
            }
        }
        // Not by name: a file whose deletion was undone by a power loss may have a later name.
        found.sort(Comparator.<Segment>comparingLong(segment -> segment.first().number())
                .thenComparingLong(Segment::id));
        found.forEach(this::append);
        SpoolPosition next = end == null ? SpoolPosition.START : end;
        if (state != null && state.next().number() > next.number()) {
            declareHole(next, state.next(), state.identity());
            next = state.next();
        }
        SpoolPosition acknowledged = state != null ? state.acknowledged() : firstPlace(next);
        holes.forgetBefore(acknowledged.number());
        return new Left(segments, acknowledged, next, holes);
    }

    private SpoolPosition firstPlace(SpoolPosition otherwise) {
        return segments.isEmpty() ? otherwise : segments.get(0).first();
    }

    private @Nullable Segment recover(Path file) throws IOException {
        if (Files.size(file) < SegmentFormat.FRAMES_OFFSET) {
            LOG.info("unfinished segment is removed file={}", file);
            Files.delete(file);
            return null;
        }
        try {
            SegmentTrailer.Ends ends = SegmentTrailer.read(file);
            if (ends == null) {
                return seal(file);
            }
            SegmentHeader header = ends.header();
            return segment(file, header.first(), header.identity(), ends.next(), ends.sizeBytes());
        } catch (SegmentVersionException e) {
            throw new IOException("spool segment " + file + " cannot be used: " + e.getMessage(), e);
        } catch (DamagedSegmentException e) {
            LOG.error("segment cannot be read and is set aside file={}: {}", file, e.getMessage());
            directory.setAside(file);
            return null;
        }
    }

    private static Segment seal(Path file) throws IOException {
        StreamRanges present = new StreamRanges();
        SegmentInspection.Result result = SegmentInspection.inspect(file, SegmentInspection.Scope.ALL, present);
        LOG.info(
                "segment has no index and is read in full file={} batches={} lost_batches={} torn_bytes={}",
                file,
                result.batches(),
                result.lostBatches(),
                result.sealed() ? 0 : result.fileBytes() - result.goodBytes());
        long sizeBytes = result.goodBytes();
        if (!result.sealed()) {
            try {
                sizeBytes = SegmentWriter.sealRecovered(file, present, result);
            } catch (IOException e) {
                LOG.warn(
                        "segment cannot be sealed and is used without index file={}: {}",
                        file,
                        SpoolFileSystem.reason(e));
            }
        }
        return segment(file, result.first(), result.identity(), result.next(), sizeBytes);
    }

    private static Segment segment(
            Path file, SpoolPosition first, RunIdentity identity, SpoolPosition next, long sizeBytes) {
        Segment.Extent extent = new Segment.Extent(next, sizeBytes, true);
        return new Segment(SpoolDirectory.id(file), file, identity, first, extent);
    }

    /** Adds a segment after the others; a gap between them is a loss. */
    private void append(Segment segment) {
        SpoolPosition before = end;
        if (before != null && segment.first().number() > before.number()) {
            declareHole(before, segment.first(), segment.identity());
        }
        if (!segments.isEmpty()) {
            clip(segments.get(segments.size() - 1), segment.first());
        }
        segments.add(segment);
        SpoolPosition next = segment.extent().next();
        end = state == null ? next : later(next, state.acknowledged());
    }

    /**
     * Ends a segment where the next one begins. A segment that was abandoned after a failed write may hold complete
     * frames after its end, whose numbers the next one has used again.
     */
    private static void clip(Segment earlier, SpoolPosition firstOfNext) {
        Segment.Extent extent = earlier.extent();
        if (extent.next().number() > firstOfNext.number()) {
            earlier.extent(new Segment.Extent(firstOfNext, extent.sizeBytes(), true));
        }
    }

    private static SpoolPosition later(SpoolPosition one, SpoolPosition other) {
        return one.number() >= other.number() ? one : other;
    }

    private void declareHole(SpoolPosition first, SpoolPosition next, RunIdentity identity) {
        for (MissingBatches hole : holes.undeclared(first, next)) {
            holes.add(hole);
            LOG.error(
                    "segments or ends of segments are missing lost_batches={} lost_events={}; declared as lost",
                    hole.batches(),
                    hole.events());
            losses.reportNumbered(Loss.unnamed(GapCause.DAMAGE, identity, hole.events(), hole.batches()));
        }
    }
}
