package dev.ctstream.track;

/**
 * A walk over the ledger, a bounded part in each pass. After a complete dump it finds the flows that the dump did not
 * show. After the removal of a source it removes all flows of that source.
 *
 * <p>Times are ticks of 2^26 ns (67 ms) since the start, so that a record needs only 4 bytes for one. Rounding can only
 * delay the closing of a flow.
 *
 * <p>Threads: confined to the receive thread.
 */
final class Sweep {
    private static final int TICK_BITS = 26;

    final NamespaceTrack namespace;
    private final boolean all;

    private final boolean gone;
    private final int generation;
    private final int beginTick;
    private final int endTick;
    private final int closeTicks;
    private int position;

    /** Finds the flows that this dump, which has just ended, lacks. Ticks count from {@code epochNanos}. */
    Sweep(NamespaceTrack namespace, DumpResult dump, long epochNanos, long closeAfterNanos) {
        this.namespace = namespace;
        all = false;
        gone = false;
        generation = namespace.generation;
        beginTick = (int) ((dump.request().beginNanos() - epochNanos) >>> TICK_BITS);
        endTick = (int) ((dump.endNanos() - epochNanos) >>> TICK_BITS) + 1;
        closeTicks = (int) (closeAfterNanos >>> TICK_BITS) + 1;
    }

    /** Removes every flow of a removed source from the ledger, and closes the flows if the namespace is gone. */
    Sweep(NamespaceTrack namespace, boolean gone) {
        this.namespace = namespace;
        all = true;
        this.gone = gone;
        generation = 0;
        beginTick = 0;
        endTick = 0;
        closeTicks = 0;
    }

    /** Whether this walk closes every flow of a namespace that no longer exists. */
    boolean closesAll() {
        return all && gone;
    }

    /**
     * Continues the walk over at most {@code maxPositions} positions; stops early after {@code maxEnded} flows have
     * ended.
     *
     * @return whether the walk has ended
     */
    boolean step(LiveFlows flows, int maxPositions, int maxEnded) {
        FlowLedger ledger = flows.ledger;
        int positions = ledger.positions();
        int until = (int) Math.min(positions, (long) position + maxPositions);
        int ended = 0;
        while (position < until && ended < maxEnded) {
            int reference = ledger.at(position++);
            if (reference != FlowLedger.NONE && shouldEnd(ledger.record(reference))) {
                if (all && !gone) {
                    ledger.remove(reference);
                } else {
                    flows.closeInferred(namespace, reference);
                }
                ended++;
            }
        }
        return position >= positions;
    }

    private boolean shouldEnd(LedgerEntry record) {
        if (record.source() != namespace.source.index()) {
            return false;
        }
        if (all) {
            return true;
        }
        if (!record.seenBefore(generation)) {
            return false;
        }
        if (record.absentSince() == 0) {
            record.absentSince(endTick);
            return false;
        }
        return beginTick - record.absentSince() >= closeTicks;
    }
}
