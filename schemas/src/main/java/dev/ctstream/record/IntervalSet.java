package dev.ctstream.record;

import java.util.Arrays;

/**
 * A set of sequence numbers, stored as rising half-open intervals that neither overlap nor touch. A stream without
 * holes takes one interval (16 bytes), however long it is.
 *
 * <p>Threads: confined to one.
 */
public final class IntervalSet {
    private static final long[] NONE = {};
    private static final int FIRST_BOUNDS = 4;

    /** Receives ranges: from (inclusive) to (exclusive). */
    @FunctionalInterface
    public interface RangeHandler {
        void onRange(long from, long to);
    }

    private long[] bounds = NONE; // from0, to0, from1, to1, ...
    private int used;
    private long count;

    /** Adds one number; returns false when the set already had it. */
    public boolean add(long value) {
        if (used > 0 && value == bounds[used - 1]) {
            bounds[used - 1]++;
            count++;
            return true;
        }
        long before = count;
        addRange(value, value + 1);
        return count != before;
    }

    /** Adds all numbers of [from, to). */
    public void addRange(long from, long to) {
        if (from >= to) {
            return;
        }
        int first = firstEndingAtOrAfter(from);
        int next = first;
        long low = from;
        long high = to;
        while (next < used && bounds[next] <= to) {
            low = Math.min(low, bounds[next]);
            high = Math.max(high, bounds[next + 1]);
            count -= bounds[next + 1] - bounds[next];
            next += 2;
        }
        replace(first, next, low, high);
        count += high - low;
    }

    /** Replaces the intervals in [first, next) of the bounds by one interval. */
    private void replace(int first, int next, long low, long high) {
        int grown = used + 2 - (next - first);
        if (grown > bounds.length) {
            bounds = Arrays.copyOf(bounds, Math.max(FIRST_BOUNDS, 2 * bounds.length));
        }
        System.arraycopy(bounds, next, bounds, first + 2, used - next);
        bounds[first] = low;
        bounds[first + 1] = high;
        used = grown;
    }

    /**
     * Index in the bounds of the first interval that ends at or after {@code value}; {@code used} when there is none.
     */
    private int firstEndingAtOrAfter(long value) {
        int low = 0;
        int high = used / 2;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (bounds[2 * middle + 1] < value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return 2 * low;
    }

    boolean contains(long value) {
        int at = firstEndingAtOrAfter(value + 1);
        return at < used && bounds[at] <= value;
    }

    void clear() {
        used = 0;
        count = 0;
    }

    /** Number of members. */
    public long count() {
        return count;
    }

    /** Number of members in [from, to). */
    public long countIn(long from, long to) {
        long inside = 0;
        for (int at = firstEndingAtOrAfter(from); at < used && bounds[at] < to; at += 2) {
            inside += Math.max(0, Math.min(to, bounds[at + 1]) - Math.max(from, bounds[at]));
        }
        return inside;
    }

    /** Number of intervals. */
    public int intervals() {
        return used / 2;
    }

    /** The lowest member; 0 when empty. */
    public long first() {
        return used == 0 ? 0 : bounds[0];
    }

    /** The highest member plus one; 0 when empty. */
    public long end() {
        return used == 0 ? 0 : bounds[used - 1];
    }

    /** The lowest member that is at least {@code value}; {@link Long#MAX_VALUE} when there is none. */
    public long nextFrom(long value) {
        int at = firstEndingAtOrAfter(value + 1);
        return at == used ? Long.MAX_VALUE : Math.max(value, bounds[at]);
    }

    /** Passes the intervals to the handler, in rising order. */
    public void forEach(RangeHandler handler) {
        for (int at = 0; at < used; at += 2) {
            handler.onRange(bounds[at], bounds[at + 1]);
        }
    }

    /** Passes the ranges of [from, to) that are not in the set to the handler, in rising order. */
    public void forEachHole(long from, long to, RangeHandler handler) {
        long next = from;
        for (int at = firstEndingAtOrAfter(from); at < used && bounds[at] < to; at += 2) {
            if (bounds[at] > next) {
                handler.onRange(next, bounds[at]);
            }
            next = Math.max(next, bounds[at + 1]);
        }
        if (next < to) {
            handler.onRange(next, to);
        }
    }

    /** Fills the lowest hole between two intervals and passes it to the handler. Needs at least two intervals. */
    public void fillLowestHole(RangeHandler handler) {
        long from = bounds[1];
        long to = bounds[2];
        handler.onRange(from, to);
        addRange(from, to);
    }
}
