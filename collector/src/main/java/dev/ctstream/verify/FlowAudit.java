package dev.ctstream.verify;

import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.FlowKey;
import dev.ctstream.record.FlowTable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Follows flows from beginning to end, by {@link FlowKey}.
 *
 * <p>Bounds: a {@link FlowTable} of open flows with a given size, and {@link EndedFlows}. When the table is full, flows
 * that ended with a restart are removed. A flow that still does not fit is counted as opened and as {@link #untracked};
 * its end looks like the end of a flow without a beginning.
 *
 * <p>Threads: confined to one.
 */
final class FlowAudit {
    private static final int SWEEP_EVERY = 1 << 20;

    private final List<StreamAudit> streams;
    private final FlowTable open;
    private final EndedFlows ended = new EndedFlows();
    private long untracked;
    private long nextSweep;

    /**
     * Starts without flows.
     *
     * @param streams indexed by their ordinal
     */
    FlowAudit(List<StreamAudit> streams, long mostBytes) {
        this.streams = streams;
        open = new FlowTable(mostBytes);
    }

    long untracked() {
        return untracked;
    }

    int capacity() {
        return open.capacity();
    }

    /** Takes an event that was not seen before. */
    void event(StreamAudit stream, DecodedRecord event) {
        long key = FlowKey.of(stream.flowSeed, event);
        int start = FlowKey.start(event);
        int slot = open.find(key);
        switch (event.text("event_type")) {
            case "NEW" -> begun(stream, key, start, slot);
            case "EXISTING" -> existing(stream, key, start, slot);
            case "DESTROY" ->
                destroyed(stream, key, start, slot, event.text("origin").equals("inferred"));
            case "UPDATE" ->
                changed(stream, key, start, slot, event.number("begin_sequence").isEmpty());
            case "INTERIM" -> changed(stream, key, start, slot, false);
            default -> {} // a type of a later version, which these rules ignore
        }
    }

    private void begun(StreamAudit stream, long key, int start, int slot) {
        if (slot == FlowTable.NONE) {
            ended.forget(key);
            stream.flows.openedNew++;
            open(stream, key, start);
            return;
        }
        StreamAudit before = streams.get(open.owner(slot));
        if (before.run == stream.run) {
            stream.flows.repeated++;
        } else { // another flow: the end of the previous one was not observed
            before.flows.restart++;
            stream.flows.openedNew++;
            open.set(slot, stream.ordinal, start);
        }
    }

    private void existing(StreamAudit stream, long key, int start, int slot) {
        if (slot != FlowTable.NONE) {
            takeOver(stream, slot, start);
            return;
        }
        int end = ended.find(key);
        if (end != FlowTable.NONE && start != 0 && ended.start(end) == start) {
            stream.flows.late++;
            return;
        }
        ended.forget(key);
        stream.flows.openedExisting++;
        open(stream, key, start);
    }

    /** An event between beginning and end; {@code mayOpen} whether it is an UPDATE that refers to no beginning. */
    private void changed(StreamAudit stream, long key, int start, int slot, boolean mayOpen) {
        if (slot != FlowTable.NONE) {
            takeOver(stream, slot, start);
        } else if (ended.find(key) != FlowTable.NONE) {
            stream.flows.late++;
        } else {
            if (mayOpen) {
                stream.flows.openedUpdate++;
            } else {
                stream.flows.unopened++;
            }
            open(stream, key, start);
        }
    }

    private void destroyed(StreamAudit stream, long key, int start, int slot, boolean inferred) {
        if (slot != FlowTable.NONE) {
            int known = open.stamp(slot);
            open.remove(slot);
            end(stream, key, start == 0 ? known : start, inferred);
            return;
        }
        int before = ended.find(key);
        if (before == FlowTable.NONE || differ(start, ended.start(before))) {
            stream.flows.unopened++;
            end(stream, key, start, inferred);
        } else if (ended.how(before) == EndedFlows.RESTART) { // removed too early, when the table was full
            stream.flows.restart--;
            end(stream, key, start, inferred);
        } else if (ended.how(before) == EndedFlows.INFERRED && !inferred) {
            stream.flows.late++;
            ended.add(key, EndedFlows.OBSERVED, start);
        } else {
            stream.flows.repeated++;
        }
    }

    private void end(StreamAudit stream, long key, int start, boolean inferred) {
        if (inferred) {
            stream.flows.inferred++;
        } else {
            stream.flows.observed++;
        }
        ended.add(key, inferred ? EndedFlows.INFERRED : EndedFlows.OBSERVED, start);
    }

    private static boolean differ(int start, int other) {
        return start != 0 && other != 0 && start != other;
    }

    /** Records that the flow is alive in this run too. */
    private void takeOver(StreamAudit stream, int slot, int start) {
        StreamAudit before = streams.get(open.owner(slot));
        boolean later = stream.run.host.after(before.run.host);
        open.set(slot, later ? stream.ordinal : before.ordinal, start == 0 ? open.stamp(slot) : start);
    }

    private void open(StreamAudit stream, long key, int start) {
        if (open.put(key, stream.ordinal, start)) {
            return;
        }
        if (untracked >= nextSweep) {
            nextSweep = untracked + SWEEP_EVERY;
            settle(false);
            if (open.put(key, stream.ordinal, start)) {
                return;
            }
        }
        untracked++;
    }

    /** Finishes after everything has been read: flows still in the table are open or ended with a restart. */
    void finish() {
        settle(true);
        open.removeIf(slot -> {
            StreamAudit stream = streams.get(open.owner(slot));
            stream.flows.open++;
            if (stream.run.stopped() || stream.run.endedUncleanly()) {
                stream.flows.undecided++;
            }
            return true;
        });
    }

    private void settle(boolean everythingRead) {
        Map<RunAudit, Boolean> superseded = new HashMap<>();
        open.removeIf(slot -> {
            StreamAudit stream = streams.get(open.owner(slot));
            if (!superseded.computeIfAbsent(stream.run, run -> run.superseded(everythingRead))) {
                return false;
            }
            stream.flows.restart++;
            ended.add(open.key(slot), EndedFlows.RESTART, open.stamp(slot));
            return true;
        });
    }
}
