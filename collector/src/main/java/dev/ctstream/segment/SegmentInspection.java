package dev.ctstream.segment;

import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a segment and says what it holds and what damage has taken out of it: exactly how many batches and events, and
 * of which streams as far as headers, the index or the neighbouring batches tell.
 *
 * <p>Threads: confined to one thread; one object inspects one segment.
 */
public final class SegmentInspection {
    private final SegmentReader reader;
    private final Scope scope;
    private final LossAttribution naming = new LossAttribution();
    private final List<Loss> losses = new ArrayList<>();
    private int memoryIndex;
    private SpoolPosition next;
    private long batches;
    private long events;
    private long lostBatches;
    private long lostEvents;
    private long unknownBatches;
    private long unknownEvents;
    private final List<MissingBatches> holes = new ArrayList<>();

    private SegmentInspection(SegmentReader reader, Scope scope) {
        this.reader = reader;
        this.scope = scope;
        SpoolPosition from = scope.from();
        next = from == null ? reader.header().first() : from;
    }

    /**
     * What an inspection found.
     *
     * @param identity the run that wrote the segment
     * @param firstNumber number of the first batch that it may hold
     * @param firstEventsBefore events in all batches before that
     * @param nextNumber the number behind its last batch
     * @param nextEventsBefore events in all batches before {@code nextNumber}
     * @param batches good batches
     * @param events events in them
     * @param lostBatches batches that damage took
     * @param lostEvents events in those
     * @param losses the same, by stream
     * @param holes the same, by number
     * @param damagedBytes bytes that are not what was written, in so far as they hid a frame
     * @param goodBytes where the last frame ends
     * @param fileBytes length of the file; more than {@code goodBytes} when the tail is torn or unfinished
     * @param sealed whether an index ends it
     */
    public record Result(
            RunIdentity identity,
            long firstNumber,
            long firstEventsBefore,
            long nextNumber,
            long nextEventsBefore,
            long batches,
            long events,
            long lostBatches,
            long lostEvents,
            List<Loss> losses,
            List<MissingBatches> holes,
            long damagedBytes,
            long goodBytes,
            long fileBytes,
            boolean sealed) {

        /** The position before the first batch that it may hold. */
        public SpoolPosition first() {
            return new SpoolPosition(firstNumber, firstEventsBefore);
        }

        /** The position after its last batch. */
        public SpoolPosition next() {
            return new SpoolPosition(nextNumber, nextEventsBefore);
        }
    }

    /** What is known to be lost already. */
    public interface Declared {
        /** Nothing is. */
        Declared NONE = new Declared() {
            @Override
            public boolean contains(long number) {
                return false;
            }

            @Override
            public List<MissingBatches> undeclared(SpoolPosition first, SpoolPosition next) {
                return first.number() < next.number() ? List.of(new MissingBatches(first, next)) : List.of();
            }
        };

        /** Whether the batch was declared as lost. */
        boolean contains(long number);

        /** The parts between two positions that were not declared. */
        List<MissingBatches> undeclared(SpoolPosition first, SpoolPosition next);
    }

    /**
     * Which part is looked at.
     *
     * @param limitBytes the file is not read beyond this
     * @param from what is missing before this place is of no concern; null = before the first batch
     * @param end the place behind the last batch; null = the file's own word
     * @param declared what is known to be lost already, and of no concern either
     * @param inMemory batches that are not lost although the file may have lost them, by number
     * @param tolerant whether unreadable places of the disk count as damage
     */
    public record Scope(
            long limitBytes,
            @Nullable SpoolPosition from,
            @Nullable SpoolPosition end,
            Declared declared,
            List<BatchEnvelope> inMemory,
            boolean tolerant) {
        /** The whole file, for its owner. */
        public static final Scope ALL = new Scope(Long.MAX_VALUE, null, null, Declared.NONE, List.of(), false);
        /** For somebody who only looks: there will be no second attempt. */
        public static final Scope READ_ONLY = new Scope(Long.MAX_VALUE, null, null, Declared.NONE, List.of(), true);

        /** Only the batches before a place. */
        public static Scope upTo(SpoolPosition end) {
            return new Scope(Long.MAX_VALUE, null, end, Declared.NONE, List.of(), true);
        }
    }

    /** Inspects a whole segment. */
    public static Result inspect(Path file) throws IOException {
        return inspect(file, Scope.ALL, new StreamRanges());
    }

    /** Inspects a part, and adds its good batches to {@code present}. */
    public static Result inspect(Path file, Scope scope, StreamRanges present) throws IOException {
        try (SegmentReader reader = SegmentReader.open(file, scope.tolerant())) {
            reader.limit(scope.limitBytes());
            return new SegmentInspection(reader, scope).run(present);
        }
    }

    private Result run(StreamRanges present) throws IOException {
        SpoolPosition first = next;
        while (reader.next()) {
            BatchEnvelope batch = reader.envelope();
            lostWithin(batch.number());
            inMemoryBefore(batch.number());
            if (good(batch)) {
                present.add(batch);
            }
        }
        lostWithin(Long.MAX_VALUE);
        inMemoryBefore(Long.MAX_VALUE);
        SpoolPosition end = end();
        if (end != null && end.number() > next.number()) {
            missingUpTo(end);
        }
        if (unknownBatches > 0) {
            losses.addAll(naming.name(
                    unknownBatches,
                    unknownEvents,
                    trustedIndex(),
                    reader.header().identity()));
        }
        return result(first);
    }

    private Result result(SpoolPosition first) throws IOException {
        return new Result(
                reader.header().identity(),
                first.number(),
                first.eventsBefore(),
                next.number(),
                next.eventsBefore(),
                batches,
                events,
                lostBatches,
                lostEvents,
                List.copyOf(losses),
                List.copyOf(holes),
                reader.skippedBytes(),
                reader.position(),
                reader.sizeBytes(),
                reader.sealed());
    }

    private @Nullable SpoolPosition end() {
        BatchEnvelope index = reader.indexEnvelope();
        if (scope.end() != null || index == null) {
            return scope.end();
        }
        return new SpoolPosition(index.number(), index.eventsBefore());
    }

    /** An index that recovery wrote behind the damage knows nothing of what is missing. */
    private List<StreamRanges.Range> trustedIndex() {
        BatchEnvelope index = reader.indexEnvelope();
        return index == null || index.firstReceivedNanos() == SegmentWriter.REBUILT ? List.of() : reader.index();
    }

    /** Takes note of the batches before a number whose bodies are damaged, and of those that memory holds between. */
    private void lostWithin(long number) {
        List<BatchEnvelope> damaged = new ArrayList<>(reader.damaged());
        damaged.sort(Comparator.comparingLong(BatchEnvelope::number));
        for (BatchEnvelope batch : damaged) {
            if (batch.number() >= number || isBeyondEnd(batch) || isInMemory(batch.number())) {
                continue;
            }
            inMemoryBefore(batch.number());
            naming.saw(batch);
            if (reach(batch) && !scope.declared().contains(batch.number())) {
                holes.add(new MissingBatches(next, batch.next()));
                losses.add(Loss.of(GapCause.DAMAGE, reader.header().identity(), batch));
                lostBatches++;
                lostEvents += batch.events();
            }
            next = next.number() <= batch.number() ? batch.next() : next;
        }
    }

    private boolean isBeyondEnd(BatchEnvelope batch) {
        SpoolPosition end = scope.end();
        return end != null && batch.number() >= end.number();
    }

    private boolean isInMemory(long number) {
        return scope.inMemory().stream().anyMatch(batch -> batch.number() == number);
    }

    private void inMemoryBefore(long number) {
        while (memoryIndex < scope.inMemory().size()
                && scope.inMemory().get(memoryIndex).number() < number) {
            good(scope.inMemory().get(memoryIndex++));
        }
    }

    /** A batch that is there; false when it counts for nothing here. */
    private boolean good(BatchEnvelope batch) {
        if (isBeyondEnd(batch)) {
            return false;
        }
        if (batch.number() < next.number()) {
            if (batches == 0 && lostBatches == 0) {
                naming.saw(batch); // before the part that is of concern, but the streams' sequences go on from there
            }
            return false;
        }
        naming.saw(batch);
        reach(batch);
        batches++;
        events += batch.events();
        next = batch.next();
        return true;
    }

    /** Counts what is missing before a batch; false when the batch lies before the part that is looked at. */
    private boolean reach(BatchEnvelope batch) {
        if (batch.number() < next.number()) {
            return false;
        }
        if (batch.number() > next.number()) {
            missingUpTo(new SpoolPosition(batch.number(), batch.eventsBefore()));
        }
        return true;
    }

    private void missingUpTo(SpoolPosition place) {
        for (MissingBatches hole : scope.declared().undeclared(next, place)) {
            holes.add(hole);
            unknownBatches += hole.batches();
            unknownEvents += hole.events();
            lostBatches += hole.batches();
            lostEvents += hole.events();
        }
        next = place;
    }
}
