package dev.ctstream.spool;

import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.DamagedSegmentException;
import dev.ctstream.segment.FileWindow;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentFormat;
import dev.ctstream.segment.SegmentHeader;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.segment.SegmentTrailer;
import dev.ctstream.segment.SegmentVersionException;
import dev.ctstream.segment.SegmentWriter;
import dev.ctstream.segment.SpoolPosition;
import dev.ctstream.segment.StreamRanges;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Recovers what earlier runs left of one chain: cuts torn tails, writes missing indexes, and finds numbers whose segments
 * are missing. Damage inside a segment is found later, when the publisher reaches it.
 *
 * <p>Threads: confined to the thread that opens the spool.
 */
final class ChainRecovery {
    private static final Logger LOG = LoggerFactory.getLogger(ChainRecovery.class);
    /** Numbers that far beyond the others are no loss: the file is not a part of this chain. */
    static final long MOST_MISSING = 1L << 40;
    /** Nobody knows which run it was. */
    static final RunIdentity UNKNOWN_RUN = new RunIdentity("?", "?", 0);

    private final SpoolFileSystem files;
    private final ChainDirectory directory;
    private final SpoolCheckpoint.@Nullable Positions stored;
    private final List<Segment> segments = new ArrayList<>();
    private final List<LossRequests.Request> missing = new ArrayList<>();
    private final Map<AcknowledgedPosition.RunStream, BatchEnvelope> newest = new HashMap<>();
    private long lastEpoch;
    private boolean durable = true;

    /** Sequences that are missing between two neighbouring frames of a stream, and the numbers of the frames. */
    private record Jump(Loss loss, long after, long before) {
        boolean spans(Hole hole) {
            return after < hole.missing().first().number()
                    && before >= hole.missing().next().number();
        }
    }

    /** Numbers that are in no segment and not declared, and a run that may have written them. */
    private record Hole(MissingBatches missing, RunIdentity identity) {}

    ChainRecovery(SpoolFileSystem files, ChainDirectory directory, SpoolCheckpoint.@Nullable Positions stored) {
        this.files = files;
        this.directory = directory;
        this.stored = stored;
    }

    /** Finds the segments, seals those that were open, and puts them in order. */
    void read() throws IOException {
        List<Segment> found = new ArrayList<>();
        for (Path file : directory.segments()) {
            Segment segment = recover(file);
            if (segment != null) {
                found.add(segment);
            }
        }
        // Not by name: a file whose deletion was undone by a power loss may have a later name.
        found.sort(Comparator.<Segment>comparingLong(segment -> segment.first().number())
                .thenComparingLong(Segment::id));
        for (Segment segment : found) {
            append(segment);
        }
        try {
            files.syncDirectory(directory.path());
        } catch (IOException e) {
            notDurable(directory.path(), e);
        }
    }

    private void notDurable(Path what, IOException e) {
        durable = false;
        LOG.warn("what earlier runs have written cannot be synced file={}: {}", what, ErrorText.reason(e));
    }

    /**
     * Whether everything that was read is on disk: what a process wrote before it was killed need not be. Otherwise
     * nothing may be deleted because of it.
     */
    boolean durable() {
        return durable;
    }

    private void append(Segment segment) throws IOException {
        Segment before = segments.isEmpty() ? null : segments.get(segments.size() - 1);
        long end = before == null ? SpoolPosition.START.number() : before.nextNumber();
        if (segment.first().number() - end > MOST_MISSING || segment.first().number() > segment.nextNumber()) {
            setAside(segment.file(), "its numbers do not follow those of the other segments, or are not its own");
            return;
        }
        if (before != null) {
            clip(before, segment.first());
        }
        segments.add(segment);
        lastEpoch = Math.max(lastEpoch, segment.identity().streamEpoch());
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

    private @Nullable Segment recover(Path file) throws IOException {
        if (isUnfinished(files, file, false)) {
            LOG.info("unfinished segment is removed file={}", file);
            files.delete(file);
            return null;
        }
        try {
            SegmentTrailer.Ends ends = SegmentTrailer.read(files, file);
            if (ends == null) {
                return seal(file);
            }
            SegmentHeader header = ends.header();
            if (header.kind() != directory.kind()) {
                setAside(file, "it belongs to the other chain");
                return null;
            }
            return segment(file, header.first(), header.identity(), ends.next(), ends.sizeBytes());
        } catch (SegmentVersionException e) {
            throw new IOException("spool segment " + file + " cannot be used: " + e.getMessage(), e);
        } catch (DamagedSegmentException e) {
            setAside(file, String.valueOf(e.getMessage()));
            return null;
        }
    }

    private void setAside(Path file, String reason) throws IOException {
        LOG.error("segment cannot be read and is set aside file={}: {}", file, reason);
        directory.setAside(file);
    }

    /**
     * Whether the file has no header yet: it was just created, or its writer died while creating it. A file in which only
     * the header is zero is damaged: its batches are still there.
     *
     * @param tolerant whether blocks that the disk can no longer read count as zeros
     */
    static boolean isUnfinished(SpoolFileSystem files, Path file, boolean tolerant) throws IOException {
        if (files.sizeBytes(file) < SegmentFormat.FRAMES_OFFSET) {
            return true;
        }
        ByteBuffer block = ByteBuffer.allocate(SegmentFormat.FRAMES_OFFSET);
        ByteBuffer zeros = ByteBuffer.allocate(SegmentFormat.FRAMES_OFFSET);
        try (FileChannel channel = files.openRead(file)) {
            for (long at = 0; true; at += block.limit()) {
                FileWindow.readFully(channel, block.clear(), at, tolerant);
                if (!block.flip().hasRemaining()) {
                    return true;
                }
                if (!block.equals(zeros.duplicate().limit(block.limit()))) {
                    return false;
                }
            }
        }
    }

    private @Nullable Segment seal(Path file) throws IOException {
        StreamRanges present = new StreamRanges();
        SegmentInspection.Result result = SegmentInspection.inspect(files, file, SegmentInspection.Scope.ALL, present);
        if (result.kind() != directory.kind()) {
            setAside(file, "it belongs to the other chain");
            return null;
        }
        LOG.info(
                "segment has no index and is read in full file={} batches={} lost_batches={} torn_bytes={}",
                file,
                result.batches(),
                result.lostBatches(),
                result.sealed() ? 0 : result.fileBytes() - result.goodBytes());
        long sizeBytes = result.goodBytes();
        if (!result.sealed()) {
            try {
                sizeBytes = SegmentWriter.sealRecovered(files, file, present, result);
            } catch (IOException e) {
                notDurable(file, e); // it is used without index
            }
        }
        return segment(file, result.first(), result.identity(), result.next(), sizeBytes);
    }

    private static Segment segment(
            Path file, SpoolPosition first, RunIdentity identity, SpoolPosition next, long sizeBytes) {
        Segment.Extent extent = new Segment.Extent(next, sizeBytes, true);
        return new Segment(ChainDirectory.id(file), file, identity, first, extent);
    }

    /** The segments, oldest first. */
    List<Segment> segments() {
        return segments;
    }

    /** The greatest epoch among the runs that wrote the segments; 0 = there are none. */
    long lastEpoch() {
        return lastEpoch;
    }

    /** Losses that nothing declares yet, oldest first. */
    List<LossRequests.Request> missing() {
        return missing;
    }

    /** Deletes the segments of which everything was given up. */
    void deleteGivenUp(GivenUp givenUp) throws IOException {
        for (Segment segment : List.copyOf(segments)) {
            if (segment.nextNumber() > segment.first().number() && givenUp.covers(segment)) {
                LOG.info("segment was given up before the last stop and is removed file={}", segment.file());
                files.delete(segment.file());
                segments.remove(segment);
            }
        }
    }

    /**
     * Finds the numbers that are in no segment, from the acknowledged position to the end.
     *
     * @param givenUp what is declared already; gets the rest
     * @param declared what the readable GAP records declare
     * @param unreadable whether some are not readable: then jumps in the streams' sequences that none of the others names
     *     are noted, too
     */
    Chain.Start finish(GivenUp givenUp, DeclaredLosses declared, boolean unreadable) throws IOException {
        SpoolPosition first =
                segments.isEmpty() ? SpoolPosition.START : segments.get(0).first();
        SpoolPosition acknowledged = stored == null ? first : stored.acknowledged();
        SpoolPosition end = acknowledged;
        List<Hole> holes = new ArrayList<>();
        for (Segment segment : segments) {
            if (segment.first().number() > end.number()) {
                holes.addAll(holes(end, segment.first(), segment.identity(), givenUp));
            }
            end = later(end, segment.extent().next());
        }
        if (unreadable || !holes.isEmpty()) {
            explain(holes, undeclared(jumps(), declared), unreadable);
        }
        SpoolPosition gaveUp = givenUp.end();
        if (gaveUp.number() > end.number()) {
            end = gaveUp; // its segments are gone, and the position that knew of them is lost
        }
        if (stored != null && stored.next().number() - end.number() > MOST_MISSING) {
            LOG.error(
                    "the stored position is not believed directory={} next={} end={}",
                    directory.path(),
                    stored.next().number(),
                    end.number());
        } else if (stored != null && stored.next().number() > end.number()) {
            RunIdentity newest = segments.isEmpty()
                    ? UNKNOWN_RUN
                    : segments.get(segments.size() - 1).identity();
            explain(holes(end, stored.next(), newest, givenUp), List.of(), false);
            end = stored.next();
        }
        return new Chain.Start(
                segments, acknowledged, end, directory.nextId(), oldestRun(acknowledged), waiting(acknowledged));
    }

    /** What waits for Kafka, by stream, so that it can be declared if the files vanish. */
    private List<Loss> waiting(SpoolPosition acknowledged) throws IOException {
        Map<AcknowledgedPosition.RunStream, Loss> waiting = new LinkedHashMap<>();
        for (Segment segment : segments) {
            if (segment.nextNumber() > acknowledged.number()) {
                for (StreamRanges.Range range : ranges(segment, acknowledged)) {
                    waiting.merge(
                            new AcknowledgedPosition.RunStream(segment.identity(), range.stream()),
                            range.lost(GapCause.DAMAGE, segment.identity()),
                            Loss::upTo);
                }
            }
        }
        return List.copyOf(waiting.values());
    }

    private Collection<StreamRanges.Range> ranges(Segment segment, SpoolPosition from) throws IOException {
        SegmentTrailer.Ends ends =
                segment.first().number() >= from.number() ? SegmentTrailer.read(files, segment.file()) : null;
        if (ends != null) {
            return ends.ranges();
        }
        StreamRanges present = new StreamRanges();
        SegmentInspection.Scope scope = new SegmentInspection.Scope(
                Long.MAX_VALUE, from, segment.extent().next(), SegmentInspection.Declared.NONE, List.of(), true);
        SegmentInspection.inspect(files, segment.file(), scope, present);
        return present.all();
    }

    private @Nullable RunIdentity oldestRun(SpoolPosition acknowledged) {
        for (Segment segment : segments) {
            if (segment.nextNumber() > acknowledged.number()) {
                return segment.identity();
            }
        }
        return null;
    }

    private static SpoolPosition later(SpoolPosition one, SpoolPosition other) {
        return one.number() >= other.number() ? one : other;
    }

    /** Numbers that are in no segment, without those that are declared; they count as given up from now on. */
    private List<Hole> holes(SpoolPosition first, SpoolPosition next, RunIdentity identity, GivenUp givenUp) {
        List<Hole> holes = new ArrayList<>();
        for (MissingBatches missing : givenUp.undeclared(first, next)) {
            LOG.error(
                    "segments or ends of segments are missing directory={} lost_batches={}; declared as lost",
                    directory.path(),
                    missing.batches());
            holes.add(new Hole(missing, identity));
            givenUp.add(missing, GivenUp.NOT_APPENDED);
        }
        return holes;
    }

    /**
     * Notes the losses in holes: by the jumps that span them, as far as these are not more than what is missing.
     *
     * @param all whether to note the other jumps, too
     */
    private void explain(List<Hole> holes, List<Jump> jumps, boolean all) {
        List<Jump> others = new ArrayList<>(jumps);
        boolean severalAtOnce = jumps.stream()
                .anyMatch(jump -> holes.stream().filter(jump::spans).count() > 1);
        List<List<Hole>> groups =
                severalAtOnce ? List.of(holes) : holes.stream().map(List::of).toList();
        for (List<Hole> group : groups) {
            List<Jump> spanning = jumps.stream()
                    .filter(jump -> group.stream().anyMatch(jump::spans))
                    .toList();
            others.removeAll(spanning);
            missing.add(new LossRequests.Request(
                    directory.kind(),
                    losses(group, spanning),
                    group.stream().map(Hole::missing).toList()));
        }
        if (all && !others.isEmpty()) {
            missing.add(new LossRequests.Request(
                    directory.kind(), others.stream().map(Jump::loss).toList(), List.of()));
        }
    }

    /** The parts of the jumps that no GAP declares: the others are no damage. */
    private static List<Jump> undeclared(List<Jump> jumps, DeclaredLosses declared) {
        return jumps.stream()
                .flatMap(jump -> declared.undeclared(jump.loss()).stream()
                        .map(part -> new Jump(part, jump.after(), jump.before())))
                .toList();
    }

    private List<Loss> losses(List<Hole> holes, List<Jump> spanning) {
        long events = holes.stream().mapToLong(hole -> hole.missing().events()).sum();
        long batches =
                holes.stream().mapToLong(hole -> hole.missing().batches()).sum();
        long named = spanning.stream().mapToLong(jump -> jump.loss().count()).sum();
        List<Loss> losses = new ArrayList<>();
        for (Jump jump : spanning) {
            boolean last = losses.size() == spanning.size() - 1;
            losses.add(jump.loss().withBatches(named == events && last ? batches - losses.size() : 1));
        }
        if (named != events) {
            long rest = named < events ? events - named : events; // more: some jumps have another cause
            losses.add(Loss.unnamed(
                    GapCause.DAMAGE,
                    holes.get(0).identity(),
                    directory.kind(),
                    rest,
                    Math.max(0, batches - losses.size())));
        }
        return losses;
    }

    /** The jumps in the streams' sequences. */
    private List<Jump> jumps() throws IOException {
        List<Jump> jumps = new ArrayList<>();
        for (Segment segment : segments) {
            try (SegmentReader frames = SegmentReader.open(files, segment.file(), true)) {
                while (frames.next() && frames.envelope().number() < segment.nextNumber()) {
                    follow(frames.envelope(), segment.identity(), jumps);
                }
            }
        }
        return jumps;
    }

    private void follow(BatchEnvelope batch, RunIdentity run, List<Jump> jumps) {
        BatchEnvelope before = newest.put(new AcknowledgedPosition.RunStream(run, batch.stream()), batch);
        if (before != null && batch.firstSequence() > before.nextSequence()) {
            Loss loss = new Loss(
                    GapCause.DAMAGE,
                    run,
                    batch.kind(),
                    batch.stream(),
                    before.nextSequence(),
                    batch.firstSequence(),
                    batch.firstSequence() - before.nextSequence(),
                    0,
                    before.lastReceivedNanos(),
                    batch.firstReceivedNanos());
            jumps.add(new Jump(loss, before.number(), batch.number()));
        }
    }
}
