package dev.ctstream.track;

import java.util.Arrays;

/** What became of a dump whose entries the receive thread has all seen. Immutable. */
public final class DumpResult {
    private final DumpRequest request;
    private final boolean complete;
    private final long endNanos;
    private final Counts counts;

    /**
     * Counts of entries.
     *
     * @param existing announced as EXISTING
     * @param ignored ending, or ended before they arrived
     * @param byZone those announced, zones rising, see {@link #pack}; nobody writes it any more
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Counts(long existing, long ignored, long[] byZone) {
        static long pack(int zone, int count) {
            return ((long) zone << Integer.SIZE) | count;
        }

        int of(int zone) {
            int at = Arrays.binarySearch(byZone, pack(zone, 0));
            int next = at < 0 ? -at - 1 : at;
            boolean found = next < byZone.length && byZone[next] >>> Integer.SIZE == zone;
            return found ? (int) byZone[next] : 0;
        }
    }

    DumpResult(DumpRequest request, boolean complete, long endNanos, Counts counts) {
        this.request = request;
        this.complete = complete;
        this.endNanos = endNanos;
        this.counts = counts;
    }

    /** What was asked for. */
    public DumpRequest request() {
        return request;
    }

    /** Whether a flow that the dump did not show was not there. */
    public boolean complete() {
        return complete;
    }

    /** {@link System#nanoTime} after the last entry was read. */
    public long endNanos() {
        return endNanos;
    }

    /** EXISTING events. */
    public long existing() {
        return counts.existing;
    }

    /** EXISTING events in this zone. */
    public int existing(int zone) {
        return counts.of(zone);
    }

    /** Entries that were ending, or had ended before they arrived. */
    public long ignored() {
        return counts.ignored;
    }
}
