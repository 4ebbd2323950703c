package dev.ctstream.control;

import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import dev.ctstream.track.TrackedNamespace;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reports the start and the end of observing a namespace, and its state at regular intervals: STARTED, HEARTBEAT and
 * STOPPED records, and the GAP of cause restart.
 *
 * <p>A record that the outbox refuses is kept and offered again, before all later ones. A HEARTBEAT is left out instead,
 * also while another record waits; the next HEARTBEAT includes its totals.
 *
 * <p>Threads: owns {@code ctstream-control}; the public methods may be called by any thread. {@link #added} and
 * {@link #stopped} wait for the outbox; the others may take some milliseconds.
 */
public final class NamespaceReporter implements AutoCloseable {
    private static final long FINISHED_CHECK_MILLIS = 20;
    private static final String REMOVED = "namespace-removed";
    /** With more namespaces the channels into each are closed between two reports: a channel has 64 KiB. */
    private static final int KEPT_OPEN = 16;

    private static final long JOIN_MILLIS = 5_000;
    private static final long OFFER_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final FlowTracker tracker;
    private final Batcher batcher;
    private final ControlOutbox outbox;
    private final TrackConfig config;
    private final RunDescription facts;
    private final ControlMetrics metrics;
    private final Health health;
    private final StageClock clock;
    private final Map<Integer, NamespaceReports> observed = new LinkedHashMap<>();
    private final List<NamespaceReports> ending = new ArrayList<>();
    private final PendingRecords pending;
    private final OwnedThread thread = OwnedThread.stepping("ctstream-control", this::step, JOIN_MILLIS);
    private long nextHeartbeatNanos;
    private long figuresNanos;
    private @Nullable StreamId ownUnobserved;
    private volatile boolean closed;

    /** Starts nothing. */
    public NamespaceReporter(
            FlowTracker tracker,
            Batcher batcher,
            ControlOutbox outbox,
            TrackConfig config,
            RunDescription facts,
            ControlMetrics metrics,
            Health health) {
        this(tracker, batcher, outbox, config, facts, metrics, health, StageClock.HOST);
    }

    NamespaceReporter(
            FlowTracker tracker,
            Batcher batcher,
            ControlOutbox outbox,
            TrackConfig config,
            RunDescription facts,
            ControlMetrics metrics,
            Health health,
            StageClock clock) {
        this.clock = clock;
        this.health = health;
        this.tracker = tracker;
        this.batcher = batcher;
        this.outbox = outbox;
        this.config = config;
        this.facts = facts;
        this.metrics = metrics;
        pending = new PendingRecords(outbox, clock);
    }

    /** Begins with the heartbeats. */
    public void start(OwnedThread.FailureHandler handler) {
        begin();
        thread.start(handler);
    }

    /** Sets the time of the first heartbeat. */
    void begin() {
        figuresNanos = clock.nanoTime();
        nextHeartbeatNanos = figuresNanos + heartbeatNanos();
    }

    private long heartbeatNanos() {
        return TimeUnit.MILLISECONDS.toNanos(config.heartbeatIntervalMillis());
    }

    /**
     * Prepares for the namespace's events: sets and checks its sysctls, and hands over STARTED. Waits until the outbox
     * has taken it, or until {@link #close}. Call it before the source is added to the receiver: then STARTED precedes
     * all events, and even a run that is killed has reported its start.
     *
     * @param reason {@link ControlRecord.Started#AT_START}, or {@link ControlRecord.Started#ADDED} later
     */
    public void added(NamespaceAccess namespace, String reason) {
        begin(namespace, reason);
        awaitOffered();
    }

    /**
     * As {@link #added}, for a namespace that is observed later; does not wait. If the outbox is full, STARTED follows
     * as soon as there is room.
     */
    public void addedLater(NamespaceAccess namespace) {
        begin(namespace, ControlRecord.Started.ADDED);
        if (!offerPending()) {
            thread.wake();
        }
    }

    /**
     * Reports the start of the run in the collector's own namespace although it is not observed: what earlier runs have
     * lost is declared there. STOPPED follows at the end of the run.
     */
    public void addedUnobserved(StreamId own) {
        beginUnobserved(own);
        awaitOffered();
    }

    private synchronized void beginUnobserved(StreamId own) {
        ownUnobserved = own;
        begin(
                own,
                new ControlRecord.Started(
                        ControlRecord.Started.AT_START, facts.settings(), facts.precedingRun(), facts.unobserved()),
                ControlRecord.Started.AT_START);
    }

    /**
     * Declares the end of the previous run in those of its namespaces that are not observed any more: a namespace may have
     * ended just before the process was killed. Call it after the namespaces of the start are added.
     *
     * @param own control stream of the collector's own namespace
     */
    public void declareGone(StreamId own) {
        addGone(own);
        awaitOffered();
    }

    private synchronized void addGone(StreamId own) {
        RunDescription.PreviousRun previous = facts.previous();
        if (previous == null || previous.clean()) {
            return;
        }
        Set<String> names = new HashSet<>();
        observed.values().forEach(reports -> names.add(reports.streams.control().netns()));
        names.add(own.netns());
        for (StreamId open : previous.open()) {
            if (!names.contains(open.netns())) {
                pending.add(own, restart(previous, open));
            }
        }
    }

    private void awaitOffered() {
        while (!offerPending() && !closed) {
            clock.park(this, OFFER_WAIT_NANOS);
        }
    }

    private synchronized void begin(NamespaceAccess namespace, String reason) {
        String netns = namespace.netns();
        ControlRecord.Sysctls sysctls = config.manageSysctls() ? namespace.manageSysctls() : namespace.sysctls();
        Sysctls.report(health, netns, sysctls, namespace.named());
        TrackedNamespace track = tracker.namespace(namespace.source());
        NamespaceReports reports = new NamespaceReports(
                namespace,
                track,
                batcher.namespace(namespace.source()),
                facts,
                sysctls,
                health,
                heartbeatNanos(),
                clock);
        observed.put(namespace.source().index(), reports);
        rest(reports);
        begin(namespace.control(), reports.started(reason), reason);
    }

    private void begin(StreamId namespace, ControlRecord started, String reason) {
        pending.add(namespace, started);
        RunDescription.PreviousRun previous = facts.previous();
        if (previous != null && !previous.clean() && reason.equals(ControlRecord.Started.AT_START)) {
            pending.add(namespace, restart(previous, namespace));
        }
    }

    private synchronized boolean offerPending() {
        return pending.offer();
    }

    /**
     * Declares as lost what the previous run held in memory when it ended; the amount is unknown.
     *
     * @param namespace of the loss. Which namespace had the name of an observed one then is unknown, so it is that one
     */
    private ControlRecord restart(RunDescription.PreviousRun previous, StreamId namespace) {
        ControlRecord.Lost lost = new ControlRecord.Lost(
                new ControlRecord.Owner(previous.identity(), namespace.netns(), namespace.netnsId()),
                ControlRecord.Lost.EVENTS,
                List.of(),
                new ControlRecord.Count(null, null, null));
        ControlRecord.Window window =
                new ControlRecord.Window(previous.lastAliveNanos(), facts.run().streamEpoch());
        return new ControlRecord.Gap(GapCause.RESTART, lost, window, null);
    }

    /** The source is being removed from the receiver: STOPPED follows when everything of it was handed over. */
    public synchronized void removed(EventSource source) {
        NamespaceReports reports = observed.remove(source.index());
        if (reports != null) {
            reports.end(); // an open channel would keep the namespace alive
            health.remove(Sysctls.component(reports.netns()));
            ending.add(reports);
            thread.wake();
        }
    }

    /** Does what is due; see {@link OwnedThread.Step}. */
    synchronized long step(long nowNanos) {
        for (Iterator<NamespaceReports> all = ending.iterator(); all.hasNext(); ) {
            NamespaceReports reports = all.next();
            if (reports.track.finished()) {
                all.remove();
                stop(reports, REMOVED);
            }
        }
        boolean offered = pending.offer();
        if (nowNanos - nextHeartbeatNanos >= 0) {
            nextHeartbeatNanos += heartbeatNanos();
            takeFigures();
            if (offered) {
                heartbeats();
            }
        }
        return ending.isEmpty() && offered
                ? Math.max(0, nextHeartbeatNanos - nowNanos)
                : TimeUnit.MILLISECONDS.toNanos(FINISHED_CHECK_MILLIS);
    }

    private void takeFigures() {
        long now = clock.nanoTime();
        double seconds = Math.max(1, now - figuresNanos) / (double) TimeUnit.SECONDS.toNanos(1);
        BusyStreams.Taking taking = metrics.busyStreams().take(seconds);
        figuresNanos = now;
        for (NamespaceReports reports : observed.values()) {
            taking.namespace(
                    reports.netns(), reports.track.counts().live(), reports.streams::forEach, reports.track::liveFlows);
        }
        taking.end();
    }

    private void heartbeats() {
        for (NamespaceReports reports : observed.values()) {
            if (!reports.isDue(observed.size() == 1)) {
                continue; // a host may have hundreds of idle namespaces
            }
            reports.look(isMany());
            if (outbox.offer(
                    reports.streams.control(),
                    reports.heartbeat(),
                    TimeUnit.NANOSECONDS.toMillis(clock.realtimeNanos()))) {
                reports.reported();
                metrics.heartbeats.increment();
            }
            rest(reports);
        }
        List<FullestTables.Table> tables = new ArrayList<>();
        for (NamespaceReports reports : observed.values()) {
            FullestTables.Table table = reports.shown();
            if (table != null) {
                tables.add(table);
            }
        }
        metrics.tables().show(tables);
    }

    private void rest(NamespaceReports reports) {
        if (isMany()) {
            reports.rest();
        }
    }

    private boolean isMany() {
        return observed.size() > KEPT_OPEN;
    }

    private void stop(NamespaceReports reports, String reason) {
        pending.addAfterEvents(reports.streams.control(), reports.stopped(reason));
        reports.close();
    }

    /** Frees what the reports of the namespaces hold, without a record; after {@link #stopped} there is none. */
    public synchronized void release() {
        ending.forEach(NamespaceReports::close);
        ending.clear();
        observed.values().forEach(NamespaceReports::close);
        observed.clear();
    }

    /** Ends the heartbeats. Before {@link #stopped}. */
    @Override
    public void close() {
        closed = true;
        thread.close();
    }

    /**
     * Hands over STOPPED for each namespace, and the records that wait. Call it after the receive thread has ended and
     * {@link Batcher#closeAll} and {@link FlowTracker#finish} have handed over everything.
     *
     * @return whether the outbox has taken all records in time
     */
    public synchronized boolean stopped(String reason, long timeoutMillis) {
        long start = clock.nanoTime();
        ending.forEach(reports -> stop(reports, REMOVED));
        ending.clear();
        observed.values().forEach(reports -> stop(reports, reason));
        observed.clear();
        StreamId own = ownUnobserved;
        if (own != null) {
            pending.addAfterEvents(
                    own, new ControlRecord.Stopped(reason, ControlRecord.Report.NONE, facts.unobserved()));
            ownUnobserved = null;
        }
        while (!pending.offer()) {
            if (clock.nanoTime() - start > TimeUnit.MILLISECONDS.toNanos(timeoutMillis)) {
                return false;
            }
            clock.park(this, OFFER_WAIT_NANOS);
        }
        return true;
    }
}
