package dev.ctstream.spool;

import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.segment.SpoolPosition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Numbers of the chain of events that hold no batch to be sent: given up for space, damaged, missing, or rejected by
 * Kafka. Each range belongs to a GAP, and is passed only when that is in Kafka. So is the place of a loss that has no
 * number: what comes after it would otherwise show a hole that nothing explains yet.
 *
 * <p>Bounds: one entry for each range, and two for each GAP of losses without number, that the stored position has not
 * passed.
 *
 * <p>Threads: any.
 */
final class GivenUp implements SegmentInspection.Declared {
    /** The GAP of the range is not appended yet. */
    static final long NOT_APPENDED = Long.MAX_VALUE;

    /**
     * A range.
     *
     * @param controlNumber number of the last GAP that declares it, in the chain of control records
     */
    record Range(MissingBatches batches, long controlNumber) {
        private long first() {
            return batches.first().number();
        }

        private long next() {
            return batches.next().number();
        }
    }

    private final TreeMap<Long, Range> ranges = new TreeMap<>();
    /** By the number of the next batch: the GAP of losses that have no number, since they were never appended. */
    private final TreeMap<Long, Long> lossesBefore = new TreeMap<>();
    /** By the number of the next batch: the first GAP that explains jumps in the sequences of streams before it. */
    private final TreeMap<Long, Long> explained = new TreeMap<>();

    /** Adds a range; what it covers already keeps its own GAP. */
    synchronized void add(MissingBatches batches, long controlNumber) {
        for (MissingBatches part : undeclared(batches.first(), batches.next())) {
            ranges.put(part.first().number(), new Range(part, controlNumber));
        }
    }

    /** The GAP of ranges that were {@link #NOT_APPENDED} is appended. */
    synchronized void appended(MissingBatches batches, long controlNumber) {
        ranges.replaceAll((first, range) -> range.controlNumber() == NOT_APPENDED
                        && range.first() >= batches.first().number()
                        && range.next() <= batches.next().number()
                ? new Range(range.batches(), controlNumber)
                : range);
    }

    /** The range that covers a number; null = none. */
    synchronized @Nullable Range covering(long number) {
        Map.Entry<Long, Range> range = ranges.floorEntry(number);
        return range != null && range.getValue().next() > number ? range.getValue() : null;
    }

    /**
     * A GAP declares losses that would have come before the batch of this number.
     *
     * @param firstControl number of the first of its records
     * @param lastControl number of the last
     */
    synchronized void lostBefore(SpoolPosition next, long firstControl, long lastControl) {
        lossesBefore.merge(next.number(), lastControl, Math::max);
        explainedBefore(next, firstControl);
    }

    /** GAP records from this number on explain jumps in what is before a batch, which damage would show. */
    synchronized void explainedBefore(SpoolPosition next, long firstControl) {
        explained.merge(next.number(), firstControl, Math::min);
    }

    /** The losses without number before a batch, as a range without batches; null = none. */
    synchronized @Nullable Range lossesBefore(SpoolPosition next) {
        Map.Entry<Long, Long> newest = lossesBefore.floorEntry(next.number());
        return newest == null ? null : new Range(new MissingBatches(next, next), newest.getValue());
    }

    @Override
    public boolean contains(long number) {
        return covering(number) != null;
    }

    /** The parts between two positions that are not in a range. */
    @Override
    public synchronized List<MissingBatches> undeclared(SpoolPosition first, SpoolPosition next) {
        List<MissingBatches> parts = new ArrayList<>();
        SpoolPosition at = first;
        for (Range range : ranges.values()) {
            if (range.next() <= at.number()) {
                continue;
            }
            if (range.first() >= next.number()) {
                break;
            }
            if (range.first() > at.number()) {
                parts.add(new MissingBatches(at, range.batches().first()));
            }
            at = range.batches().next();
        }
        if (at.number() < next.number()) {
            parts.add(new MissingBatches(at, next));
        }
        return parts;
    }

    /** The position after the last range; {@link SpoolPosition#START} when there is none. */
    synchronized SpoolPosition end() {
        return ranges.isEmpty()
                ? SpoolPosition.START
                : ranges.lastEntry().getValue().batches().next();
    }

    /** Whether all numbers of a segment are in ranges. */
    boolean covers(Segment segment) {
        return undeclared(segment.first(), segment.extent().next()).isEmpty();
    }

    /** Forgets the ranges below a number. */
    synchronized void forgetBefore(long number) {
        while (!ranges.isEmpty() && ranges.firstEntry().getValue().next() <= number) {
            ranges.pollFirstEntry();
        }
        while (lossesBefore.size() > 1 && lossesBefore.higherKey(lossesBefore.firstKey()) <= number) {
            lossesBefore.pollFirstEntry(); // a later one has a later GAP
        }
        explained.headMap(number, true).clear();
    }

    /** Whether a GAP below this number of the chain of control records still explains a range or a jump. */
    synchronized boolean needsControlBefore(long controlNumber) {
        return ranges.values().stream().anyMatch(range -> range.controlNumber() < controlNumber)
                || explained.values().stream().anyMatch(first -> first < controlNumber);
    }
}
