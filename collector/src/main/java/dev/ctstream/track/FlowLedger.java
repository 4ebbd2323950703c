package dev.ctstream.track;

import dev.ctstream.conntrack.FlowEvent;

/**
 * The live flows: a hash index with open addressing over packed records. Reads and writes records in place, and
 * allocates only chunks of records.
 *
 * <p>An entry of the index is {@code hash << 32 | reference + 1}, 0 = empty. A removal shifts later entries back, so
 * the index needs no markers for removed entries. The index doubles at half load. Doubling takes about 10 ns for each
 * flow (2 ms at 200 000), a pause that the socket's buffer absorbs. A small index stays in the processor's cache, which
 * halves the cost of an event. The index never shrinks.
 *
 * <p>Bounds: {@code maxFlows}; 104 bytes for an IPv4 flow, 152 for IPv6, and 16 to 32 bytes of index for each. At the
 * bound, or when native memory is exhausted, new flows are refused.
 *
 * <p>Threads: confined to the receive thread.
 */
final class FlowLedger {
    /** No reference. A valid one is {@code number << 1 | 1 for IPv6}. */
    static final int NONE = -1;

    private static final int LEAST_SLOTS = 1 << 14;

    private final int maxFlows;
    private long[] index;
    private int mask;
    private final LedgerChunks v4 = records(LedgerEntry.V4_BYTES);
    private final LedgerChunks v6 = records(LedgerEntry.V6_BYTES);
    private final LedgerEntry record = new LedgerEntry();
    private final FlowIdentity removed = new FlowIdentity();
    private int size;
    private boolean refused;

    @SuppressWarnings("UnusedVariable") // written so that the JIT keeps the reads of fetch
    private long fetched;

    /** Creates an empty ledger for up to {@code maxFlows} flows. */
    FlowLedger(int maxFlows) {
        this.maxFlows = maxFlows;
        index = new long[LEAST_SLOTS];
        mask = index.length - 1;
    }

    private static LedgerChunks records(int frontBytes) {
        return new LedgerChunks(frontBytes, LedgerEntry.REAR_BYTES, LedgerEntry.NEXT_FREE_OFFSET);
    }

    /**
     * Reads the memory that {@link #find} of these identities will read, so that the cache misses overlap instead of
     * following each other. Has no effect except on speed: with 262 144 flows the ledger takes 0.17 us for each event
     * instead of 0.30.
     */
    void fetch(FlowIdentity[] identities, int count) {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum += index[tag(identities[i].hash()) & mask];
        }
        for (int i = 0; i < count; i++) {
            int tag = tag(identities[i].hash());
            for (int slot = tag & mask; index[slot] != 0; slot = (slot + 1) & mask) {
                long entry = index[slot];
                if ((int) (entry >>> Integer.SIZE) == tag) {
                    sum += record((int) entry - 1).id();
                }
            }
        }
        fetched = sum;
    }

    /** The flow with this identity; {@link #NONE} when it is unknown. */
    int find(FlowIdentity identity, long hash) {
        int tag = tag(hash);
        for (int slot = tag & mask; index[slot] != 0; slot = (slot + 1) & mask) {
            long entry = index[slot];
            if ((int) (entry >>> Integer.SIZE) == tag) {
                int reference = (int) entry - 1;
                if ((reference & 1) == (identity.v6 ? 1 : 0)
                        && record(reference).matches(identity)) {
                    return reference;
                }
            }
        }
        return NONE;
    }

    /** Adds an unknown flow; {@link #NONE} when there is no room. */
    int add(FlowIdentity identity, long hash, FlowEvent event, int generation) {
        int reference = size < maxFlows ? allocate(identity.v6) : NONE;
        refused = reference == NONE;
        if (refused) {
            return NONE;
        }
        LedgerEntry fresh = record(reference);
        fresh.begin(identity, event);
        fresh.seen(generation);
        if (2 * size >= index.length) {
            grow();
        }
        put(((long) tag(hash) << Integer.SIZE) | (reference + 1));
        size++;
        return reference;
    }

    private void put(long entry) {
        int slot = (int) (entry >>> Integer.SIZE) & mask;
        while (index[slot] != 0) {
            slot = (slot + 1) & mask;
        }
        index[slot] = entry;
    }

    private void grow() {
        long[] before = index;
        index = new long[2 * before.length];
        mask = index.length - 1;
        for (long entry : before) {
            if (entry != 0) {
                put(entry);
            }
        }
    }

    private int allocate(boolean ipv6) {
        int number = (ipv6 ? v6 : v4).allocate();
        return number == LedgerChunks.NONE ? NONE : (number << 1) | (ipv6 ? 1 : 0);
    }

    /** Removes a flow. */
    void remove(int reference) {
        record(reference).identity(removed);
        remove(reference, removed.hash());
    }

    /** Removes a flow whose hash is known. */
    void remove(int reference, long hash) {
        long wanted = ((long) tag(hash) << Integer.SIZE) | (reference + 1);
        int slot = tag(hash) & mask;
        while (index[slot] != wanted) {
            slot = (slot + 1) & mask;
        }
        shiftBack(slot);
        record(reference).end();
        ((reference & 1) == 0 ? v4 : v6).free(reference >>> 1);
        size--;
        refused = false;
    }

    /** Moves the next entry that fits into the hole, then fills the hole that it leaves, until no entry fits. */
    private void shiftBack(int hole) {
        int empty = hole;
        for (int slot = (empty + 1) & mask; index[slot] != 0; slot = (slot + 1) & mask) {
            int home = (int) (index[slot] >>> Integer.SIZE) & mask;
            if (((slot - home) & mask) >= ((slot - empty) & mask)) {
                index[empty] = index[slot];
                empty = slot;
            }
        }
        index[empty] = 0;
    }

    private static int tag(long hash) {
        return (int) (hash >>> Integer.SIZE);
    }

    /** The record; valid until the next call. */
    LedgerEntry record(int reference) {
        boolean ipv6 = (reference & 1) != 0;
        LedgerChunks records = ipv6 ? v6 : v4;
        int number = reference >>> 1;
        return record.wrap(records.chunk(number), records.offset(number), records.rearOffset(number), ipv6);
    }

    /** Number of positions in a walk over all flows. It may grow during the walk; records do not move. */
    int positions() {
        return 2 * Math.max(v4.used(), v6.used());
    }

    /** The reference of the live record at a position; {@link #NONE} when there is none. */
    int at(int position) {
        LedgerChunks records = (position & 1) == 0 ? v4 : v6;
        return position >>> 1 < records.used() && record(position).has(LedgerEntry.LIVE) ? position : NONE;
    }

    int size() {
        return size;
    }

    /** Whether the ledger is at its bound, or refused the last flow and has removed none since. */
    boolean full() {
        return refused || size >= maxFlows;
    }

    /** Memory of index and chunks. */
    long allocatedBytes() {
        return (long) index.length * Long.BYTES + v4.allocatedBytes() + v6.allocatedBytes();
    }
}
