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
    /** Whether this walk takes every flow of the namespace out of the ledger. */
    final boolean all;

    private final int generation;
    private final int beginTick;
    private final int endTick;
    private final int closeTicks;
    private int place;

    private Sweep(NamespaceTrack namespace, boolean all, int generation, int beginTick, int endTick, int closeTicks) {
        this.namespace = namespace;
        this.all = all;
        this.generation = generation;
        this.beginTick = beginTick;
        this.endTick = endTick;
        this.closeTicks = closeTicks;
    }

    /** Looks for what the dump lacks; {@code epochNanos} is what times are counted from. */
    static Sweep after(DumpState dump, NamespaceTrack namespace, long epochNanos, long closeAfterNanos) {
        return new Sweep(
                namespace,
                false,
                dump.generation,
                (int) ((dump.beginNanos - epochNanos) >>> TICK_BITS),
                (int) ((dump.endNanos - epochNanos) >>> TICK_BITS) + 1,
                (int) (closeAfterNanos >>> TICK_BITS) + 1);
    }

    /** Takes every flow of a source that was removed out of the ledger, and closes it if its namespace is gone. */
    static Sweep ofAll(NamespaceTrack namespace) {
        return new Sweep(namespace, true, 0, 0, 0, 0);
    }

    /**
     * Goes on; stops early after {@code mostEnded} flows.
     *
     * @return whether the walk has ended
     */
    boolean step(FlowTracker tracker, FlowLedger ledger, int mostPlaces, int mostEnded) {
        int places = ledger.places();
        int until = (int) Math.min(places, (long) place + mostPlaces);
        int ended = 0;
        while (place < until && ended < mostEnded) {
            int reference = ledger.at(place++);
            if (reference != FlowLedger.NONE && shouldEnd(ledger.record(reference))) {
                if (all && !namespace.gone) {
                    ledger.remove(reference);
                } else {
                    tracker.closeInferred(namespace, reference);
                }
                ended++;
            }
        }
        return place >= places;
    }

    private boolean shouldEnd(FlowRecord record) {
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
