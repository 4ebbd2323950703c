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
 * Reads a segment and reports its batches and what damage has destroyed. The counts of lost batches and events are
 * exact. Their streams are given as far as frame headers, the index or the neighbouring batches show them.
 *
 * <p>Threads: confined to one thread; one object inspects one segment.
 */
public final class SegmentInspection {
    private final SegmentReader reader;
    private final Scope scope;
    private final LossAttribution attribution = new LossAttribution();
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
     * The result of an inspection.
     *
     * @param kind of its frames: {@link BatchEnvelope#EVENTS} or {@link BatchEnvelope#CONTROL}
     * @param identity the run that wrote the segment
     * @param firstNumber number of the first batch that the inspected part may hold
     * @param firstEventsBefore events in all batches before that
     * @param nextNumber number of its last batch plus one
     * @param nextEventsBefore events in all batches before {@code nextNumber}
     * @param batches good batches
     * @param events events in the good batches
     * @param lostBatches batches destroyed by damage
     * @param lostEvents events in the lost batches
     * @param losses the lost batches by stream
     * @param holes the lost batches by number
     * @param damagedBytes bytes that were skipped because of damage
     * @param goodBytes offset after the last frame
     * @param fileBytes length of the file without zeros that were reserved and not used; more than {@code goodBytes}
     *     when the tail is torn or unfinished
     * @param sealed whether the segment ends with an index
     */
    public record Result(
            int kind,
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

        /** The position before the first batch. */
        public SpoolPosition first() {
            return new SpoolPosition(firstNumber, firstEventsBefore);
        }

        /** The position after the last batch. */
        public SpoolPosition next() {
            return new SpoolPosition(nextNumber, nextEventsBefore);
        }
    }

    /** The batches that were already declared as lost. */
    public interface Declared {
        /** No batch was declared. */
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

        /** The ranges between two positions that were not declared. */
        List<MissingBatches> undeclared(SpoolPosition first, SpoolPosition next);

        /** The parts of a jump in a stream's sequences that no GAP declares: a batch that never had a number is one. */
        default List<Loss> undeclared(Loss jump) {
            return List.of(jump);
        }
    }

    /**
     * The part of a segment to inspect.
     *
     * @param limitBytes the file is not read beyond this offset
     * @param from batches missing before this position do not count; null = before the first batch
     * @param end the position after the last batch; null = as the segment's index says
     * @param declared batches that were already declared as lost; they do not count again
     * @param inMemory batches that are still in memory and so not lost, even if damaged in the file; by rising number
     * @param tolerant whether unreadable disk blocks count as damage instead of failing the inspection
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
        /**
         * The whole file, for a reader that does not own it. Unreadable blocks count as damage: there is no second try.
         */
        public static final Scope READ_ONLY = new Scope(Long.MAX_VALUE, null, null, Declared.NONE, List.of(), true);

        /** Only the batches before a position. */
        public static Scope upTo(SpoolPosition end) {
            return new Scope(Long.MAX_VALUE, null, end, Declared.NONE, List.of(), true);
        }
    }

    /** Inspects a whole segment. */
    public static Result inspect(SegmentFiles files, Path file) throws IOException {
        return inspect(files, file, Scope.ALL, new StreamRanges());
    }

    /** Inspects a part of a segment, and adds its good batches to {@code present}. */
    public static Result inspect(SegmentFiles files, Path file, Scope scope, StreamRanges present) throws IOException {
        try (SegmentReader reader = SegmentReader.open(files, file, scope.tolerant())) {
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
            losses.addAll(attribution.attribute(
                    reader.header().kind(),
                    unknownBatches,
                    unknownEvents,
                    trustedIndex(),
                    reader.header().identity(),
                    scope.declared()));
        }
        return result(first);
    }

    private Result result(SpoolPosition first) throws IOException {
        return new Result(
                reader.header().kind(),
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
                !reader.sealed() && reader.hasUnusedTail() ? reader.position() : reader.sizeBytes(),
                reader.sealed());
    }

    private @Nullable SpoolPosition end() {
        BatchEnvelope index = reader.indexEnvelope();
        if (scope.end() != null || index == null) {
            return scope.end();
        }
        return new SpoolPosition(index.number(), index.eventsBefore());
    }

    /** The index, unless recovery wrote it after the damage: then it does not list the missing batches. */
    private List<StreamRanges.Range> trustedIndex() {
        BatchEnvelope index = reader.indexEnvelope();
        return index == null || index.firstReceivedNanos() == SegmentWriter.REBUILT ? List.of() : reader.index();
    }

    /** Counts the batches below a number whose bodies are damaged, and the batches in memory between them. */
    private void lostWithin(long number) {
        List<BatchEnvelope> damaged = new ArrayList<>(reader.damaged());
        damaged.sort(Comparator.comparingLong(BatchEnvelope::number));
        for (BatchEnvelope batch : damaged) {
            if (batch.number() >= number || isBeyondEnd(batch) || isInMemory(batch.number())) {
                continue;
            }
            inMemoryBefore(batch.number());
            attribution.observe(batch, batch.number() >= next.number());
            if (reach(batch) && !scope.declared().contains(batch.number())) {
                holes.add(new MissingBatches(next, batch.next()));
                losses.add(Loss.of(GapCause.DAMAGE, reader.header().identity(), batch));
                lostBatches++;
                lostEvents += batch.count();
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

    /** Counts a good batch; returns false when it lies outside the inspected part. */
    private boolean good(BatchEnvelope batch) {
        if (isBeyondEnd(batch)) {
            return false;
        }
        if (batch.number() < next.number()) {
            if (batches == 0 && lostBatches == 0) {
                attribution.observe(batch, false); // but the streams' sequences continue from it
            }
            return false;
        }
        attribution.observe(batch, true);
        reach(batch);
        batches++;
        events += batch.count();
        next = batch.next();
        return true;
    }

    /** Counts the batches missing before a batch; returns false when it lies before the inspected part. */
    private boolean reach(BatchEnvelope batch) {
        if (batch.number() < next.number()) {
            return false;
        }
        if (batch.number() > next.number()) {
            missingUpTo(new SpoolPosition(batch.number(), batch.eventsBefore()));
        }
        return true;
    }

    private void missingUpTo(SpoolPosition position) {
        for (MissingBatches hole : scope.declared().undeclared(next, position)) {
            holes.add(hole);
            unknownBatches += hole.batches();
            unknownEvents += hole.events();
            lostBatches += hole.batches();
            lostEvents += hole.events();
        }
        next = position;
    }
}
