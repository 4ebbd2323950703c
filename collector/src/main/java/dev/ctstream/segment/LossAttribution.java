package dev.ctstream.segment;

import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.StreamRanges.Range;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Works out which streams lost the batches whose frame headers are destroyed. It uses the holes in the streams'
 * sequences, and the segment's index if that was written before the damage.
 *
 * <p>A hole may also exist because a batch never reached the spool. What of it a GAP declares is left out, and losses are
 * attributed to streams only if the attributed losses do not exceed what is known to be missing. The rest becomes one
 * loss without a stream. The totals are exact in any case.
 *
 * <p>Threads: confined to one thread.
 */
final class LossAttribution {
    /** What was seen of one stream; includes batches with a good header and a damaged body. */
    private static final class Seen {
        private final long first;
        private long next;
        private long count;
        private long batches;
        private long lastNanos;
        private final List<MissingRange> holes = new ArrayList<>();

        private Seen(BatchEnvelope batch) {
            first = batch.firstSequence();
            next = first;
        }
    }

    private record MissingRange(StreamId stream, long first, long next, long firstNanos, long lastNanos) {
        long count() {
            return next - first;
        }

        boolean control() {
            return stream.zone() == StreamId.CONTROL_ZONE;
        }
    }

    private final Map<StreamId, Seen> seen = new HashMap<>();

    /**
     * Records a batch whose envelope is known; to be called in the order of batch numbers.
     *
     * @param inspected whether it lies in the inspected part; a hole before that part is none of its losses
     */
    void observe(BatchEnvelope batch, boolean inspected) {
        Seen stream = seen.computeIfAbsent(batch.stream(), id -> new Seen(batch));
        if (batch.firstSequence() > stream.next && inspected) {
            stream.holes.add(new MissingRange(
                    batch.stream(), stream.next, batch.firstSequence(), stream.lastNanos, batch.firstReceivedNanos()));
        } else if (batch.firstSequence() > stream.next) {
            stream.count += batch.firstSequence() - stream.next;
        }
        stream.next = Math.max(stream.next, batch.nextSequence());
        stream.count += batch.count();
        stream.batches++;
        stream.lastNanos = batch.lastReceivedNanos();
    }

    /**
     * Attributes missing batches to streams.
     *
     * @param kind of the segment
     * @param batches destroyed batches without a readable header
     * @param events events in these batches
     * @param index the segment's index; empty when there is none that can be trusted
     * @param declared what GAP records declare
     */
    List<Loss> attribute(
            int kind,
            long batches,
            long events,
            List<Range> index,
            RunIdentity identity,
            SegmentInspection.Declared declared) {
        List<Loss> losses = index.isEmpty() ? byHoles(batches, identity, declared) : byIndex(index, identity, declared);
        long attributedBatches = losses.stream().mapToLong(Loss::batches).sum();
        long attributedEvents = losses.stream().mapToLong(Loss::count).sum();
        if (attributedBatches > batches || attributedEvents > events) {
            losses.clear();
            attributedBatches = 0;
            attributedEvents = 0;
        }
        if (batches > attributedBatches || events > attributedEvents) {
            losses.add(Loss.unnamed(
                    GapCause.DAMAGE, identity, kind, events - attributedEvents, batches - attributedBatches));
        }
        return losses;
    }

    private List<Loss> byIndex(List<Range> index, RunIdentity identity, SegmentInspection.Declared declared) {
        List<Loss> losses = new ArrayList<>();
        for (Range range : index) {
            Seen known = seen.get(range.stream());
            if (known == null) {
                losses.add(range.lost(GapCause.DAMAGE, identity));
            } else if (known.batches < range.batches()) {
                losses.addAll(ofStream(range, known, identity, declared));
            }
        }
        return losses;
    }

    private static List<Loss> ofStream(
            Range range, Seen known, RunIdentity identity, SegmentInspection.Declared declared) {
        List<MissingRange> holes = new ArrayList<>(known.holes);
        if (range.firstSequence() < known.first) {
            holes.add(0, new MissingRange(range.stream(), range.firstSequence(), known.first, range.firstNanos(), 0));
        }
        if (range.nextSequence() > known.next) {
            holes.add(new MissingRange(
                    range.stream(), known.next, range.nextSequence(), known.lastNanos, range.lastNanos()));
        }
        long missing = range.count() - known.count;
        List<MissingRange> undeclared = undeclared(holes, identity, declared);
        if (undeclared.stream().mapToLong(MissingRange::count).sum() != missing) {
            return List.of(); // some of these holes existed before the damage, and it is unknown which
        }
        return losses(undeclared, range.batches() - known.batches, identity);
    }

    /** What of the holes no GAP declares. */
    private static List<MissingRange> undeclared(
            List<MissingRange> holes, RunIdentity identity, SegmentInspection.Declared declared) {
        List<MissingRange> parts = new ArrayList<>();
        for (MissingRange hole : holes) {
            for (Loss part : declared.undeclared(loss(hole, 1, identity))) {
                parts.add(new MissingRange(
                        hole.stream, part.firstSequence(), part.nextSequence(), hole.firstNanos, hole.lastNanos));
            }
        }
        return parts;
    }

    private List<Loss> byHoles(long batches, RunIdentity identity, SegmentInspection.Declared declared) {
        List<MissingRange> holes = new ArrayList<>();
        long controls = 0;
        for (Seen stream : seen.values()) {
            for (MissingRange hole : undeclared(stream.holes, identity, declared)) {
                holes.add(hole);
                controls += hole.control() ? hole.count() : 0;
            }
        }
        List<MissingRange> events =
                holes.stream().filter(hole -> !hole.control()).toList();
        List<Loss> losses = losses(events, Math.max(events.size(), batches - controls), identity);
        holes.stream()
                .filter(MissingRange::control)
                .forEach(hole -> losses.add(loss(hole, hole.count(), identity))); // a control record is a batch
        return losses;
    }

    /** One loss for each hole. Each hole counts as one batch, and the first hole also gets the remaining batches. */
    private static List<Loss> losses(List<MissingRange> holes, long batches, RunIdentity identity) {
        List<Loss> losses = new ArrayList<>();
        long first = batches - holes.size() + 1;
        for (MissingRange hole : holes) {
            losses.add(loss(hole, losses.isEmpty() ? first : 1, identity));
        }
        return losses;
    }

    private static Loss loss(MissingRange hole, long batches, RunIdentity identity) {
        return new Loss(
                GapCause.DAMAGE,
                identity,
                hole.control() ? BatchEnvelope.CONTROL : BatchEnvelope.EVENTS,
                hole.stream,
                hole.first,
                hole.next,
                hole.count(),
                batches,
                hole.firstNanos,
                hole.lastNanos);
    }
}
