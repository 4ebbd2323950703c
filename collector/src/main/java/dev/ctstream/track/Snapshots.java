package dev.ctstream.track;

import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.conntrack.EventReceiver;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.NetlinkException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Dumps the tables of all namespaces, one after the other: when a namespace is first observed, on request, after a loss,
 * and regularly. Each dump announces flows that are not known and is looked through for known ones that it lacks.
 *
 * <p>A dump has no deadline: how fast it goes is up to the receive thread, which takes entries only when it has no
 * events. One that the kernel broke off, or that may lack entries, closes nothing and is repeated.
 *
 * <p>A snapshot's records: SNAPSHOT_BEGIN and SNAPSHOT_END enclose the EXISTING events; a dump after a loss and a regular
 * one make them only when they had something to announce.
 *
 * <p>Threads: owns {@code ctstream-dump}; the public methods may be called by any thread and do not wait.
 */
public final class Snapshots implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);
    private static final long JOIN_MILLIS = 5_000;
    private static final long SUBMIT_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final int MOST_RETRY_DOUBLINGS = 4;
    /** While losses go on, dumps must not add to the load: from one to the next so many times the delay after a GAP. */
    private static final int GAP_DUMP_SPACING = 5;

    /**
     * Entries that regular dumps of a namespace read at most, on average (ADR 12): for more than
     * {@code reconcile.interval-seconds} times 1000 entries the interval grows. An entry costs some 4 us of CPU, most of it in
     * the kernel: these are 0.4 % of a core.
     */
    private static final long MOST_ENTRIES_PER_MILLI = 1;

    private static final long MOST_WAIT_MILLIS = TimeUnit.HOURS.toMillis(1);

    private final FlowTracker tracker;
    private final Batcher batcher;
    private final TrackConfig config;
    private final TrackMetrics metrics;
    private final EventReceiver receiver;
    private final long lingerNanos;
    private final InstantSource clock = InstantSource.system();
    private final Map<Integer, Schedule> schedules = new LinkedHashMap<>();
    private final Thread thread = new Thread(this::run, "ctstream-dump");
    private volatile boolean stopping;
    private long lastSnapshotId;

    /** When a namespace is dumped next, and why. Of the dump thread, but for what was asked, guarded by the map. */
    private static final class Schedule {
        final ObservedNamespace namespace;
        final NamespaceTrack track;
        DumpState.@Nullable Reason asked;

        /** Of a dump that was not complete: what it promised is still owed. */
        DumpState.@Nullable Reason owed;

        volatile boolean removed;
        long dueNanos;
        boolean due;
        long endedNanos = System.nanoTime() - TimeUnit.HOURS.toNanos(1);
        int failures;
        boolean acceptOdd;

        Schedule(ObservedNamespace namespace, NamespaceTrack track) {
            this.namespace = namespace;
            this.track = track;
        }
    }

    /**
     * Starts nothing.
     *
     * @param batchLingerMillis {@code batch.linger-millis}: SNAPSHOT_END waits for the batches before it
     */
    public Snapshots(
            FlowTracker tracker,
            Batcher batcher,
            TrackConfig config,
            TrackMetrics metrics,
            EventReceiver receiver,
            int batchLingerMillis) {
        this.tracker = tracker;
        this.batcher = batcher;
        this.config = config;
        this.metrics = metrics;
        this.receiver = receiver;
        lingerNanos = TimeUnit.MILLISECONDS.toNanos(batchLingerMillis);
    }

    /** Begins. */
    public void start() {
        tracker.onGap(() -> LockSupport.unpark(thread));
        thread.setDaemon(true);
        thread.start();
    }

    /** Dumps the namespace soon, and then regularly. After its socket has joined its groups. */
    public void added(ObservedNamespace namespace, String reason) {
        Schedule schedule = new Schedule(namespace, tracker.namespace(namespace.socket()));
        if (config.snapshot() || reconciles()) {
            schedule.asked = reason.equals("start") ? DumpState.Reason.START : DumpState.Reason.NAMESPACE_ADDED;
        }
        synchronized (schedules) {
            schedules.put(namespace.socket().index(), schedule);
        }
        LockSupport.unpark(thread);
    }

    /** Dumps the namespace no longer; a dump under way is given up. */
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
            schedules.values().forEach(schedule -> schedule.asked = DumpState.Reason.REQUEST);
        }
        LockSupport.unpark(thread);
    }

    private boolean reconciles() {
        return config.reconcileIntervalMillis() > 0;
    }

    private void run() {
        while (!stopping) {
            Schedule next = null;
            DumpState.Reason reason = null;
            long waitNanos = TimeUnit.MILLISECONDS.toNanos(MOST_WAIT_MILLIS);
            for (Schedule schedule : copyOfSchedules()) {
                long in = dueIn(schedule, System.nanoTime());
                if (in <= 0 && next == null) {
                    next = schedule;
                    reason = takeReason(schedule);
                }
                waitNanos = Math.min(waitNanos, in);
            }
            if (next != null && reason != null) {
                dump(next, reason);
            } else {
                LockSupport.parkNanos(this, Math.max(waitNanos, 1));
            }
        }
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
        long gap = schedule.track.gapSinceNanos;
        if (gap != 0 && (reconciles() || config.snapshot())) {
            long delay = millisToNanos(config.timing().gapDumpDelayMillis());
            long soonest = Math.max(gap + delay, schedule.endedNanos + GAP_DUMP_SPACING * delay);
            in = Math.min(in, soonest - nowNanos);
        }
        return in;
    }

    private DumpState.Reason takeReason(Schedule schedule) {
        synchronized (schedules) {
            DumpState.Reason asked = schedule.asked;
            schedule.asked = null;
            if (asked != null) {
                return asked;
            }
        }
        if (schedule.owed != null) {
            return schedule.owed;
        }
        return schedule.track.gapSinceNanos == 0 ? DumpState.Reason.RECONCILE : DumpState.Reason.GAP;
    }

    private void dump(Schedule schedule, DumpState.Reason reason) {
        schedule.track.gapSinceNanos = 0;
        DumpState state = new DumpState(++lastSnapshotId, reason, reason == schedule.owed, System.nanoTime());
        DumpJob job = new DumpJob(
                schedule.namespace,
                schedule.track,
                state,
                receiver.injectedMessages(),
                () -> stopping || schedule.removed,
                metrics::dumpProgress);
        if (reason.announcesUntracked) {
            submit(schedule.track, new ControlRecord.SnapshotBegin(state.snapshotId, reason.text));
        }
        long beginTimeNanos = Clock.realtimeNanos();
        boolean finished;
        try {
            finished = job.run(schedule.acceptOdd);
        } catch (NetlinkException e) {
            metrics.failedDumps.increment();
            LOG.warn("dump failed, will be repeated: netns={} reason={}", schedule.namespace.netns(), reason.text, e);
            finished = state.ended();
        }
        if (finished) {
            declare(schedule.track, state, new ControlRecord.Window(beginTimeNanos, Clock.realtimeNanos()));
            reschedule(schedule, state, job);
        }
    }

    private void declare(NamespaceTrack track, DumpState state, ControlRecord.Window window) {
        if (!state.reason.announcesUntracked && state.existing == 0) {
            return;
        }
        if (!state.reason.announcesUntracked) {
            submit(track, new ControlRecord.SnapshotBegin(state.snapshotId, state.reason.text));
        }
        // The last EXISTING may still be in an open batch, and this record says that all were handed over.
        LockSupport.parkNanos(2 * lingerNanos);
        List<ControlRecord.StreamPosition> positions = new ArrayList<>();
        track.streams.forEachStream((zone, nextSequence) -> {
            if (state.existing(zone) > 0) {
                positions.add(new ControlRecord.StreamPosition(zone, nextSequence, (long) state.existing(zone)));
            }
        });
        for (ControlRecord.StreamPart part : StreamPositions.parts(positions)) {
            submit(
                    track,
                    new ControlRecord.SnapshotEnd(state.snapshotId, state.existing, state.complete, window, part));
        }
    }

    private void reschedule(Schedule schedule, DumpState state, DumpJob job) {
        long delayMillis;
        if (state.complete) {
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
            schedule.owed = state.reason;
        }
        schedule.endedNanos = System.nanoTime();
        schedule.dueNanos = schedule.endedNanos + millisToNanos(delayMillis);
        LOG.info(
                "dumped: netns={} reason={} entries={} existing={} ignored={} complete={} millis={} nextInMillis={}",
                schedule.namespace.netns(),
                state.reason.text,
                job.entries(),
                state.existing,
                state.ignored,
                state.complete,
                TimeUnit.NANOSECONDS.toMillis(state.endNanos - state.beginNanos),
                schedule.due ? delayMillis : -1);
    }

    /** From the end of a complete dump that showed so many entries to the next regular one. */
    static long reconcileDelayMillis(long intervalMillis, long entries) {
        return Math.max(intervalMillis, entries / MOST_ENTRIES_PER_MILLI);
    }

    private void submit(NamespaceTrack track, ControlRecord record) {
        while (!batcher.submit(track.streams, record, clock.millis()) && !stopping) {
            LockSupport.parkNanos(SUBMIT_WAIT_NANOS);
        }
        receiver.wake();
    }

    private static long millisToNanos(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** Gives up what is under way and ends the thread. */
    @Override
    public void close() {
        stopping = true;
        LockSupport.unpark(thread);
        try {
            thread.join(JOIN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
