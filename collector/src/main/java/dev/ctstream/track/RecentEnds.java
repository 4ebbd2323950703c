package dev.ctstream.track;

import dev.ctstream.conntrack.FlowEvent;

/**
 * Remembers for a few seconds the flows whose DESTROY came without a NEW. The DESTROY may have overtaken the NEW, which
 * came from another CPU; the late NEW must not be taken for a live flow. A fixed table: a later flow displaces an
 * earlier one.
 *
 * <p>Where a filter decides which flows are followed, all flows that end are remembered, and whether their DESTROY was
 * forwarded: a late event shares its fate.
 *
 * <p>Threads: confined to the receive thread.
 */
final class RecentEnds {
    private static final int SLOTS = 4096;
    private static final long KEPT_NANOS = 5_000_000_000L;

    private final long[] hashes = new long[SLOTS];
    private final long[] receivedNanos = new long[SLOTS];
    private final long[] eventNanos = new long[SLOTS]; // 0 = the event had no time
    private final boolean[] forwarded = new boolean[SLOTS];

    /** Adds the flow of a DESTROY that was forwarded, or left out by a filter. */
    void add(long hash, FlowEvent destroy, long receivedTimeNanos, boolean wasForwarded) {
        int slot = (int) hash & (SLOTS - 1);
        hashes[slot] = hash;
        receivedNanos[slot] = receivedTimeNanos;
        forwarded[slot] = wasForwarded;
        eventNanos[slot] = destroy.has(FlowEvent.EVENT_TIME) ? destroy.eventTimeNanos() : 0;
    }

    /** Whether the DESTROY of a flow that {@link #overtook} found was forwarded. */
    boolean forwarded(long hash) {
        return forwarded[(int) hash & (SLOTS - 1)];
    }

    /** Whether the DESTROY of this NEW's flow has already arrived; false for a flow that began after that DESTROY. */
    boolean overtook(long hash, FlowEvent begin, long receivedTimeNanos) {
        int slot = (int) hash & (SLOTS - 1);
        if (hashes[slot] != hash || receivedTimeNanos - receivedNanos[slot] > KEPT_NANOS) {
            return false;
        }
        boolean began =
                begin.has(FlowEvent.EVENT_TIME) && eventNanos[slot] != 0 && begin.eventTimeNanos() > eventNanos[slot];
        return !began;
    }
}
