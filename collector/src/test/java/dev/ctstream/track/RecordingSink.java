package dev.ctstream.track;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Numbers the events of each stream as the next stage does, and records events and losses. */
final class RecordingSink implements FlowSink {
    /** Whether losses are accepted; false = refused, as if there were no room. */
    boolean takesLosses = true;

    /** Whether events are refused, as of a namespace with too many streams. */
    boolean refusesEvents;

    /** Whether a flush hands over everything. */
    boolean takesFlushes = true;

    private final List<Seen> seen = new ArrayList<>();
    private final List<Lost> lost = new ArrayList<>();
    private final List<String> removed = new ArrayList<>();
    private int flushes;
    private final Map<String, Long> nextSequences = new HashMap<>();

    /**
     * One event.
     *
     * @param kind event type and origin
     * @param flow identifies the flow within its stream
     */
    record Seen(String stream, String kind, String flow, long sequence, long beginSequence, long receivedNanos) {}

    /** One declared loss. */
    record Lost(String netns, Count count, Window window) {}

    private static String type(FlowEvent event) {
        return switch (event.eventType()) {
            case FlowEvent.NEW -> "NEW";
            case FlowEvent.DESTROY -> "DESTROY";
            default -> "UPDATE";
        };
    }

    private long add(EventSource source, FlowEvent event, String kind, long beginSequence, long receivedNanos) {
        String stream = source.netns() + "/" + event.zone();
        long sequence = nextSequences.merge(stream, 1L, Long::sum) - 1;
        String flow = event.ipVersion() + " " + event.original().sourcePort() + " " + event.id();
        seen.add(new Seen(stream, kind, flow, sequence, beginSequence, receivedNanos));
        return sequence;
    }

    @Override
    public long event(EventSource source, FlowEvent event, long receivedNanos, long beginSequence) {
        if (refusesEvents) {
            return REFUSED;
        }
        return add(source, event, type(event) + " kernel", beginSequence, receivedNanos);
    }

    @Override
    public long existing(EventSource source, FlowEvent entry, long snapshotId, long beginSequence) {
        return add(source, entry, "EXISTING dump", beginSequence, 0);
    }

    @Override
    public long interim(EventSource source, FlowEvent entry, long beginSequence) {
        return add(source, entry, "INTERIM dump", beginSequence, 0);
    }

    @Override
    public long inferred(EventSource source, FlowEvent entry, long beginSequence) {
        return add(source, entry, type(entry) + " inferred", beginSequence, 0);
    }

    @Override
    public boolean lost(EventSource source, Count count, Window window) {
        if (takesLosses) {
            lost.add(new Lost(source.netns(), count, window));
        }
        return takesLosses;
    }

    @Override
    public void drained(EventSource source, long events) {}

    @Override
    public long pass(long nowNanos) {
        return Long.MAX_VALUE;
    }

    @Override
    public boolean flush(EventSource source) {
        flushes++;
        return takesFlushes;
    }

    @Override
    public void removed(EventSource source) {
        removed.add(source.netns());
    }

    /** Number of flushes so far, also refused ones. */
    int flushes() {
        return flushes;
    }

    /** Names of the sources that were removed, in order. */
    List<String> removed() {
        return List.copyOf(removed);
    }

    /** All events since the last call. */
    List<Seen> take() {
        List<Seen> all = List.copyOf(seen);
        seen.clear();
        return all;
    }

    /** Type and origin of all events since the last call. */
    List<String> takeKinds() {
        return take().stream().map(Seen::kind).toList();
    }

    /** Kind, sequence and begin sequence of all events since the last call; "-" = unknown. */
    List<String> takeLinks() {
        return take().stream()
                .map(event -> event.kind + " " + event.sequence + " "
                        + (event.beginSequence == UNKNOWN ? "-" : event.beginSequence))
                .toList();
    }

    /** All losses so far. */
    List<Lost> lost() {
        return List.copyOf(lost);
    }
}
