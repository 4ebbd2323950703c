package dev.ctstream.read;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rules of a consumer that follows flows, applied to the records of both topics as they come: repeated events are
 * left out ({@link KeepFirst}), and flows that ended while no collector ran are told as ended: those of an earlier run
 * that are not in the first complete snapshot of a later one.
 *
 * <p>The end of such flows is told when the snapshot's SNAPSHOT_END has come and each zone that it lists has been read
 * as far as it says. So read all partitions at about the same pace, from both topics, each partition in its order.
 *
 * <p>Bounds: those of {@link KeepFirst}; 21 bytes for each open flow, up to {@code mostFlowBytes}. Flows for which there
 * is no room are passed on, but not told as ended by a restart; {@link #untracked} counts them. One small object for each
 * namespace and for each of its runs since the last complete snapshot.
 *
 * <p>Threads: confined to one.
 */
public final class FlowFollower {
    /** Who wants the events. */
    public interface Listener {
        /**
         * An event that was not seen before.
         *
         * @param event borrowed until this returns
         * @param flowKey {@link FlowKey#of}
         */
        void onEvent(ReadEvent event, long flowKey) throws IOException;

        /**
         * A flow ended while no collector saw it.
         *
         * @param streamEpoch of the run whose snapshot lacks it
         */
        void onEndedByRestart(long flowKey, String hostId, String netns, long streamEpoch) throws IOException;
    }

    private record Source(String hostId, String netns) {}

    private record Run(Source source, String bootId, long streamEpoch) {}

    /** The first complete snapshot of a run, as far as it has not been read. */
    private static final class Awaited {
        final Run run;
        final Map<Integer, Long> zones = new HashMap<>();
        int parts;

        Awaited(Run run) {
            this.run = run;
        }
    }

    private final Listener listener;
    private final KeepFirst keepFirst;
    private final FlowTable open;
    private final Map<Run, Integer> ordinals = new HashMap<>();
    private final Map<Integer, Run> runs = new HashMap<>();
    private final Map<Source, Awaited> awaited = new HashMap<>();
    private final Map<Source, Long> settled = new HashMap<>();
    private int lastOrdinal;
    private long untracked;

    /**
     * Follows nothing yet.
     *
     * @param mostFlowBytes of memory for open flows
     */
    public FlowFollower(int mostStreams, long mostFlowBytes, Listener listener) {
        this.listener = listener;
        keepFirst = new KeepFirst(mostStreams);
        open = new FlowTable(mostFlowBytes);
    }

    /** Takes the next event or control record. */
    public void accept(ReadEvent event) throws IOException {
        StreamKey stream = StreamKey.of(event);
        if (event.control()) {
            long sequence = event.number("control_sequence").orElse(0L);
            StreamKey control =
                    new StreamKey(stream.hostId(), stream.bootId(), stream.netns(), -1, stream.streamEpoch());
            if (keepFirst.first(control, sequence)) {
                onControl(event, run(stream));
            }
            return;
        }
        if (!keepFirst.first(stream, event.number("sequence").orElse(0L))) {
            return;
        }
        long key = FlowKey.of(event);
        follow(event, key, run(stream));
        listener.onEvent(event, key);
        Awaited snapshot = awaited.get(new Source(stream.hostId(), stream.netns()));
        if (snapshot != null && snapshot.run.streamEpoch == stream.streamEpoch()) {
            reached(snapshot, stream);
        }
    }

    /** Flows that are open now. */
    public int openFlows() {
        return open.size();
    }

    /** Flows for which there was no room. */
    public long untracked() {
        return untracked;
    }

    private static Run run(StreamKey stream) {
        return new Run(new Source(stream.hostId(), stream.netns()), stream.bootId(), stream.streamEpoch());
    }

    private void follow(ReadEvent event, long key, Run run) {
        int slot = open.find(key);
        if (event.text("event_type").equals("DESTROY")) {
            if (slot != FlowTable.NONE) {
                open.remove(slot);
            }
            return;
        }
        int ordinal = ordinals.computeIfAbsent(run, added -> {
            runs.put(++lastOrdinal, added);
            return lastOrdinal;
        });
        if (slot != FlowTable.NONE) {
            Run before = runs.get(open.owner(slot));
            if (before == null || before.streamEpoch < run.streamEpoch) {
                open.set(slot, ordinal, 0);
            }
        } else if (!open.put(key, ordinal, 0)) {
            untracked++;
        }
    }

    private void onControl(ReadEvent record, Run run) throws IOException {
        if (!record.text("kind").equals("SNAPSHOT_END") || !Boolean.TRUE.equals(record.value("snapshot_complete"))) {
            return;
        }
        if (settled.getOrDefault(run.source, Long.MIN_VALUE) >= run.streamEpoch) {
            return; // not the first one
        }
        Awaited snapshot = awaited.get(run.source);
        if (snapshot == null || snapshot.run.streamEpoch < run.streamEpoch) {
            snapshot = new Awaited(run);
            snapshot.parts = record.number("report_parts").orElse(1L).intValue();
            awaited.put(run.source, snapshot);
        }
        if (!snapshot.run.equals(run)) {
            return;
        }
        snapshot.parts--;
        for (StreamPosition position : StreamPosition.of(record)) {
            snapshot.zones.put(position.zone(), position.nextSequence());
        }
        for (StreamPosition position : StreamPosition.of(record)) {
            Source source = run.source;
            reached(snapshot, new StreamKey(source.hostId, run.bootId, source.netns, position.zone(), run.streamEpoch));
        }
        settleWhenRead(snapshot);
    }

    private void reached(Awaited snapshot, StreamKey stream) throws IOException {
        Long next = snapshot.zones.get(stream.zone());
        if (next != null && keepFirst.end(stream) >= next) {
            snapshot.zones.remove(stream.zone());
            settleWhenRead(snapshot);
        }
    }

    private void settleWhenRead(Awaited snapshot) throws IOException {
        if (snapshot.parts > 0 || !snapshot.zones.isEmpty() || !awaited.remove(snapshot.run.source, snapshot)) {
            return;
        }
        Run now = snapshot.run;
        settled.put(now.source, now.streamEpoch);
        @Nullable IOException[] failure = {null};
        open.removeIf(slot -> {
            Run of = runs.get(open.owner(slot));
            boolean ended = of != null && of.source.equals(now.source) && of.streamEpoch < now.streamEpoch;
            if (ended && failure[0] == null) {
                try {
                    listener.onEndedByRestart(open.key(slot), now.source.hostId, now.source.netns, now.streamEpoch);
                } catch (IOException e) {
                    failure[0] = e;
                }
            }
            return ended;
        });
        ordinals.keySet().removeIf(of -> of.source.equals(now.source) && of.streamEpoch < now.streamEpoch);
        runs.values().removeIf(of -> of.source.equals(now.source) && of.streamEpoch < now.streamEpoch);
        IOException failed = failure[0];
        if (failed != null) {
            throw failed;
        }
    }
}
