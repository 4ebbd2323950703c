package dev.ctstream.verify;

import dev.ctstream.record.FlowTable;
import java.util.Arrays;

/**
 * The flows that ended last, and how: to recognise an end that is told twice.
 *
 * <p>Bounds: {@value #MOST} flows, 20 bytes each and the table's slack; the oldest is forgotten for a new one. What is told again later than that
 * is taken for the end of a flow whose beginning is not there.
 */
final class EndedFlows {
    static final int MOST = 3 << 17;

    /** How a flow ended. */
    static final int OBSERVED = 1;

    static final int INFERRED = 2;
    static final int RESTART = 3;

    private final FlowTable ends = new FlowTable(MOST / 3 * 4 * 16L);
    private long[] order = new long[1024];
    private int next;
    private boolean wrapped;

    int find(long key) {
        return ends.find(key);
    }

    int how(int slot) {
        return ends.owner(slot);
    }

    int start(int slot) {
        return ends.stamp(slot);
    }

    /** The flow has ended. */
    void add(long key, int how, int start) {
        int slot = ends.find(key);
        if (slot != FlowTable.NONE) {
            ends.set(slot, how, start);
            return;
        }
        makeRoom();
        ends.put(key, how, start);
        order[next] = key;
        next++;
    }

    /** The key has opened again. Its place in the order stays, and is freed in its turn. */
    void forget(long key) {
        int slot = ends.find(key);
        if (slot != FlowTable.NONE) {
            ends.remove(slot);
        }
    }

    private void makeRoom() {
        if (next == order.length && order.length < MOST && !wrapped) {
            order = Arrays.copyOf(order, Math.min(MOST, 2 * order.length));
        }
        if (next == order.length) {
            next = 0;
            wrapped = true;
        }
        if (wrapped) {
            forget(order[next]);
        }
    }
}
