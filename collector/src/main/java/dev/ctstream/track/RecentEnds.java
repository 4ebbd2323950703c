package dev.ctstream.track;

import dev.ctstream.conntrack.FlowEvent;

/**
 * Remembers for a few seconds the flows whose DESTROY came without a NEW. The DESTROY may have overtaken the NEW, which
 * came from another CPU; the late NEW must not be taken for a live flow. A fixed table: a later flow displaces an
 * earlier one.
 *
 * <p>Threads: confined to the receive thread.
 */
final class RecentEnds {
    private static final int SLOTS = 4096;
    private static final long KEPT_NANOS = 5_000_000_000L;

    private final long[] hashes = new long[SLOTS];
    private final long[] receivedNanos = new long[SLOTS];
    private final long[] eventNanos = new long[SLOTS]; // 0 = the event had no time

    /** Adds the flow of a DESTROY that the ledger does not know. */
    void add(long hash, FlowEvent destroy, long receivedTimeNanos) {
        int slot = (int) hash & (SLOTS - 1);
        hashes[slot] = hash;
        receivedNanos[slot] = receivedTimeNanos;
        eventNanos[slot] = destroy.has(FlowEvent.EVENT_TIME) ? destroy.eventTimeNanos() : 0;
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
