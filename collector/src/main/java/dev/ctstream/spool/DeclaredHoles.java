package dev.ctstream.spool;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Batches that are lost and were declared: segments that gave way or had vanished, and damage that the publisher came
 * to. So that nothing is declared twice, also not after a rewind or a restart.
 *
 * <p>Bounds: one hole for each place of damage that is not acknowledged yet. At most {@value #STORED_MAX}, the newest,
 * are stored; after a restart others would be declared again.
 *
 * <p>Threads: any.
 */
final class DeclaredHoles {
    static final int STORED_MAX = 96;

    /** Batches from one place to another. */
    record Hole(Mark first, Mark next) {
        long batches() {
            return next.number() - first.number();
        }

        long events() {
            return next.eventsBefore() - first.eventsBefore();
        }
    }

    private final TreeMap<Long, Hole> holes = new TreeMap<>();

    synchronized void add(Hole hole) {
        Mark first = hole.first();
        Mark next = hole.next();
        for (Hole known = touching(first, next); known != null; known = touching(first, next)) {
            first = known.first().number() < first.number() ? known.first() : first;
            next = known.next().number() > next.number() ? known.next() : next;
            holes.remove(known.first().number());
        }
        holes.put(first.number(), new Hole(first, next));
    }

    private @Nullable Hole touching(Mark first, Mark next) {
        Map.Entry<Long, Hole> known = holes.floorEntry(next.number());
        return known != null && known.getValue().next().number() >= first.number() ? known.getValue() : null;
    }

    /** The parts between two places that were not declared. */
    synchronized List<Hole> undeclared(Mark first, Mark next) {
        List<Hole> parts = new ArrayList<>();
        Mark at = first;
        for (Hole known : holes.values()) {
            if (known.next().number() <= at.number()) {
                continue;
            }
            if (known.first().number() >= next.number()) {
                break;
            }
            if (known.first().number() > at.number()) {
                parts.add(new Hole(at, known.first()));
            }
            at = known.next();
        }
        if (at.number() < next.number()) {
            parts.add(new Hole(at, next));
        }
        return parts;
    }

    /** Whether the batch was declared as lost. */
    synchronized boolean contains(long number) {
        Map.Entry<Long, Hole> hole = holes.floorEntry(number);
        return hole != null && hole.getValue().next().number() > number;
    }

    /** Forgets what lies below a number. */
    synchronized void forgetBefore(long number) {
        while (!holes.isEmpty() && holes.firstEntry().getValue().next().number() <= number) {
            holes.pollFirstEntry();
        }
    }

    /** A copy, in order. */
    synchronized List<Hole> list() {
        return List.copyOf(holes.values());
    }

    static DeclaredHoles of(List<Hole> list) {
        DeclaredHoles holes = new DeclaredHoles();
        list.forEach(holes::add);
        return holes;
    }

    static void encode(List<Hole> list, ByteBuffer out) {
        List<Hole> newest = list.subList(Math.max(0, list.size() - STORED_MAX), list.size());
        out.putInt(newest.size());
        for (Hole hole : newest) {
            out.putLong(hole.first().number()).putLong(hole.first().eventsBefore());
            out.putLong(hole.next().number()).putLong(hole.next().eventsBefore());
        }
    }

    static List<Hole> decode(ByteBuffer in) {
        List<Hole> list = new ArrayList<>();
        for (int left = in.getInt(); left > 0; left--) {
            Mark first = new Mark(in.getLong(), in.getLong());
            list.add(new Hole(first, new Mark(in.getLong(), in.getLong())));
        }
        return list;
    }
}
