package dev.ctstream.record;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Applies the rules of a consumer that follows flows to the records of both topics as they arrive. It drops repeated
 * events ({@link Deduplicator}). It reports flows that ended while no collector ran: flows of an earlier run that are
 * not in the first complete snapshot of a later run. STARTED records say which run is the earlier one ({@link RunOrder}).
 *
 * <p>Such an end is reported when SNAPSHOT_END has been read and each zone that it lists has been read up to the
 * sequence that it gives. So read all partitions of both topics at about the same pace, each partition in order.
 *
 * <p>Bounds: those of {@link Deduplicator}; as many runs as streams in {@link RunOrder}; 21 bytes for each open flow, up to {@code mostFlowBytes}. Flows beyond that
 * are passed on, but their end by a restart is not reported; {@link #untracked} counts them. One small object for each
 * namespace and for each of its runs since the last complete snapshot.
 *
 * <p>Threads: confined to one.
 */
public final class FlowFollower {
    /** Receives events and ends of flows. */
    public interface Listener {
        /**
         * Receives an event that was not seen before.
         *
         * @param event borrowed until this returns
         * @param flowKey {@link FlowKey#of}
         */
        void onEvent(DecodedRecord event, long flowKey) throws IOException;

        /**
         * Reports a flow that ended while no collector ran.
         *
         * @param netns name of the flow's namespace; another namespace may have the name now
         * @param streamEpoch of the run whose snapshot lacks the flow
         */
        void onEndedByRestart(long flowKey, String hostId, String netns, long streamEpoch) throws IOException;
    }

    /**
     * Groups the runs that succeed one another: by the namespace's name, not by its identity, because a collector finds
     * a namespace by its name. So the first complete snapshot of a run settles the open flows of earlier runs under
     * that name. There are three cases:
     *
     * <ul>
     *   <li>The namespace is the same. Its flows keep their keys, and the flows in the snapshot stay open.
     *   <li>The namespace was deleted and recreated between two runs. The flows of the old one are in no snapshot, and
     *       no DESTROY will come. Matched by identity they would stay open forever; matched by name they are reported
     *       as ended.
     *   <li>The kernel has no namespace cookies (before Linux 5.14), so each run gives the namespace a new identity. A
     *       flow that survives the restart is reported as ended, and opens again as EXISTING with another key. It
     *       counts twice, but nothing stays open.
     * </ul>
     *
     * <p>Within one run this rule has no effect. Two identities under one name are two namespaces with their own
     * streams and flows, and the collector infers the DESTROYs of the first namespace when it is removed.
     */
    private record Source(String hostId, String netns) {
        static Source of(RunKey run) {
            return new Source(run.hostId(), run.netns());
        }
    }

    /** The first complete snapshot of a run: the parts and zones that are still to be read. */
    private static final class PendingSnapshot {
        final RunKey run;
        final Map<Integer, Long> zones = new HashMap<>();
        int parts;

        PendingSnapshot(RunKey run) {
            this.run = run;
        }
    }

    private final Listener listener;
    private final Deduplicator deduplicator;
    private final RunOrder order;
    private final FlowTable open;
    private final Map<RunKey, Integer> ordinals = new HashMap<>();
    private final Map<Integer, RunKey> runs = new HashMap<>();
    private final Map<Source, PendingSnapshot> pending = new HashMap<>();
    private final Map<Source, RunKey> settled = new HashMap<>();
    private int lastOrdinal;
    private long untracked;

    /**
     * Starts without any stream or flow.
     *
     * @param mostStreams as in {@link Deduplicator}, and the most runs in {@link RunOrder}
     * @param mostFlowBytes most memory for open flows, bytes
     */
    public FlowFollower(int mostStreams, long mostFlowBytes, Listener listener) {
        this.listener = listener;
        deduplicator = new Deduplicator(mostStreams);
        order = new RunOrder(mostStreams);
        open = new FlowTable(mostFlowBytes);
    }

    /** Processes the next event or control record. */
    public void accept(DecodedRecord event) throws IOException {
        if (event.control()) {
            RunKey run = RunKey.of(event);
            long sequence = event.number("control_sequence").orElse(0L);
            if (deduplicator.first(run.stream(-1), sequence)) {
                onControl(event, run);
            }
            return;
        }
        StreamKey stream = StreamKey.of(event);
        if (!deduplicator.first(stream, event.number("sequence").orElse(0L))) {
            return;
        }
        long key = FlowKey.of(event);
        RunKey run = stream.run();
        follow(event, key, run);
        listener.onEvent(event, key);
        PendingSnapshot snapshot = pending.get(Source.of(run));
        if (snapshot != null && snapshot.run.equals(run)) {
            reached(snapshot, stream);
        }
    }

    /** Number of open flows. */
    public int openFlows() {
        return open.size();
    }

    /** Number of flows that did not fit into {@code mostFlowBytes}. */
    public long untracked() {
        return untracked;
    }

    private void follow(DecodedRecord event, long key, RunKey run) {
        switch (event.text("event_type")) {
            case "NEW", "UPDATE", "EXISTING", "INTERIM" -> alive(key, run);
            case "DESTROY" -> {
                int slot = open.find(key);
                if (slot != FlowTable.NONE) {
                    open.remove(slot);
                }
            }
            default -> {} // an event type of a later version: no effect on open flows
        }
    }

    private void alive(long key, RunKey run) {
        int slot = open.find(key);
        int ordinal = ordinals.computeIfAbsent(run, added -> {
            runs.put(++lastOrdinal, added);
            return lastOrdinal;
        });
        if (slot != FlowTable.NONE) {
            RunKey before = runs.get(open.owner(slot));
            // Events of a flow arrive in order, unless the zone's partition has changed; a STARTED may come later.
            if (before == null || !order.leads(run, before)) {
                open.set(slot, ordinal, 0);
            }
        } else if (!open.put(key, ordinal, 0)) {
            untracked++;
        }
    }

    private void onControl(DecodedRecord record, RunKey run) throws IOException {
        String kind = record.text("kind");
        if (kind.equals(ControlKind.STARTED.name())) {
            order.started(record);
        }
        if (!kind.equals(ControlKind.SNAPSHOT_END.name()) || !Boolean.TRUE.equals(record.value("snapshot_complete"))) {
            return;
        }
        Source source = Source.of(run);
        RunKey last = settled.get(source);
        if (last != null && !order.precedes(last, run)) {
            return; // not the first complete snapshot
        }
        PendingSnapshot snapshot = pending.get(source);
        if (snapshot == null || order.precedes(snapshot.run, run)) {
            snapshot = new PendingSnapshot(run);
            snapshot.parts = record.number("report_parts").orElse(1L).intValue();
            pending.put(source, snapshot);
        }
        if (!snapshot.run.equals(run)) {
            return;
        }
        snapshot.parts--;
        for (StreamPosition position : StreamPosition.of(record)) {
            snapshot.zones.put(position.zone(), position.nextSequence());
        }
        for (StreamPosition position : StreamPosition.of(record)) {
            reached(snapshot, run.stream(position.zone()));
        }
        settleWhenRead(snapshot);
    }

    private void reached(PendingSnapshot snapshot, StreamKey stream) throws IOException {
        Long next = snapshot.zones.get(stream.zone());
        if (next != null && deduplicator.end(stream) >= next) {
            snapshot.zones.remove(stream.zone());
            settleWhenRead(snapshot);
        }
    }

    private void settleWhenRead(PendingSnapshot snapshot) throws IOException {
        RunKey now = snapshot.run;
        if (snapshot.parts > 0 || !snapshot.zones.isEmpty() || !pending.remove(Source.of(now), snapshot)) {
            return;
        }
        settled.put(Source.of(now), now);
        Set<Integer> earlier = new HashSet<>();
        runs.forEach((ordinal, run) -> {
            if (Source.of(run).equals(Source.of(now)) && order.precedes(run, now)) {
                earlier.add(ordinal);
            }
        });
        @Nullable IOException[] failure = {null};
        open.removeIf(slot -> {
            boolean ended = earlier.contains(open.owner(slot));
            if (ended && failure[0] == null) {
                try {
                    listener.onEndedByRestart(open.key(slot), now.hostId(), now.netns(), now.streamEpoch());
                } catch (IOException e) {
                    failure[0] = e;
                }
            }
            return ended;
        });
        runs.keySet().removeAll(earlier);
        ordinals.values().removeAll(earlier);
        IOException failed = failure[0];
        if (failed != null) {
            throw failed;
        }
    }
}
