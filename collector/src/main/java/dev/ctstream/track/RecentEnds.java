package dev.ctstream.track;

import dev.ctstream.conntrack.FlowEvent;

/**
 * The flows whose DESTROY came without a NEW, for a moment: another CPU's NEW may have been overtaken, and then the flow
 * must not be taken for a live one. A fixed table in which a later flow displaces an earlier one.
 *
 * <p>Threads: confined to the receive thread.
 */
final class RecentEnds {
    private static final int SLOTS = 4096;
    private static final long MOMENT_NANOS = 5_000_000_000L;

    private final long[] hashes = new long[SLOTS];
    private final long[] receivedNanos = new long[SLOTS];
    private final long[] eventNanos = new long[SLOTS]; // 0 = the kernel told none

    /** A DESTROY of an unknown flow. */
    void add(long hash, FlowEvent destroy, long receivedTimeNanos) {
        int slot = (int) hash & (SLOTS - 1);
        hashes[slot] = hash;
        receivedNanos[slot] = receivedTimeNanos;
        eventNanos[slot] = destroy.has(FlowEvent.EVENT_TIME) ? destroy.eventTimeNanos() : 0;
    }

    /** Whether this NEW is of such a flow, and not of one that began after its end. */
    boolean overtook(long hash, FlowEvent begin, long receivedTimeNanos) {
        int slot = (int) hash & (SLOTS - 1);
        if (hashes[slot] != hash || receivedTimeNanos - receivedNanos[slot] > MOMENT_NANOS) {
            return false;
        }
        boolean began =
                begin.has(FlowEvent.EVENT_TIME) && eventNanos[slot] != 0 && begin.eventTimeNanos() > eventNanos[slot];
        return !began;
    }
}
