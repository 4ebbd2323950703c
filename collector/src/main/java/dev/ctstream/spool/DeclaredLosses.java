package dev.ctstream.spool;

import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.segment.SpoolPosition;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Batches whose loss is declared: dropped or vanished segments, and damage that the publisher met. It prevents a second
 * declaration, also after a rewind or a restart.
 *
 * <p>Bounds: one hole for each damaged range that is not acknowledged yet. Only the newest {@value #STORED_MAX} are
 * stored; a restart would declare the others again.
 *
 * <p>Threads: any.
 */
final class DeclaredLosses implements SegmentInspection.Declared {
    static final int STORED_MAX = 96;

    private final TreeMap<Long, MissingBatches> holes = new TreeMap<>();

    synchronized void add(MissingBatches hole) {
        SpoolPosition first = hole.first();
        SpoolPosition next = hole.next();
        for (MissingBatches known = touching(first, next); known != null; known = touching(first, next)) {
            first = known.first().number() < first.number() ? known.first() : first;
            next = known.next().number() > next.number() ? known.next() : next;
            holes.remove(known.first().number());
        }
        holes.put(first.number(), new MissingBatches(first, next));
    }

    private @Nullable MissingBatches touching(SpoolPosition first, SpoolPosition next) {
        Map.Entry<Long, MissingBatches> known = holes.floorEntry(next.number());
        return known != null && known.getValue().next().number() >= first.number() ? known.getValue() : null;
    }

    /** The parts between two positions that were not declared. */
    @Override
    public synchronized List<MissingBatches> undeclared(SpoolPosition first, SpoolPosition next) {
        List<MissingBatches> parts = new ArrayList<>();
        SpoolPosition at = first;
        for (MissingBatches known : holes.values()) {
            if (known.next().number() <= at.number()) {
                continue;
            }
            if (known.first().number() >= next.number()) {
                break;
            }
            if (known.first().number() > at.number()) {
                parts.add(new MissingBatches(at, known.first()));
            }
            at = known.next();
        }
        if (at.number() < next.number()) {
            parts.add(new MissingBatches(at, next));
        }
        return parts;
    }

    /** Whether the batch was declared as lost. */
    @Override
    public synchronized boolean contains(long number) {
        Map.Entry<Long, MissingBatches> hole = holes.floorEntry(number);
        return hole != null && hole.getValue().next().number() > number;
    }

    /** Forgets all holes below a number. */
    synchronized void forgetBefore(long number) {
        while (!holes.isEmpty() && holes.firstEntry().getValue().next().number() <= number) {
            holes.pollFirstEntry();
        }
    }

    /** A copy, in order. */
    synchronized List<MissingBatches> list() {
        return List.copyOf(holes.values());
    }

    static DeclaredLosses of(List<MissingBatches> list) {
        DeclaredLosses holes = new DeclaredLosses();
        list.forEach(holes::add);
        return holes;
    }

    static void encode(List<MissingBatches> list, ByteBuffer out) {
        List<MissingBatches> newest = list.subList(Math.max(0, list.size() - STORED_MAX), list.size());
        out.putInt(newest.size());
        for (MissingBatches hole : newest) {
            out.putLong(hole.first().number()).putLong(hole.first().eventsBefore());
            out.putLong(hole.next().number()).putLong(hole.next().eventsBefore());
        }
    }

    static List<MissingBatches> decode(ByteBuffer in) {
        List<MissingBatches> list = new ArrayList<>();
        for (int left = in.getInt(); left > 0; left--) {
            SpoolPosition first = new SpoolPosition(in.getLong(), in.getLong());
            list.add(new MissingBatches(first, new SpoolPosition(in.getLong(), in.getLong())));
        }
        return list;
    }
}
