package dev.ctstream.control;

import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.conntrack.DumpRing;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.DumpExchange;
import dev.ctstream.track.DumpRequest;
import dev.ctstream.track.DumpResult;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import dev.ctstream.track.TrackedNamespace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Dumps the tables of all namespaces, one after the other: when a namespace is first observed, on request, after a
 * loss, at regular intervals, and before it is removed. Each dump announces unknown flows, and reveals known flows
 * that have disappeared. A regular dump is left out where it can find nothing, see {@link
 * TrackedNamespace#worthDumping}.
 *
 * <p>A dump has no deadline: the receive thread sets the pace, and takes entries only when it has no events. A dump
 * that the kernel aborted, or that may lack entries, closes no flows and is repeated.
 *
 * <p>SNAPSHOT_BEGIN and SNAPSHOT_END enclose the EXISTING events of a snapshot. A dump after a loss and a regular dump
 * write them only if they announce a flow. SNAPSHOT_END follows the last EXISTING event, because the receive thread
 * publishes a dump's result only after it has handed over the events.
 *
 * <p>Threads: owns {@code ctstream-dump}; the public methods may be called by any thread and do not wait.
 */
public final class Snapshots implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);
    private static final long JOIN_MILLIS = 5_000;
    private static final long OFFER_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final int MOST_RETRY_DOUBLINGS = 4;
    private static final double NANOS_PER_SECOND = 1e9;
    /** Spacing of dumps during continuing losses, in delays after a GAP, so that dumps do not add to the load. */
    private static final int GAP_DUMP_SPACING = 5;

    /**
     * Average limit of entries that regular dumps of a namespace read (ADR 12). The interval grows when the table has
     * more than 1000 entries for each second of {@code reconcile.interval-seconds}. An entry costs about 4 us of CPU,
     * most of it in the kernel: the limit is 0.4 % of a core.
     */
    private static final long MOST_ENTRIES_PER_MILLI = 1;

    private final FlowTracker tracker;
    private final ControlOutbox outbox;
    private final TrackConfig config;
    private final ControlMetrics metrics;
    private final DumpRing ring;
    private final StageClock clock;
    private final Map<Integer, Schedule> schedules = new LinkedHashMap<>();
    private final OwnedThread thread = OwnedThread.stepping("ctstream-dump", this::step, JOIN_MILLIS);
    private volatile boolean stopping;
    private long lastSnapshotId;
    private final DumpBudget budget; // of the dump thread

    /** One of the outbox's ways to take a record. */
    @FunctionalInterface
    private interface Offer {
        boolean offer(StreamId namespace, ControlRecord record, long timeMillis);
    }

    /** When a namespace is dumped next, and why. Of the dump thread, but for what was asked, guarded by the map. */
    private static final class Schedule {
        final NamespaceAccess namespace;
        final TrackedNamespace track;
        DumpRequest.@Nullable Reason asked;

        /** Reason of the last dump if it was incomplete: its announcements are still due. */
        DumpRequest.@Nullable Reason owed;

        volatile boolean removed;
        volatile boolean harvested;
        long regularNanos;
        long dueNanos;
        boolean due;
        long endedNanos;
        int failures;
        boolean acceptOdd;

        Schedule(NamespaceAccess namespace, TrackedNamespace track, long nowNanos) {
            endedNanos = nowNanos - TimeUnit.HOURS.toNanos(1);
            regularNanos = nowNanos;
            this.namespace = namespace;
            this.track = track;
        }
    }

    /** Starts nothing. */
    public Snapshots(
            FlowTracker tracker, ControlOutbox outbox, TrackConfig config, ControlMetrics metrics, DumpRing ring) {
        this(tracker, outbox, config, metrics, ring, StageClock.HOST);
    }

    Snapshots(
            FlowTracker tracker,
            ControlOutbox outbox,
            TrackConfig config,
            ControlMetrics metrics,
            DumpRing ring,
            StageClock clock) {
        this.clock = clock;
        this.tracker = tracker;
        this.outbox = outbox;
        this.config = config;
        this.metrics = metrics;
        this.ring = ring;
        budget = new DumpBudget(clock.nanoTime());
    }

    /** Starts the thread. */
    public void start(OwnedThread.FailureHandler handler) {
        tracker.onGap(thread::wake);
        thread.start(handler);
    }

    /** Dumps the namespace soon, and then at regular intervals. Call it after its socket has joined its groups. */
    public void added(NamespaceAccess namespace, String reason) {
        Schedule schedule = new Schedule(namespace, tracker.namespace(namespace.source()), clock.nanoTime());
        if (config.snapshot() || reconciles()) {
            schedule.asked = reason.equals("start") ? DumpRequest.Reason.START : DumpRequest.Reason.NAMESPACE_ADDED;
        }
        synchronized (schedules) {
            schedules.put(namespace.source().index(), schedule);
        }
        thread.wake();
    }

    /** Dumps the namespace for the last time, before all others: so its flows end with their last counters. */
    public void harvest(EventSource source) {
        synchronized (schedules) {
            Schedule schedule = schedules.get(source.index());
            if (schedule != null) {
                boolean worth = schedule.asked != null || schedule.track.worthDumping();
                schedule.harvested = !(worth && (reconciles() || config.snapshot()));
                schedule.asked = schedule.harvested ? null : DumpRequest.Reason.NAMESPACE_REMOVED;
            }
        }
        thread.wake();
    }

    /** Whether the dump that {@link #harvest} asked for has ended, or there is nothing to dump. */
    public boolean harvested(EventSource source) {
        synchronized (schedules) {
            Schedule schedule = schedules.get(source.index());
            return schedule == null || schedule.harvested;
        }
    }

    /** Stops dumping the namespace; a dump in progress is abandoned. */
    public void removed(EventSource source) {
        synchronized (schedules) {
            Schedule schedule = schedules.remove(source.index());
            if (schedule != null) {
                schedule.removed = true;
            }
        }
    }

    /** Announces every flow of every namespace again. */
    public void request() {
        synchronized (schedules) {
            for (Schedule schedule : schedules.values()) {
                if (schedule.asked != DumpRequest.Reason.NAMESPACE_REMOVED) {
                    schedule.asked = DumpRequest.Reason.REQUEST;
                }
            }
        }
        thread.wake();
    }

    private boolean reconciles() {
        return config.reconcileIntervalMillis() > 0;
    }

    /** Makes the first dump that is due; see {@link OwnedThread.Step}. */
    long step(long nowNanos) {
        long waitNanos = Long.MAX_VALUE;
        Schedule first = null;
        for (Schedule schedule : copyOfSchedules()) {
            long in = dueIn(schedule, nowNanos);
            if (in <= 0 && (first == null || schedule.asked == DumpRequest.Reason.NAMESPACE_REMOVED)) {
                first = schedule;
            }
            waitNanos = Math.min(waitNanos, in);
        }
        if (first == null) {
            return waitNanos;
        }
        dump(first, takeReason(first));
        return 0;
    }

    private List<Schedule> copyOfSchedules() {
        synchronized (schedules) {
            return new ArrayList<>(schedules.values());
        }
    }

    private long dueIn(Schedule schedule, long nowNanos) {
        if (schedule.asked != null) {
            return 0;
        }
        long in = schedule.due ? schedule.dueNanos - nowNanos : Long.MAX_VALUE;
        if (in <= 0 && schedule.owed == null) {
            in = regularIn(schedule, nowNanos);
        }
        DumpExchange dumps = schedule.track.dumps();
        if (dumps.gapOpen() && (reconciles() || config.snapshot())) {
            long delay = millisToNanos(config.timing().gapDumpDelayMillis());
            long soonest = Math.max(dumps.gapSinceNanos() + delay, schedule.endedNanos + GAP_DUMP_SPACING * delay);
            in = Math.min(in, soonest - nowNanos);
        }
        return in;
    }

    /**
     * A regular dump is due: ns until it may begin. Where it can find nothing, it is due again an interval later, at a full
     * second: so a thousand idle namespaces are looked at together.
     */
    private long regularIn(Schedule schedule, long nowNanos) {
        if (!schedule.track.worthDumping()) {
            long interval = millisToNanos(config.reconcileIntervalMillis());
            long due = nowNanos + interval;
            schedule.dueNanos = due + Math.floorMod(-due, TimeUnit.SECONDS.toNanos(1));
            metrics.omittedDumps.increment();
            schedule.regularNanos = nowNanos;
            return schedule.dueNanos - nowNanos;
        }
        return budget.regularIn(nowNanos);
    }

    private DumpRequest.Reason takeReason(Schedule schedule) {
        synchronized (schedules) {
            DumpRequest.Reason asked = schedule.asked;
            schedule.asked = null;
            if (asked != null) {
                return asked;
            }
        }
        if (schedule.owed != null) {
            return schedule.owed;
        }
        return schedule.track.dumps().gapOpen() ? DumpRequest.Reason.GAP : DumpRequest.Reason.RECONCILE;
    }

    private void dump(Schedule schedule, DumpRequest.Reason reason) {
        schedule.track.dumps().answerGaps();
        DumpRequest request = new DumpRequest(++lastSnapshotId, reason, reason == schedule.owed, clock.nanoTime());
        TableDump job = new TableDump(
                schedule.namespace,
                schedule.track,
                request,
                ring,
                clock,
                () -> stopping || schedule.removed,
                metrics::dumpProgress);
        if (config.openings() && reason.announcesUntracked()) {
            offer(schedule, outbox::offer, new ControlRecord.SnapshotBegin(request.snapshotId(), reason.text()));
        }
        long beginTimeNanos = clock.realtimeNanos();
        long cpuNanos = clock.threadCpuNanos();
        DumpResult result;
        try {
            result = job.run(schedule.acceptOdd);
        } catch (NetlinkException e) {
            metrics.failedDumps.increment();
            LOG.warn("dump failed, will be repeated: netns={} reason={}", schedule.namespace.netns(), reason.text(), e);
            result = schedule.track.dumps().result(request);
        }
        rest(schedule, reason, clock.threadCpuNanos() - cpuNanos);
        if (result != null) {
            declare(schedule, result, new ControlRecord.Window(beginTimeNanos, clock.realtimeNanos()));
            reschedule(schedule, result, job);
        }
    }

    private void rest(Schedule schedule, DumpRequest.Reason reason, long cpuNanos) {
        long now = clock.nanoTime();
        budget.took(cpuNanos, now);
        if (reason == DumpRequest.Reason.RECONCILE) {
            metrics.dumpInterval((now - schedule.regularNanos) / NANOS_PER_SECOND);
        }
        schedule.regularNanos = now;
        schedule.harvested |= reason == DumpRequest.Reason.NAMESPACE_REMOVED;
    }

    private void declare(Schedule schedule, DumpResult result, ControlRecord.Window window) {
        long snapshotId = result.request().snapshotId();
        DumpRequest.Reason reason = result.request().reason();
        if (!config.openings() || (!reason.announcesUntracked() && result.existing() == 0)) {
            return;
        }
        if (!reason.announcesUntracked()) {
            offer(schedule, outbox::offer, new ControlRecord.SnapshotBegin(snapshotId, reason.text()));
        }
        offer(
                schedule,
                outbox::offerAfterEvents,
                new ControlRecord.SnapshotEnd(
                        snapshotId, result.existing(), result.complete(), window, result.existingByZone()));
    }

    private void reschedule(Schedule schedule, DumpResult result, TableDump job) {
        long delayMillis;
        if (result.complete()) {
            metrics.dumps.increment();
            schedule.failures = 0;
            schedule.owed = null;
            schedule.acceptOdd = false;
            schedule.due = reconciles();
            delayMillis = reconcileDelayMillis(config.reconcileIntervalMillis(), job.entries());
        } else {
            metrics.incompleteDumps.increment();
            schedule.acceptOdd = job.odd();
            schedule.failures++;
            schedule.due = true;
            delayMillis = config.timing().dumpRetryMillis() << Math.min(schedule.failures - 1, MOST_RETRY_DOUBLINGS);
            schedule.owed = result.request().reason();
        }
        schedule.endedNanos = clock.nanoTime();
        schedule.dueNanos = schedule.endedNanos + millisToNanos(delayMillis);
        LOG.info(
                "dumped: netns={} reason={} entries={} existing={} ignored={} complete={} millis={} nextInMillis={}",
                schedule.namespace.netns(),
                result.request().reason().text(),
                job.entries(),
                result.existing(),
                result.ignored(),
                result.complete(),
                TimeUnit.NANOSECONDS.toMillis(
                        result.endNanos() - result.request().beginNanos()),
                schedule.due ? delayMillis : -1);
    }

    /** Delay from the end of a complete dump of {@code entries} entries to the next regular dump. */
    static long reconcileDelayMillis(long intervalMillis, long entries) {
        return Math.max(intervalMillis, entries / MOST_ENTRIES_PER_MILLI);
    }

    /** Offers the record until the outbox takes it, or the thread is to end. */
    private void offer(Schedule schedule, Offer to, ControlRecord record) {
        StreamId control = schedule.namespace.control();
        long timeMillis = TimeUnit.NANOSECONDS.toMillis(clock.realtimeNanos());
        while (!schedule.removed && !to.offer(control, record, timeMillis) && !stopping) { // nothing may follow STOPPED
            clock.park(this, OFFER_WAIT_NANOS);
        }
    }

    private static long millisToNanos(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** Gives up what is under way and ends the thread. */
    @Override
    public void close() {
        stopping = true;
        thread.close();
    }
}
