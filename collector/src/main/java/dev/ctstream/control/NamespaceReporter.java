package dev.ctstream.control;

import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.NamespaceStreams;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import dev.ctstream.track.TrackedNamespace;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Reports the start and the end of observing a namespace, and its state at regular intervals: STARTED, HEARTBEAT and
 * STOPPED records, and the GAP of cause restart.
 *
 * <p>A record that the batcher cannot take yet is kept, and is submitted before all later ones. While a record waits,
 * no HEARTBEAT is made; the next HEARTBEAT includes its totals.
 *
 * <p>Threads: owns {@code ctstream-control}; the public methods may be called by any thread and may take some
 * milliseconds.
 */
public final class NamespaceReporter implements AutoCloseable {
    private static final long FINISHED_CHECK_MILLIS = 20;
    private static final long JOIN_MILLIS = 5_000;

    private final FlowTracker tracker;
    private final Batcher batcher;
    private final TrackConfig config;
    private final RunDescription facts;
    private final ControlMetrics metrics;
    private final Runnable wake;
    private final InstantSource clock = InstantSource.system();
    private final Map<Integer, NamespaceReports> observed = new LinkedHashMap<>();
    private final List<NamespaceReports> ending = new ArrayList<>();
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private final OwnedThread thread = OwnedThread.stepping("ctstream-control", this::step, JOIN_MILLIS);
    private long nextHeartbeatNanos;

    private record Waiting(NamespaceStreams namespace, ControlRecord record, long timeMillis) {}

    /** Starts nothing. {@code wake} ends an idle wait of the receive thread. */
    public NamespaceReporter(
            FlowTracker tracker,
            Batcher batcher,
            TrackConfig config,
            RunDescription facts,
            ControlMetrics metrics,
            Runnable wake) {
        this.tracker = tracker;
        this.batcher = batcher;
        this.config = config;
        this.facts = facts;
        this.metrics = metrics;
        this.wake = wake;
    }

    /** Begins with the heartbeats. */
    public void start(OwnedThread.FailureHandler handler) {
        nextHeartbeatNanos = System.nanoTime() + heartbeatNanos();
        thread.start(handler);
    }

    private long heartbeatNanos() {
        return TimeUnit.MILLISECONDS.toNanos(config.heartbeatIntervalMillis());
    }

    /**
     * Prepares for the namespace's events: sets and checks its sysctls, and submits STARTED. Call it before the source
     * is added to the receiver: then STARTED precedes all events, and even a run that is killed has reported its start.
     *
     * @param reason {@code start}, or {@code namespace-added} later
     * @return what the namespace's records will lack, see {@link Sysctls#missing}
     */
    public synchronized List<String> added(ObservedNamespace namespace, String reason) {
        String netns = namespace.netns();
        ControlRecord.Sysctls sysctls = config.manageSysctls()
                ? Sysctls.manage(namespace.namespace(), netns)
                : Sysctls.read(namespace.namespace());
        Sysctls.warn(netns, sysctls);
        TrackedNamespace track = tracker.namespace(namespace.socket());
        NamespaceReports reports =
                new NamespaceReports(namespace, track, batcher.namespace(namespace.socket()), facts, sysctls);
        observed.put(namespace.socket().index(), reports);
        RunDescription.PreviousRun previous = reason.equals("start") ? facts.previous() : null;
        submit(reports, reports.started(reason, previous));
        if (previous != null) {
            submit(reports, restart(previous, namespace.socket()));
        }
        flush();
        return Sysctls.missing(sysctls);
    }

    /**
     * Declares as lost what the previous run held in memory when it ended; the amount is unknown. Also unknown is which
     * namespace had this name then, so the record repeats its own namespace.
     */
    private ControlRecord restart(RunDescription.PreviousRun previous, EventSource namespace) {
        RunIdentity before = new RunIdentity(facts.run().hostId(), previous.bootId(), previous.streamEpoch());
        ControlRecord.Lost lost = new ControlRecord.Lost(
                new ControlRecord.Owner(before, namespace.netns(), namespace.netnsId()),
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
            reports.close(); // an open channel would keep the namespace alive
            ending.add(reports);
            thread.wake();
        }
    }

    private synchronized long step(long nowNanos) {
        flush();
        for (Iterator<NamespaceReports> all = ending.iterator(); all.hasNext(); ) {
            NamespaceReports reports = all.next();
            if (reports.track.finished()) {
                all.remove();
                reports.stopped("namespace-removed").forEach(record -> submit(reports, record));
                reports.close();
            }
        }
        if (nowNanos - nextHeartbeatNanos >= 0) {
            nextHeartbeatNanos += heartbeatNanos();
            if (waiting.isEmpty()) {
                heartbeats();
            }
        }
        flush();
        return ending.isEmpty() && waiting.isEmpty()
                ? Math.max(0, nextHeartbeatNanos - nowNanos)
                : TimeUnit.MILLISECONDS.toNanos(FINISHED_CHECK_MILLIS);
    }

    private void heartbeats() {
        for (NamespaceReports reports : observed.values()) {
            reports.heartbeat().forEach(record -> submit(reports, record));
            metrics.heartbeats.increment();
        }
    }

    private void submit(NamespaceReports reports, ControlRecord record) {
        waiting.add(new Waiting(reports.streams, record, clock.millis()));
    }

    private void flush() {
        boolean submitted = false;
        for (Waiting next = waiting.peek(); next != null && submit(next); next = waiting.peek()) {
            waiting.remove();
            submitted = true;
        }
        if (submitted) {
            wake.run();
        }
    }

    private boolean submit(Waiting next) {
        return batcher.submit(next.namespace, next.record, next.timeMillis);
    }

    /** Ends the heartbeats. Before {@link #finish}. */
    @Override
    public void close() {
        thread.close();
    }

    /**
     * Hands over all batches, then a STOPPED with complete totals for each namespace. After the receive thread has ended
     * and {@link FlowTracker#finish} was called; the calling thread stands in for the receive thread.
     *
     * @return whether the next stage took all of it in time
     */
    public synchronized boolean finish(String reason, long timeoutMillis) {
        long start = System.nanoTime();
        long timeoutNanos = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        boolean handedOver = handOver(start, timeoutNanos);
        List<NamespaceReports> all = new ArrayList<>(ending);
        all.addAll(observed.values());
        ending.clear();
        observed.clear();
        for (NamespaceReports reports : all) {
            reports.stopped(reason).forEach(record -> submit(reports, record));
            reports.close();
        }
        return handOver(start, timeoutNanos) && handedOver;
    }

    private boolean handOver(long start, long timeoutNanos) {
        while (true) {
            for (Waiting next = waiting.peek(); next != null && submit(next); next = waiting.peek()) {
                waiting.remove();
            }
            boolean drained = batcher.closeAll();
            if (drained && waiting.isEmpty()) {
                return true;
            }
            if (System.nanoTime() - start > timeoutNanos) {
                return false;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
