package dev.ctstream.track;

import java.util.Arrays;

/**
 * The flows that ended during a dump; entries still in transit may show them. They are kept as hashes in two sets. The
 * older set is dropped after {@value #ENTRIES_PER_SET} entries of the dump. That is more than the entries that can be
 * in transit at once: a full ring ({@code DumpRing}) and two datagrams.
 *
 * <p>Bounds: {@value #SET_MAX} flows in a set; with more, the dump must be repeated ({@link #overflowed}).
 *
 * <p>Threads: confined to the receive thread.
 */
final class Tombstones {
    static final int SET_MAX = 1 << 17;
    static final int ENTRIES_PER_SET = 4096;

    private static final int SLOTS = 2 * SET_MAX;

    private long[] younger = {};
    private long[] older = {};
    private int youngerSize;
    private int olderSize;
    private int entries;
    private boolean overflowed;

    /** A dump begins. */
    void begin() {
        if (younger.length == 0) {
            younger = new long[SLOTS];
            older = new long[SLOTS];
        }
        forgetOlder();
        forgetOlder();
        entries = 0;
        overflowed = false;
    }

    /** The younger set becomes the older one. */
    private void forgetOlder() {
        if (olderSize > 0) {
            Arrays.fill(older, 0);
        }
        long[] empty = older;
        older = younger;
        olderSize = youngerSize;
        younger = empty;
        youngerSize = 0;
    }

    /** Adds a flow that has ended. */
    void add(long hash) {
        if (youngerSize == SET_MAX) {
            overflowed = true;
            return;
        }
        int slot = slot(younger, hash);
        if (younger[slot] == 0) {
            younger[slot] = hash | 1; // never 0
            youngerSize++;
        }
    }

    /** Counts one more dump entry; returns whether its flow has ended. */
    boolean has(long hash) {
        if (++entries == ENTRIES_PER_SET) {
            entries = 0;
            forgetOlder();
        }
        return younger[slot(younger, hash)] != 0 || older[slot(older, hash)] != 0;
    }

    private static int slot(long[] set, long hash) {
        int slot = (int) (hash >>> 40) & (SLOTS - 1);
        while (set[slot] != 0 && set[slot] != (hash | 1)) {
            slot = (slot + 1) & (SLOTS - 1);
        }
        return slot;
    }

    /** Whether too many flows ended at once: in the rest of this dump, ended flows cannot be told from live ones. */
    boolean overflowed() {
        return overflowed;
    }
}
