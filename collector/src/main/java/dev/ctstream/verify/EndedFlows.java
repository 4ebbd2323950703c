package dev.ctstream.verify;

import dev.ctstream.record.FlowTable;
import java.util.Arrays;

/**
 * The most recently ended flows and how they ended, to recognise a repeated end.
 *
 * <p>Bounds: {@value #MOST} flows of 20 bytes each, plus the table's spare capacity. A new flow replaces the oldest. A
 * repeated end that comes after that counts as the end of a flow without a beginning.
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

    /** Records that the flow has ended. */
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

    /** Records that the key has opened again. Its entry in the order stays until it becomes the oldest. */
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
