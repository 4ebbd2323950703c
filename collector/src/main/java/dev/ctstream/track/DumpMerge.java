package dev.ctstream.track;

import dev.ctstream.conntrack.DumpEntryKind;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.IpsStatus;
import org.jspecify.annotations.Nullable;

/**
 * Merges dumps into the ledger. An entry of a known flow refreshes it. An entry of an unknown flow is announced as
 * EXISTING and added. An entry of a known flow is reported as INTERIM when {@link InterimSchedule} says so. An entry is
 * ignored if it is dying, or if its flow ended while the entry was in transit.
 *
 * <p>Threads: confined to the receive thread.
 */
final class DumpMerge {
    private final LiveFlows flows;
    private final FlowSink sink;
    private final boolean snapshot;
    private final boolean openings;
    private final boolean opensLater;
    private final InterimSchedule interim;
    private final TrackMetrics metrics;
    private final FlowIdentity identity = new FlowIdentity();
    private final Tombstones tombstones = new Tombstones();

    /**
     * Creates a merge into {@code flows}. Without {@code snapshot} it announces nothing, but for INTERIM the flows that
     * dumps after the first one find. Without {@code openings} it adds the same flows, and announces none.
     */
    DumpMerge(LiveFlows flows, FlowSink sink, TrackConfig config, TrackMetrics metrics) {
        this.flows = flows;
        this.sink = sink;
        snapshot = config.snapshot();
        openings = config.openings();
        opensLater = config.interim().intervalMillis() > 0;
        interim = new InterimSchedule(config.interim());
        this.metrics = metrics;
    }

    /** The requested dump begins. */
    void begin(NamespaceTrack track) {
        DumpRequest request = track.shared.dumps().requested();
        if (request != null) {
            tombstones.begin();
            track.generation++;
            track.dump = new DumpProgress(request);
            interim.begin(track, request);
            track.shared.dumps().begin(request);
        }
    }

    /** A DESTROY has arrived: a dump in progress may still show the flow. */
    void destroyed(NamespaceTrack track, FlowIdentity flow) {
        if (track.dump != null) {
            tombstones.add(flow.hash());
        }
    }

    /** Merges one entry of the dump in progress. */
    void entry(NamespaceTrack track, FlowEvent event, DumpEntryKind kind) {
        DumpProgress dump = track.dump;
        if (dump == null) {
            return; // the source has been removed
        }
        identity.load(track.source.index(), event);
        int reference = flows.find(identity);
        boolean known = reference != FlowLedger.NONE;
        boolean dying = kind == DumpEntryKind.DYING
                || (event.has(FlowEvent.STATUS) && (event.status() & IpsStatus.IPS_DYING) != 0);
        boolean started = known && flows.record(reference).has(LedgerEntry.START);
        boolean ended = !dying && !started && (tombstones.has(identity.hash()) || tombstones.overflowed());
        if (dying || ended) { // if it has no start, the known flow may be a later one with this tuple and id
            if (known) {
                flows.record(reference).seen(track.generation);
            }
            dump.ignored += dying ? 0 : 1;
            metrics.dumpIgnored.increment();
        } else if (known) {
            knownEntry(track, dump, event, reference);
        } else {
            unknownEntry(track, dump, event);
        }
    }

    private void knownEntry(NamespaceTrack track, DumpProgress dump, FlowEvent event, int reference) {
        long order = flows.record(reference).startOrder(event);
        if (order > 0) {
            flows.closeInferred(track, reference); // a new flow has the same tuple and id
            unknownEntry(track, dump, event);
        } else if (order == 0) {
            long beginSequence = flows.refresh(track, event, reference);
            boolean again = dump.request.repeated() && flows.record(reference).has(LedgerEntry.FROM_DUMP);
            if (openings && (again || dump.request.reason() == DumpRequest.Reason.REQUEST)) {
                announce(track, dump, event, beginSequence);
                flows.record(reference).reported();
            } else if (interim.due(identity.hash(), flows.record(reference).has(LedgerEntry.MOVED))) {
                metrics.interim.increment();
                sink.interim(track.source, event, beginSequence);
                flows.record(reference).reported();
            }
        }
    }

    private void unknownEntry(NamespaceTrack track, DumpProgress dump, FlowEvent event) {
        DumpRequest.Reason reason = dump.request.reason();
        if (!snapshot && (!opensLater || reason.announcesUntracked())) {
            return;
        }
        if (track.source.excludes(event, 0) || !track.opens(event)) {
            return;
        }
        int added = flows.add(track, event, identity);
        if (added != FlowLedger.NONE) {
            LedgerEntry flow = flows.record(added);
            flow.addFlags(LedgerEntry.FROM_DUMP);
            if (openings) {
                flow.beginSequence(announce(track, dump, event, FlowSink.UNKNOWN));
                flow.reported();
            }
            return;
        }
        if (openings && reason.announcesUntracked()) {
            announce(track, dump, event, FlowSink.UNKNOWN);
        }
        if (reason.firstSight()) {
            flows.countUntracked(track);
        }
    }

    private long announce(NamespaceTrack track, DumpProgress dump, FlowEvent event, long beginSequence) {
        long sequence = sink.existing(track.source, event, dump.request.snapshotId(), beginSequence);
        if (sequence == FlowSink.REFUSED) {
            return FlowSink.UNKNOWN;
        }
        dump.announced(event.zone());
        metrics.existing.increment();
        return sequence;
    }

    /** Ends the dump in progress; null when there was none. The caller publishes the result when it is handed over. */
    @Nullable
    DumpResult end(NamespaceTrack track) {
        DumpProgress dump = track.dump;
        DumpEnd end = track.shared.dumps().readingEnded();
        if (dump == null || end == null) {
            return null; // the source has been removed
        }
        track.dump = null;
        boolean complete = end.complete() && !tombstones.overflowed();
        interim.end(track, complete);
        return dump.result(complete, end.endNanos());
    }
}
