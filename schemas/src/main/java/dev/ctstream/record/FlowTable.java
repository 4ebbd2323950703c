package dev.ctstream.record;

import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * A hash table of flows by {@link FlowKey}, with two numbers for each that the caller chooses: open addressing in flat
 * arrays, 16 bytes per slot, at most three quarters of the slots in use. Grows by doubling up to its bound; a full
 * table refuses new flows.
 *
 * <p>Threads: confined to one. A slot is valid until the table is changed.
 */
public final class FlowTable {
    /** No such flow. */
    public static final int NONE = -1;

    private static final int FIRST_SLOTS = 1024;
    private static final int SLOT_BYTES = 16;

    private final int mostSlots;
    private long[] keys = new long[FIRST_SLOTS]; // 0 = free
    private int[] owners = new int[FIRST_SLOTS];
    private int[] stamps = new int[FIRST_SLOTS];
    private int used;

    /** A table of at most {@code mostBytes}, rounded down to a power of two. */
    public FlowTable(long mostBytes) {
        long slots = Math.max(FIRST_SLOTS, mostBytes / SLOT_BYTES);
        mostSlots = (int) Math.min(1 << 30, Long.highestOneBit(slots));
    }

    /** Most flows that the table can hold. */
    public int capacity() {
        return mostSlots / 4 * 3;
    }

    int size() {
        return used;
    }

    /** The flow's slot, or {@link #NONE}. */
    public int find(long flowKey) {
        long key = nonZero(flowKey);
        int slot = home(key);
        while (keys[slot] != 0) {
            if (keys[slot] == key) {
                return slot;
            }
            slot = (slot + 1) & (keys.length - 1);
        }
        return NONE;
    }

    /** The owner of the flow in a slot. */
    public int owner(int slot) {
        return owners[slot];
    }

    /** The stamp of the flow in a slot. */
    public int stamp(int slot) {
        return stamps[slot];
    }

    /** The key of the flow in a slot; flow key 0 is stored as 1. */
    public long key(int slot) {
        return keys[slot];
    }

    /** Gives the flow in a slot another owner and stamp. */
    public void set(int slot, int owner, int stamp) {
        owners[slot] = owner;
        stamps[slot] = stamp;
    }

    /** Adds a flow or replaces its owner and stamp; returns false when the table is full. */
    public boolean put(long flowKey, int owner, int stamp) {
        int slot = find(flowKey);
        if (slot == NONE) {
            if (used >= keys.length / 4 * 3) {
                if (keys.length == mostSlots) {
                    return false;
                }
                grow();
            }
            slot = free(nonZero(flowKey));
            keys[slot] = nonZero(flowKey);
            used++;
        }
        set(slot, owner, stamp);
        return true;
    }

    /** Removes the flow in a slot; the slot may hold another flow afterwards. */
    public void remove(int slot) {
        int mask = keys.length - 1;
        int hole = slot;
        int next = slot;
        used--;
        while (true) {
            next = (next + 1) & mask;
            if (keys[next] == 0) {
                keys[hole] = 0;
                return;
            }
            // An entry after the hole moves into it, unless the entry's home lies between the hole and the entry.
            if (((next - home(keys[next])) & mask) >= ((next - hole) & mask)) {
                keys[hole] = keys[next];
                owners[hole] = owners[next];
                stamps[hole] = stamps[next];
                hole = next;
            }
        }
    }

    /** Removes the flows whose slot passes the test. The test may run twice for a flow that stays. */
    public void removeIf(IntPredicate test) {
        for (int slot = 0; slot < keys.length; slot++) {
            while (keys[slot] != 0 && test.test(slot)) {
                remove(slot);
            }
        }
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldOwners = owners;
        int[] oldStamps = stamps;
        keys = new long[2 * oldKeys.length];
        owners = Arrays.copyOf(oldOwners, keys.length);
        stamps = Arrays.copyOf(oldStamps, keys.length);
        for (int old = 0; old < oldKeys.length; old++) {
            if (oldKeys[old] != 0) {
                int slot = free(oldKeys[old]);
                keys[slot] = oldKeys[old];
                owners[slot] = oldOwners[old];
                stamps[slot] = oldStamps[old];
            }
        }
    }

    private int free(long key) {
        int slot = home(key);
        while (keys[slot] != 0) {
            slot = (slot + 1) & (keys.length - 1);
        }
        return slot;
    }

    private int home(long key) {
        return (int) (key ^ (key >>> Integer.SIZE)) & (keys.length - 1);
    }

    private static long nonZero(long key) {
        return key == 0 ? 1 : key;
    }
}
