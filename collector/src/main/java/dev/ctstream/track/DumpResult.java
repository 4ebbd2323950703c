package dev.ctstream.track;

import java.util.HashMap;
import java.util.Map;

/** The result of a dump, once the receive thread has seen all its entries. Immutable. */
public final class DumpResult {
    private final DumpRequest request;
    private final boolean complete;
    private final long endNanos;
    private final Counts counts;

    /**
     * Counts of entries.
     *
     * @param existing entries announced as EXISTING
     * @param ignored entries that were dying, or whose flow had ended before they arrived
     * @param byZone announced entries of each zone that has some, see {@link #pack}; no longer modified
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Counts(long existing, long ignored, long[] byZone) {
        static long pack(int zone, int count) {
            return ((long) zone << Integer.SIZE) | count;
        }

        Map<Integer, Long> unpacked() {
            Map<Integer, Long> counts = new HashMap<>();
            for (long packed : byZone) {
                counts.put((int) (packed >>> Integer.SIZE), packed & 0xFFFF_FFFFL);
            }
            return counts;
        }
    }

    DumpResult(DumpRequest request, boolean complete, long endNanos, Counts counts) {
        this.request = request;
        this.complete = complete;
        this.endNanos = endNanos;
        this.counts = counts;
    }

    /** The request that this answers. */
    public DumpRequest request() {
        return request;
    }

    /** Whether the dump showed every flow: a flow that it lacks was not in the table. */
    public boolean complete() {
        return complete;
    }

    /** {@link System#nanoTime} after the last entry was read. */
    public long endNanos() {
        return endNanos;
    }

    /** Number of EXISTING events. */
    public long existing() {
        return counts.existing;
    }

    /** Number of EXISTING events in each zone that has some. */
    public Map<Integer, Long> existingByZone() {
        return counts.unpacked();
    }

    /** Number of entries that were dying, or whose flow had ended before they arrived. */
    public long ignored() {
        return counts.ignored;
    }
}
