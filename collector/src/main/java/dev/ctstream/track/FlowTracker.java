package dev.ctstream.track;

import dev.ctstream.batch.Batcher;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowEventHandler;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.netlink.Clock;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Stands between the receive thread and the {@link Batcher}: passes every event on, keeps the ledger of live flows,
 * announces what dumps show, closes what has gone, and declares what the kernel dropped.
 *
 * <p>What reaches the ledger: NEW adds a flow, a repeated one refreshes it; DESTROY removes it. UPDATE refreshes a known
 * flow and never adds one, because it may come after the DESTROY; the next dump finds a live one. A DESTROY of an
 * unknown flow is passed on as it is; a NEW that it overtook is passed on but not added. When the ledger is full the
 * flow is passed on, counted ({@code flows_untracked}), and its end can only be observed.
 *
 * <p>Threads: the handler's methods on the receive thread; {@link #namespace} and {@link #gone} from any.
 *
 * <p>Cost: one look-up for each NEW and DESTROY; no allocation but for chunks of the ledger.
 */
public final class FlowTracker implements FlowEventHandler {
    /** Of a sweep, in one pass: some 20 us without closing, some 200 us with. */
    private static final int SWEEP_PLACES = 4096;

    private static final int SWEEP_CLOSED = 256;

    private final Batcher batcher;
    private final TrackConfig config;
    private final TrackMetrics metrics;
    private final InstantSource clock;
    private final long epochNanos = System.nanoTime();
    private final long lossWindowNanos;
    private final long closeAfterNanos;
    private final FlowLedger ledger;
    private final FlowIdentity[] identities = new FlowIdentity[MAX_EVENTS];
    private final RecentEnds recentEnds = new RecentEnds();
    private final Tombstones tombstones = new Tombstones();
    private final RecordMessage message = new RecordMessage();
    private final ArrayDeque<Sweep> sweeps = new ArrayDeque<>();
    private final List<NamespaceTrack> lossy = new ArrayList<>();
    private final Map<Integer, NamespaceTrack> tracks = new ConcurrentHashMap<>();
    private @Nullable NamespaceTrack[] bySource = new NamespaceTrack[16];
    private volatile Runnable onGap = () -> {};

    /** A tracker in front of the batcher. */
    public FlowTracker(Batcher batcher, TrackConfig config, TrackMetrics metrics) {
        this(batcher, config, metrics, InstantSource.system());
    }

    FlowTracker(Batcher batcher, TrackConfig config, TrackMetrics metrics, InstantSource clock) {
        this.batcher = batcher;
        this.config = config;
        this.metrics = metrics;
        this.clock = clock;
        lossWindowNanos = TimeUnit.MILLISECONDS.toNanos(config.timing().lossWindowMillis());
        closeAfterNanos = TimeUnit.MILLISECONDS.toNanos(config.timing().closeAfterMillis());
        ledger = new FlowLedger(config.ledgerMaxFlows());
        Arrays.setAll(identities, i -> new FlowIdentity());
        metrics.observe(ledger, 0);
    }

    /** Called on the receive thread after a GAP of cause kernel was declared; must not wait. */
    void onGap(Runnable listener) {
        onGap = listener;
    }

    /** The track of a source; made when it is new. Any thread. */
    NamespaceTrack namespace(EventSource source) {
        NamespaceTrack track = tracks.get(source.index());
        return track == null ? tracks.computeIfAbsent(source.index(), index -> newTrack(source)) : track;
    }

    private NamespaceTrack newTrack(EventSource source) {
        LossWindow losses = new LossWindow(lossWindowNanos, Clock.realtimeNanos(), source.reliable());
        return new NamespaceTrack(source, batcher.namespace(source.netns()), losses, source.reliable());
    }

    /**
     * Says that the source's namespace no longer exists, before the source is removed from the receiver: all of its flows
     * are closed as inferred then. A source that is removed without that leaves its flows open. Any thread.
     */
    public void gone(EventSource source) {
        namespace(source).gone = true;
    }

    private NamespaceTrack track(EventSource source) {
        int index = source.index();
        NamespaceTrack track = index < bySource.length ? bySource[index] : null;
        if (track == null) {
            track = namespace(source);
            bySource = withRoomFor(index);
            bySource[index] = track;
        }
        return track;
    }

    private @Nullable NamespaceTrack[] withRoomFor(int index) {
        return index < bySource.length ? bySource : Arrays.copyOf(bySource, Math.max(index + 1, 2 * bySource.length));
    }

    @Override
    public void onEvents(EventSource source, FlowEvent[] events, int count, long receivedTimeNanos) {
        for (int i = 0; i < count; i++) {
            identities[i].load(source.index(), events[i]);
        }
        ledger.fetch(identities, count);
        for (int i = 0; i < count; i++) {
            onEvent(source, events[i], identities[i], receivedTimeNanos);
        }
    }

    @Override
    public void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos) {
        FlowIdentity identity = identities[0];
        identity.load(source.index(), event);
        onEvent(source, event, identity, receivedTimeNanos);
    }

    private void onEvent(EventSource source, FlowEvent event, FlowIdentity identity, long receivedTimeNanos) {
        NamespaceTrack track = track(source);
        track.received++;
        track.unknownAttributes += event.unknownAttributes();
        int reference = ledger.find(identity, identity.hash());
        switch (event.eventType()) {
            case FlowEvent.NEW -> onNew(track, event, identity, reference, receivedTimeNanos);
            case FlowEvent.DESTROY -> onDestroy(track, event, reference, identity.hash(), receivedTimeNanos);
            default -> refresh(track, event, reference);
        }
        batcher.onEvent(source, event, receivedTimeNanos);
    }

    private void onNew(
            NamespaceTrack track, FlowEvent event, FlowIdentity identity, int reference, long receivedTimeNanos) {
        if (reference != FlowLedger.NONE) {
            metrics.repeatedNew.increment();
            refresh(track, event, reference);
        } else if (recentEnds.overtook(identity.hash(), event, receivedTimeNanos)) {
            metrics.lateNew.increment();
        } else if (add(track, event, identity) == FlowLedger.NONE) {
            countUntracked(track);
        }
    }

    /** NONE when there was no room. */
    private int add(NamespaceTrack track, FlowEvent event, FlowIdentity identity) {
        int reference = ledger.add(identity, identity.hash(), event, track.generation);
        track.live += reference == FlowLedger.NONE ? 0 : 1;
        return reference;
    }

    private void countUntracked(NamespaceTrack track) {
        track.untracked++;
        metrics.untracked.increment();
    }

    private void refresh(NamespaceTrack track, FlowEvent event, int reference) {
        if (reference != FlowLedger.NONE) {
            ledger.record(reference).update(event);
            refresh(track, reference);
        }
    }

    private void refresh(NamespaceTrack track, int reference) {
        if (reference != FlowLedger.NONE) {
            ledger.record(reference).seen(track.generation);
        }
    }

    private void onDestroy(NamespaceTrack track, FlowEvent event, int reference, long hash, long receivedTimeNanos) {
        if (track.dump != null) {
            tombstones.add(hash);
        }
        if (reference == FlowLedger.NONE) {
            metrics.destroyWithoutNew.increment();
            recentEnds.add(hash, event, receivedTimeNanos);
            return;
        }
        long order = ledger.record(reference).startOrder(event);
        if (order < 0) {
            return; // of an earlier flow that had the same tuple and the same id
        }
        if (order > 0) {
            closeInferred(track, reference); // likewise, but the record is of the earlier one
        } else {
            ledger.remove(reference, hash);
            track.live--;
        }
    }

    /** Closes a flow that has gone without a DESTROY. */
    void closeInferred(NamespaceTrack track, int reference) {
        FlowEvent destroy = message.destroy(ledger.record(reference));
        batcher.onInferred(track.source, destroy, Clock.realtimeNanos());
        ledger.remove(reference);
        track.live--;
        metrics.inferred.increment();
    }

    @Override
    public void onInjected(EventSource source, FlowEvent event, long tag) {
        NamespaceTrack track = source.index() < bySource.length ? bySource[source.index()] : null;
        DumpState dump = track == null ? null : track.dump;
        if (track == null || dump == null) {
            return; // removed meanwhile
        }
        FlowIdentity identity = identities[0];
        identity.load(source.index(), event);
        int reference = ledger.find(identity, identity.hash());
        boolean dying =
                tag == DumpState.DYING || (event.has(FlowEvent.STATUS) && (event.status() & IpsStatus.IPS_DYING) != 0);
        boolean started =
                reference != FlowLedger.NONE && ledger.record(reference).has(FlowRecord.START);
        boolean ended = !dying && !started && (tombstones.has(identity.hash()) || tombstones.overflowed());
        dump.entries += dying ? 0 : 1;
        if (dying || ended) { // what is known without a start may be a later flow of this tuple and id
            refresh(track, reference);
            dump.ignored += dying ? 0 : 1;
            metrics.dumpIgnored.increment();
        } else if (reference != FlowLedger.NONE) {
            onKnownEntry(track, dump, event, identity, reference);
        } else {
            onUnknownEntry(track, dump, event, identity);
        }
    }

    private void onKnownEntry(
            NamespaceTrack track, DumpState dump, FlowEvent event, FlowIdentity identity, int reference) {
        long order = ledger.record(reference).startOrder(event);
        if (order > 0) {
            closeInferred(track, reference); // the tuple and the id have a new flow
            onUnknownEntry(track, dump, event, identity);
        } else if (order == 0) {
            refresh(track, event, reference);
            boolean fromDump = dump.repeated && ledger.record(reference).has(FlowRecord.FROM_DUMP);
            if (fromDump || dump.reason == DumpState.Reason.REQUEST) {
                announce(track, dump, event);
            }
        }
    }

    private void onUnknownEntry(NamespaceTrack track, DumpState dump, FlowEvent event, FlowIdentity identity) {
        if (!config.snapshot()) {
            return;
        }
        int reference = add(track, event, identity);
        boolean added = reference != FlowLedger.NONE;
        if (added) {
            ledger.record(reference).addFlags(FlowRecord.FROM_DUMP);
        }
        if (added || dump.reason.announcesUntracked) {
            announce(track, dump, event);
        }
        if (!added && dump.reason.firstSight) {
            countUntracked(track);
        }
    }

    private void announce(NamespaceTrack track, DumpState dump, FlowEvent event) {
        batcher.onExisting(track.source, event, Clock.realtimeNanos(), dump.snapshotId);
        dump.announced(event.zone());
        metrics.existing.increment();
    }

    @Override
    public void onInjectedMark(EventSource source, long tag) {
        NamespaceTrack track = tracks.get(source.index());
        DumpState dump = track == null ? null : tag == DumpState.BEGIN ? track.nextDump : track.dump;
        if (track == null || dump == null) {
            return; // removed meanwhile
        }
        if (tag == DumpState.BEGIN) {
            tombstones.begin();
            bySource = withRoomFor(source.index());
            bySource[source.index()] = track;
            track.dump = dump;
            track.generation++;
            dump.begin(track.generation);
            return;
        }
        dump.complete &= !tombstones.overflowed();
        track.dump = null;
        if (dump.complete && config.reconcileIntervalMillis() > 0) {
            sweeps.add(Sweep.after(dump, track, epochNanos, closeAfterNanos));
        }
        track.publish();
        dump.end();
    }

    @Override
    public void onDrained(EventSource source, long dropsDelta) {
        NamespaceTrack track = track(source);
        boolean opened = dropsDelta != 0 && track.losses.gap() == null;
        long lost = track.losses.onReading(dropsDelta, Clock.realtimeNanos(), track);
        if (opened) {
            lossy.add(track);
        }
        track.publish();
        batcher.onDrained(source, lost);
    }

    @Override
    public long onPass(long nowNanos) {
        long wait = declareLosses(nowNanos, false);
        if (!sweeps.isEmpty()) {
            Sweep sweep = sweeps.element();
            if (sweep.step(this, ledger, SWEEP_PLACES, SWEEP_CLOSED)) {
                sweeps.remove();
                ended(sweep);
            }
            wait = sweeps.isEmpty() ? wait : 0;
        }
        metrics.observe(ledger, sweeps.size());
        return Math.min(wait, batcher.onPass(nowNanos));
    }

    private void ended(Sweep sweep) {
        NamespaceTrack track = sweep.namespace;
        if (sweep.all && track.gone) {
            finish(track);
        }
        track.publish();
    }

    private long declareLosses(long nowNanos, boolean all) {
        long wait = Long.MAX_VALUE;
        for (int i = lossy.size() - 1; i >= 0; i--) {
            NamespaceTrack track = lossy.get(i);
            long due = track.losses.dueIn(nowNanos);
            if ((due == 0 || all) && declare(track, nowNanos)) {
                lossy.remove(i);
            } else {
                wait = Math.min(wait, Math.max(due, 1));
            }
        }
        return wait;
    }

    private boolean declare(NamespaceTrack track, long nowNanos) {
        LossWindow.Declaration declaration = track.losses.gap();
        if (declaration != null && !batcher.submit(track.streams, declaration.record(), clock.millis())) {
            return false; // too many records wait: the window stays open
        }
        track.losses.declared();
        metrics.gaps.increment();
        if (track.gapSinceNanos == 0) {
            track.gapSinceNanos = nowNanos == 0 ? 1 : nowNanos;
            onGap.run();
        }
        return true;
    }

    @Override
    public void onAdded(EventSource source) {
        batcher.onAdded(source);
    }

    @Override
    public void onRemoved(EventSource source) {
        NamespaceTrack track = track(source);
        declareLosses(System.nanoTime(), true);
        bySource[source.index()] = null;
        tracks.remove(source.index());
        track.dump = null;
        track.removed = true;
        sweeps.removeIf(sweep -> sweep.namespace == track);
        if (!track.gone) {
            finish(track);
        }
        sweeps.add(Sweep.ofAll(track));
    }

    private void finish(NamespaceTrack track) {
        track.publish();
        batcher.onRemoved(track.source);
        track.finished = true;
    }

    /** Ends what is under way. After the receive thread has ended. */
    public void finish() {
        while (!sweeps.isEmpty()) {
            Sweep sweep = sweeps.remove();
            if (sweep.all && sweep.namespace.gone) {
                sweep.step(this, ledger, Integer.MAX_VALUE, Integer.MAX_VALUE);
                ended(sweep);
            }
        }
        declareLosses(System.nanoTime(), true);
    }
}
