package dev.ctstream.spool;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.batch.StreamId;
import dev.ctstream.spool.StreamRanges.Range;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a whole segment and says what it holds and what damage has taken out of it: exactly how many batches and
 * events, and of which streams as far as a good header, the index or the neighbouring batches tell.
 *
 * <p>Threads: confined to one thread; one object inspects one segment.
 */
public final class SegmentInspection {
    /** A run of sequences that one stream has not got. */
    private record Hole(long first, long next, long firstNanos, long lastNanos) {}

    /** What was seen of one stream. */
    private static final class Seen {
        private long next = -1;
        private long count;
        private long lastNanos;
        private final List<Hole> holes = new ArrayList<>();
    }

    private final SegmentReader reader;
    private final long fromNumber;
    private final StreamRanges present = new StreamRanges();
    private final Map<StreamId, Seen> seen = new HashMap<>();
    private final List<Loss> losses = new ArrayList<>();
    private long batches;
    private long events;
    private long lostBatches;
    private long lostEvents;
    private long namedBatches;
    private long namedEvents;
    private long nextNumber;
    private long nextEventsBefore;

    private SegmentInspection(SegmentReader reader, long fromNumber) {
        this.reader = reader;
        this.fromNumber = fromNumber;
        nextNumber = reader.header().firstNumber();
        nextEventsBefore = reader.header().eventsBefore();
    }

    /**
     * What an inspection found.
     *
     * @param identity the run that wrote the segment
     * @param firstNumber number of the first batch that it may hold
     * @param nextNumber the number behind its last batch
     * @param nextEventsBefore events in all batches before {@code nextNumber}
     * @param batches good batches
     * @param events events in them
     * @param lostBatches batches that damage took
     * @param lostEvents events in those
     * @param losses the same, by stream
     * @param goodBytes where the last good frame ends
     * @param fileBytes length of the file; more than {@code goodBytes} when the tail is torn
     * @param sealed whether an index ends it
     */
    public record Result(
            RunIdentity identity,
            long firstNumber,
            long nextNumber,
            long nextEventsBefore,
            long batches,
            long events,
            long lostBatches,
            long lostEvents,
            List<Loss> losses,
            long goodBytes,
            long fileBytes,
            boolean sealed) {}

    /**
     * Inspects a segment.
     *
     * @param fromNumber damage that concerns only earlier batches is not reported
     */
    public static Result inspect(Path file, long fromNumber) throws IOException {
        return inspect(file, fromNumber, new StreamRanges());
    }

    /** As above, and adds the good event batches to {@code present}. */
    static Result inspect(Path file, long fromNumber, StreamRanges present) throws IOException {
        try (SegmentReader reader = SegmentReader.open(file)) {
            SegmentInspection inspection = new SegmentInspection(reader, fromNumber);
            return inspection.run(present);
        }
    }

    private Result run(StreamRanges into) throws IOException {
        while (reader.next()) {
            BatchEnvelope batch = reader.envelope();
            noteDamage(batch.number(), batch.eventsBefore());
            batches++;
            into.add(batch);
            present.add(batch);
            events += batch.kind() == EncodedBatch.EVENTS ? batch.count() : 0;
            noteSeen(batch);
            nextNumber = batch.number() + 1;
            nextEventsBefore = batch.eventsBefore() + (batch.kind() == EncodedBatch.EVENTS ? batch.count() : 0);
        }
        BatchEnvelope index = reader.indexEnvelope();
        if (index != null) {
            noteDamage(index.number(), index.eventsBefore());
            nextNumber = index.number();
            nextEventsBefore = index.eventsBefore();
        }
        nameTheRest();
        return new Result(
                reader.header().identity(),
                reader.header().firstNumber(),
                nextNumber,
                nextEventsBefore,
                batches,
                events,
                lostBatches,
                lostEvents,
                List.copyOf(losses),
                reader.position(),
                reader.sizeBytes(),
                reader.sealed());
    }

    /** Counts what is missing between the last good frame and the one that says it is {@code number}. */
    private void noteDamage(long number, long eventsBefore) {
        for (BatchEnvelope batch : reader.damaged()) {
            if (batch.number() >= fromNumber) {
                losses.add(Loss.of(Loss.Cause.DAMAGE, reader.header().identity(), batch));
                namedBatches++;
                namedEvents += batch.kind() == EncodedBatch.EVENTS ? batch.count() : 0;
            }
            noteSeen(batch);
        }
        if (number > nextNumber && number > fromNumber) {
            long missing = number - Math.max(nextNumber, fromNumber);
            lostBatches += missing;
            lostEvents += fromNumber <= nextNumber ? eventsBefore - nextEventsBefore : namedEvents;
        }
    }

    private void noteSeen(BatchEnvelope batch) {
        Seen stream = seen.computeIfAbsent(batch.stream(), id -> new Seen());
        if (stream.next >= 0 && batch.firstSequence() > stream.next) {
            stream.holes.add(
                    new Hole(stream.next, batch.firstSequence(), stream.lastNanos, batch.firstReceivedNanos()));
        }
        stream.next = batch.nextSequence();
        stream.count += batch.count();
        stream.lastNanos = batch.lastReceivedNanos();
    }

    /** Finds the streams of the batches whose header was damaged; what cannot be named is one loss without stream. */
    private void nameTheRest() {
        if (lostBatches == namedBatches) {
            return;
        }
        Map<StreamId, Range> index = new HashMap<>();
        for (Range range : reader.index()) {
            index.put(range.stream(), range);
        }
        for (Map.Entry<StreamId, Seen> entry : seen.entrySet()) {
            Range range = index.remove(entry.getKey());
            nameHoles(entry.getKey(), entry.getValue(), range);
        }
        for (Range range : index.values()) { // streams of which nothing is left
            losses.add(range.lost(Loss.Cause.DAMAGE, reader.header().identity()));
            namedEvents += range.kind() == EncodedBatch.EVENTS ? range.count() : 0;
            namedBatches += range.batches();
        }
        if (lostBatches > namedBatches || lostEvents > namedEvents) {
            losses.add(new Loss(
                    Loss.Cause.DAMAGE,
                    reader.header().identity(),
                    lostEvents > namedEvents ? EncodedBatch.EVENTS : EncodedBatch.CONTROL,
                    null,
                    0,
                    0,
                    lostEvents - namedEvents,
                    lostBatches - namedBatches,
                    0,
                    0));
        }
    }

    private void nameHoles(StreamId stream, Seen known, @Nullable Range range) {
        if (range != null) {
            if (known.count == range.count()) {
                return;
            }
            long firstSeen = firstSeen(stream);
            if (firstSeen > range.firstSequence()) {
                known.holes.add(new Hole(range.firstSequence(), firstSeen, range.firstNanos(), known.lastNanos));
            }
            if (known.next < range.nextSequence()) {
                known.holes.add(new Hole(known.next, range.nextSequence(), known.lastNanos, range.lastNanos()));
            }
        }
        for (Hole hole : known.holes) {
            long count = hole.next - hole.first;
            boolean control = stream.zone() == StreamId.CONTROL_ZONE;
            if (control || namedEvents + count <= lostEvents) {
                losses.add(new Loss(
                        Loss.Cause.DAMAGE,
                        reader.header().identity(),
                        control ? EncodedBatch.CONTROL : EncodedBatch.EVENTS,
                        stream,
                        hole.first,
                        hole.next,
                        count,
                        0,
                        hole.firstNanos,
                        hole.lastNanos));
                namedEvents += control ? 0 : count;
            }
        }
    }

    private long firstSeen(StreamId stream) {
        for (Range range : present.list()) {
            if (range.stream().equals(stream)) {
                return range.firstSequence();
            }
        }
        return Long.MAX_VALUE;
    }
}
