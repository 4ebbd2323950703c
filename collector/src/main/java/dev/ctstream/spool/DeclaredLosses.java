package dev.ctstream.spool;

import dev.ctstream.record.StreamId;
import dev.ctstream.segment.Loss;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The sequences of each stream that GAP records declare; ranges may overlap.
 *
 * <p>Bounds: one entry for each range in the chain of control records. Threads: confined to one thread.
 */
final class DeclaredLosses {
    private record Key(int kind, AcknowledgedPosition.RunStream stream) {
        static @Nullable Key of(Loss loss) {
            StreamId stream = loss.stream();
            return stream == null
                    ? null
                    : new Key(loss.kind(), new AcknowledgedPosition.RunStream(loss.identity(), stream));
        }
    }

    /** First sequence of each range, and the one after its last; ranges neither overlap nor touch. */
    private final Map<Key, TreeMap<Long, Long>> ranges = new HashMap<>();

    /** Adds the range of a loss; a loss without a stream has none. */
    void add(Loss loss) {
        Key key = Key.of(loss);
        if (key == null) {
            return;
        }
        TreeMap<Long, Long> known = ranges.computeIfAbsent(key, none -> new TreeMap<>());
        long first = loss.firstSequence();
        long next = loss.nextSequence();
        for (Map.Entry<Long, Long> before = known.floorEntry(next);
                before != null && before.getValue() >= first;
                before = known.floorEntry(next)) {
            first = Math.min(first, before.getKey());
            next = Math.max(next, before.getValue());
            known.remove(before.getKey());
        }
        known.put(first, next);
    }

    /** The parts of a loss that are not declared. */
    List<Loss> undeclared(Loss loss) {
        List<Loss> parts = new ArrayList<>();
        long at = loss.firstSequence();
        Key key = Key.of(loss);
        TreeMap<Long, Long> known = key == null ? null : ranges.get(key);
        for (Map.Entry<Long, Long> range : known == null ? List.<Map.Entry<Long, Long>>of() : known.entrySet()) {
            if (range.getKey() > at && range.getKey() < loss.nextSequence()) {
                parts.add(loss.between(at, range.getKey()));
            }
            at = Math.max(at, range.getValue());
        }
        if (at < loss.nextSequence()) {
            parts.add(loss.between(at, loss.nextSequence()));
        }
        return parts;
    }
}
