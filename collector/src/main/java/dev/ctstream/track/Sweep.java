package dev.ctstream.track;

/**
 * A walk over the ledger, a bounded part in each pass: after a complete dump, to find the flows that it did not show, or
 * after a source was removed, to take all of its flows out.
 *
 * <p>Times are ticks of 2^26 ns (67 ms) since the start, so that a record needs 4 bytes for one; rounded so that a
 * flow is rather closed later.
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
    private int place;

    /** Looks for what the dump lacks, which ended just now; {@code epochNanos} is what times are counted from. */
    Sweep(NamespaceTrack namespace, DumpResult dump, long epochNanos, long closeAfterNanos) {
        this.namespace = namespace;
        all = false;
        gone = false;
        generation = namespace.generation;
        beginTick = (int) ((dump.request().beginNanos() - epochNanos) >>> TICK_BITS);
        endTick = (int) ((dump.endNanos() - epochNanos) >>> TICK_BITS) + 1;
        closeTicks = (int) (closeAfterNanos >>> TICK_BITS) + 1;
    }

    /** Takes every flow of a source that was removed out of the ledger, and closes it if its namespace is gone. */
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
     * Goes on; stops early after {@code mostEnded} flows.
     *
     * @return whether the walk has ended
     */
    boolean step(LiveFlows flows, int mostPlaces, int mostEnded) {
        FlowLedger ledger = flows.ledger;
        int places = ledger.places();
        int until = (int) Math.min(places, (long) place + mostPlaces);
        int ended = 0;
        while (place < until && ended < mostEnded) {
            int reference = ledger.at(place++);
            if (reference != FlowLedger.NONE && shouldEnd(ledger.record(reference))) {
                if (all && !gone) {
                    ledger.remove(reference);
                } else {
                    flows.closeInferred(namespace, reference);
                }
                ended++;
            }
        }
        return place >= places;
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
