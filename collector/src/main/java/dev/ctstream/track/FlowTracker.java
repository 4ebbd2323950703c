package dev.ctstream.track;

import dev.ctstream.conntrack.BySource;
import dev.ctstream.conntrack.DumpEntryKind;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowEventHandler;
import dev.ctstream.netlink.StageClock;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sits between the receive thread and the {@link FlowSink}: forwards every event, keeps the ledger of live flows,
 * announces flows found by dumps, closes flows that have disappeared, and declares the kernel's losses.
 *
 * <p>Effect of events on the ledger: NEW adds a flow, a repeated NEW refreshes it, DESTROY removes it. UPDATE refreshes
 * a known flow but never adds one, because it may arrive after the DESTROY; if the flow is alive, the next dump finds
 * it. A DESTROY of an unknown flow is forwarded unchanged. A NEW that arrives after its DESTROY is forwarded but not
 * added. When the ledger is full, or holds a quarter of {@code ledger.max-flows} of this namespace while others are
 * observed, a new flow is forwarded and counted ({@code flows_untracked}); its end cannot be inferred, only observed.
 *
 * <p>The sink may {@link FlowSink#REFUSED refuse} an event of a namespace that has too many streams: it counts as lost
 * by the kernel.
 *
 * <p>A {@link EventSource#selective} source follows only some flows. An event or entry of an unknown flow must
 * {@link EventSource#opens open} it, else it is left out and counted. The ledger holds the flows that are followed, so
 * all later events of these are forwarded, whatever they look like. There an UPDATE may open a flow. A source may also
 * {@link EventSource#excludes exclude} flows; their events are left out and counted likewise.
 *
 * <p>Threads: the handler's methods run on the receive thread; any thread may call {@link #namespace} and
 * {@link #gone}.
 *
 * <p>Cost: one lookup for each NEW and DESTROY. Only new chunks of the ledger are allocated.
 */
public final class FlowTracker implements FlowEventHandler {
    /** Most positions of a sweep in one pass: about 20 us when it closes nothing, about 200 us when it closes flows. */
    private static final int SWEEP_MAX_POSITIONS = 4096;

    /** Most flows that a sweep closes in one pass. */
    private static final int SWEEP_MAX_CLOSED = 256;

    /** One namespace's part of the ledger while others are observed. */
    private static final int SHARES = 4;

    private final FlowSink sink;
    private final TrackMetrics metrics;
    private final boolean reconciles;
    private final int ledgerMaxFlows;
    private final StageClock clock;
    private final long epochNanos;
    private final long lossWindowNanos;
    private final long closeAfterNanos;
    private final LiveFlows flows;
    private final DumpMerge merge;
    private final FlowIdentity[] identities = new FlowIdentity[MAX_EVENTS];
    private final RecentEnds recentEnds = new RecentEnds();
    private final ArrayDeque<Sweep> sweeps = new ArrayDeque<>();
    private final KernelLosses losses;
    private final Endings endings;
    private final Map<Integer, TrackedNamespace> namespaces = new ConcurrentHashMap<>();
    private final BySource<NamespaceTrack> bySource = new BySource<>();
    private long receivedNanos; // of the current events

    /** Creates a tracker that forwards to {@code sink}. */
    public FlowTracker(FlowSink sink, TrackConfig config, TrackMetrics metrics) {
        this(sink, config, metrics, StageClock.HOST);
    }

    /** As the other constructor, with another clock. */
    public FlowTracker(FlowSink sink, TrackConfig config, TrackMetrics metrics, StageClock clock) {
        this.sink = sink;
        this.clock = clock;
        epochNanos = clock.nanoTime();
        this.metrics = metrics;
        reconciles = config.reconcileIntervalMillis() > 0;
        ledgerMaxFlows = config.ledgerMaxFlows();
        lossWindowNanos = TimeUnit.MILLISECONDS.toNanos(config.timing().lossWindowMillis());
        closeAfterNanos = TimeUnit.MILLISECONDS.toNanos(config.timing().closeAfterMillis());
        flows = new LiveFlows(new FlowLedger(config.ledgerMaxFlows()), sink, metrics);
        merge = new DumpMerge(flows, sink, config, metrics);
        losses = new KernelLosses(sink, metrics, clock);
        endings = new Endings(sink, epochNanos);
        Arrays.setAll(identities, i -> new FlowIdentity());
        metrics.observe(flows.ledger, 0);
    }

    /** Sets the listener. It runs on the receive thread after each GAP of cause kernel, and must not block. */
    public void onGap(Runnable listener) {
        losses.onGap(listener);
    }

    /** The namespace of a source as other threads see it; created on first use. Any thread. */
    public TrackedNamespace namespace(EventSource source) {
        TrackedNamespace known = namespaces.get(source.index());
        return known == null
                ? namespaces.computeIfAbsent(
                        source.index(), index -> new TrackedNamespace(source, clock.realtimeNanos()))
                : known;
    }

    /**
     * Reports that the source's namespace no longer exists. Call it before the source is removed from the receiver: the
     * removal then closes all its flows as inferred. Without this call a removed source leaves its flows open. Any
     * thread.
     */
    public void gone(EventSource source) {
        namespace(source).setGone();
    }

    /** Null before the source's first event, and after its removal. */
    private @Nullable NamespaceTrack known(EventSource source) {
        return bySource.get(source);
    }

    private NamespaceTrack track(EventSource source) {
        NamespaceTrack track = known(source);
        if (track == null) {
            track = new NamespaceTrack(namespace(source), lossWindowNanos);
            bySource.put(source, track);
        }
        return track;
    }

    @Override
    public void onEvents(EventSource source, FlowEvent[] events, int count, long receivedTimeNanos) {
        for (int i = 0; i < count; i++) {
            identities[i].load(source.index(), events[i]);
        }
        flows.ledger.fetch(identities, count);
        receivedNanos = receivedTimeNanos;
        for (int i = 0; i < count; i++) {
            onEvent(source, events[i], identities[i]);
        }
    }

    @Override
    public void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos) {
        FlowIdentity identity = identities[0];
        identity.load(source.index(), event);
        receivedNanos = receivedTimeNanos;
        onEvent(source, event, identity);
    }

    private void onEvent(EventSource source, FlowEvent event, FlowIdentity identity) {
        NamespaceTrack track = track(source);
        track.received++;
        track.unknownAttributes += event.unknownAttributes();
        int reference = flows.find(identity);
        if (reference == FlowLedger.NONE && source.excludes(event, receivedNanos)) {
            if (event.eventType() == FlowEvent.DESTROY) {
                merge.destroyed(track, identity);
            }
            filter(track);
            return;
        }
        switch (event.eventType()) {
            case FlowEvent.NEW -> onNew(track, event, identity, reference);
            case FlowEvent.DESTROY -> onDestroy(track, event, identity, reference);
            default -> onUpdate(track, event, identity, reference);
        }
    }

    /** Forwards the event; returns its sequence. */
    private long pass(NamespaceTrack track, FlowEvent event, long beginSequence) {
        long sequence = sink.event(track.source, event, receivedNanos, beginSequence);
        if (sequence == FlowSink.REFUSED) {
            track.received--;
            track.refused++;
            metrics.refused.increment();
            return FlowSink.UNKNOWN;
        }
        return sequence;
    }

    private void onNew(NamespaceTrack track, FlowEvent event, FlowIdentity identity, int reference) {
        if (reference != FlowLedger.NONE) {
            metrics.repeatedNew.increment();
            long repeated = pass(track, event, flows.refresh(track, event, reference));
            flows.record(reference).beginSequence(repeated); // perhaps of a later flow with this tuple and id
            return;
        }
        if (recentEnds.overtook(identity.hash(), event, receivedNanos)) {
            metrics.lateNew.increment();
            late(track, event, identity);
        } else if (track.opens(event)) {
            open(track, event, identity);
        } else {
            filter(track);
        }
    }

    /** An event of a flow that is not in the ledger, after the flow's DESTROY. */
    private void late(NamespaceTrack track, FlowEvent event, FlowIdentity identity) {
        if (track.selective && !recentEnds.forwarded(identity.hash())) {
            filter(track);
        } else {
            pass(track, event, FlowSink.UNKNOWN);
        }
    }

    private void open(NamespaceTrack track, FlowEvent event, FlowIdentity identity) {
        int added = flows.add(track, event, identity);
        if (added == FlowLedger.NONE) {
            flows.countUntracked(track);
        }
        long sequence = pass(track, event, FlowSink.UNKNOWN);
        if (added != FlowLedger.NONE) {
            flows.record(added).beginSequence(sequence);
        }
    }

    private void filter(NamespaceTrack track) {
        track.filtered++;
        metrics.filtered.increment();
    }

    private void onUpdate(NamespaceTrack track, FlowEvent event, FlowIdentity identity, int reference) {
        if (!track.selective || reference != FlowLedger.NONE) {
            pass(track, event, flows.refresh(track, event, reference));
        } else if (recentEnds.overtook(identity.hash(), event, receivedNanos)) {
            late(track, event, identity);
        } else if (track.opens(event)) { // its mark has changed: it is followed from here on
            open(track, event, identity);
        } else {
            filter(track);
        }
    }

    private void onDestroy(NamespaceTrack track, FlowEvent event, FlowIdentity identity, int reference) {
        merge.destroyed(track, identity);
        if (reference != FlowLedger.NONE) {
            LedgerEntry flow = flows.record(reference);
            long order = flow.startOrder(event);
            if (order == 0) {
                long beginSequence = flow.beginSequence();
                flows.remove(track, reference, identity);
                if (track.selective) {
                    recentEnds.add(identity.hash(), event, receivedNanos, true);
                }
                pass(track, event, beginSequence);
                return;
            }
            if (order > 0) { // a later flow with the same tuple and id
                flows.closeInferred(track, reference);
            } // else: an earlier flow
        } else {
            metrics.destroyWithoutNew.increment();
        }
        boolean forwards = track.ends(event);
        if (reference == FlowLedger.NONE || track.selective) {
            recentEnds.add(identity.hash(), event, receivedNanos, forwards);
        }
        if (forwards) {
            pass(track, event, FlowSink.UNKNOWN);
        } else {
            filter(track);
        }
    }

    @Override
    public void onDumpEntry(EventSource source, FlowEvent event, DumpEntryKind kind) {
        NamespaceTrack track = known(source);
        if (track != null) { // else: the source has been removed
            merge.entry(track, event, kind);
        }
    }

    @Override
    public void onDumpMark(EventSource source, DumpEntryKind kind) {
        if (!namespaces.containsKey(source.index())) {
            return; // the source has been removed
        }
        NamespaceTrack track = track(source);
        if (kind == DumpEntryKind.BEGIN) {
            merge.begin(track);
        } else {
            ended(track, merge.end(track));
        }
    }

    private void ended(NamespaceTrack track, @Nullable DumpResult dump) {
        if (dump != null) {
            if (dump.complete() && reconciles) {
                sweeps.add(new Sweep(track, dump, epochNanos, closeAfterNanos));
            }
            endings.ended(track, dump);
        }
    }

    @Override
    public void onDrained(EventSource source, long dropsDelta) {
        NamespaceTrack track = track(source);
        long lost = losses.read(track, dropsDelta + track.refused);
        track.refused = 0;
        track.publish();
        sink.drained(source, lost);
    }

    @Override
    public long onPass(long nowNanos) {
        flows.share(namespaces.size() > 1 ? ledgerMaxFlows / SHARES : ledgerMaxFlows);
        long wait = losses.declare(nowNanos, false);
        if (!sweeps.isEmpty()) {
            Sweep sweep = sweeps.element();
            if (sweep.step(flows, SWEEP_MAX_POSITIONS, SWEEP_MAX_CLOSED)) {
                sweeps.remove();
                ended(sweep);
            }
            wait = sweeps.isEmpty() ? wait : 0;
        }
        metrics.observe(flows.ledger, sweeps.size());
        wait = Math.min(wait, endings.retry(nowNanos));
        return Math.min(wait, sink.pass(nowNanos));
    }

    private void ended(Sweep sweep) {
        sweep.namespace.publish();
        if (sweep.closesAll()) {
            endings.finished(sweep.namespace);
        }
    }

    @Override
    public void onRemoved(EventSource source) {
        NamespaceTrack track = track(source);
        boolean gone = track.shared.gone();
        losses.declare(clock.nanoTime(), true);
        bySource.put(source, null);
        namespaces.remove(source.index());
        track.dump = null;
        endings.removed(track);
        track.shared.setRemoved();
        sweeps.removeIf(sweep -> sweep.namespace == track);
        if (!gone) {
            endings.finished(track);
        }
        sweeps.add(new Sweep(track, gone));
    }

    /**
     * Completes the pending sweeps, declares the remaining losses, and hands over what waits. Call it after the receive
     * thread has ended.
     *
     * @return false when the sink could not take everything: call it again later
     */
    public boolean finish() {
        while (!sweeps.isEmpty()) {
            Sweep sweep = sweeps.remove();
            if (sweep.closesAll()) {
                sweep.step(flows, Integer.MAX_VALUE, Integer.MAX_VALUE);
                ended(sweep);
            }
        }
        boolean declared = losses.declareAll(clock.nanoTime());
        return endings.retryNow() && declared;
    }
}
