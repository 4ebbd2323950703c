package dev.ctstream.track;

import dev.ctstream.batch.StreamId;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One dump of one namespace. Made by the dump thread; the receive thread owns it between the two marks around the
 * dump's entries, and the dump thread again afterwards, which reads the counts then.
 */
final class DumpState {
    /** Tag of the mark before the first entry. */
    static final long BEGIN = 1;
    /** Tag of an entry of the table. */
    static final long ENTRY = 2;
    /** Tag of an entry of the dying list. */
    static final long DYING = 3;
    /** Tag of the mark behind the last entry. */
    static final long END = 4;

    final long snapshotId;
    final Reason reason;
    /** The one before was not complete: what it announced is announced again, so that one complete snapshot has all. */
    final boolean repeated;

    final long beginNanos; // System.nanoTime
    /** Of the dumps of this namespace; set when the dump begins. */
    int generation;

    /** Set before the mark {@link #END}: whether the kernel gave all entries. */
    boolean complete;

    /** As {@link #beginNanos}. */
    long endNanos;

    long entries;
    long existing;
    long ignored;
    private int @Nullable [] existingByZone;

    private volatile boolean begun;
    private volatile boolean ended;

    /** Why a dump is made, which decides what it announces. */
    enum Reason {
        /** The collector starts: all flows that have not raised NEW yet. */
        START("start", true, true),
        /** As {@link #START}, for a namespace that came later. */
        NAMESPACE_ADDED("namespace-added", true, true),
        /** Somebody wants to see everything: all flows. */
        REQUEST("request", true, false),
        /** Something was lost: flows that the ledger does not know. */
        GAP("gap", false, false),
        /** As {@link #GAP}, regularly. */
        RECONCILE("reconcile", false, false);

        final String text;
        /** Flows are announced even when the ledger has no room; else each such dump would announce them again. */
        final boolean announcesUntracked;
        /** No flow can have been seen before. */
        final boolean firstSight;

        Reason(String text, boolean announcesUntracked, boolean firstSight) {
            this.text = text;
            this.announcesUntracked = announcesUntracked;
            this.firstSight = firstSight;
        }
    }

    DumpState(long snapshotId, Reason reason, boolean repeated, long beginNanos) {
        this.snapshotId = snapshotId;
        this.reason = reason;
        this.repeated = repeated;
        this.beginNanos = beginNanos;
    }

    void announced(int zone) {
        int[] counts = existingByZone;
        if (counts == null) {
            counts = new int[StreamId.MAX_ZONE + 1];
            existingByZone = counts;
        }
        counts[zone]++;
        existing++;
    }

    /** EXISTING events in this zone. */
    int existing(int zone) {
        return existingByZone == null ? 0 : existingByZone[zone];
    }

    int streams() {
        return existingByZone == null
                ? 0
                : (int) Arrays.stream(existingByZone).filter(count -> count > 0).count();
    }

    void begin(int of) {
        generation = of;
        begun = true;
    }

    boolean begun() {
        return begun;
    }

    void end() {
        ended = true;
    }

    /** Whether the receive thread has seen it all; what it counted is visible then. */
    boolean ended() {
        return ended;
    }
}
