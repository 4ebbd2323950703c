package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.NamespaceStreams;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.track.TrackedNamespace;
import org.jspecify.annotations.Nullable;

/**
 * Creates the STARTED, HEARTBEAT and STOPPED records of one namespace. The spool thread adds the counts of its streams.
 *
 * <p>Ownership: owns its request channel. Threads: confined to one thread at a time.
 */
final class NamespaceReports implements AutoCloseable {
    /** Intervals from one reading of the sysctls to the next: a reading in another namespace starts a thread. */
    private static final int LOOKS_PER_SYSCTLS = 6;

    final TrackedNamespace track;
    final NamespaceStreams streams;
    private final NamespaceAccess observed;
    private final RunDescription facts;
    private final TableCounters counters;
    private final NamespaceAccess.OtherListeners otherListeners;
    private final Health health;
    private final StageClock clock;
    private final HeartbeatInterval interval;
    private ControlRecord.Sysctls sysctls;
    private final long undecodableBefore; // in earlier runs, on the same socket
    private final long foreignBefore;
    private final long dropsBefore;
    private boolean inexact;
    private long looks;
    private long lookedActivity = -1;
    private ControlRecord.@Nullable TableState last; // once closed
    private FullestTables.@Nullable Table shown;

    NamespaceReports(
            NamespaceAccess observed,
            TrackedNamespace track,
            NamespaceStreams streams,
            RunDescription facts,
            ControlRecord.Sysctls sysctls,
            Health health,
            long intervalNanos,
            StageClock clock) {
        this.observed = observed;
        this.health = health;
        this.clock = clock;
        this.track = track;
        this.streams = streams;
        this.facts = facts;
        this.sysctls = sysctls;
        interval = new HeartbeatInterval(intervalNanos, clock.nanoTime());
        counters = new TableCounters(observed, clock);
        otherListeners = observed.otherListeners();
        undecodableBefore = observed.source().undecodableTotal();
        foreignBefore = observed.source().foreignTotal();
        dropsBefore = observed.source().dropsTotal();
        track.silent(Sysctls.silent(sysctls));
        checkListeners();
    }

    String netns() {
        return observed.netns();
    }

    private void checkListeners() {
        boolean exact = !otherListeners.reliable();
        track.exactLosses(exact);
        inexact |= !exact || track.delivery().reliable();
    }

    ControlRecord started(String reason) {
        return new ControlRecord.Started(reason, facts.settings(), facts.precedingRun(), state(), observed.foundBy());
    }

    /**
     * Whether a heartbeat is due; see {@link HeartbeatInterval}.
     *
     * @param alone whether no other namespace is observed
     */
    boolean isDue(boolean alone) {
        return interval.isDue(activity(), alone, clock.nanoTime());
    }

    private long activity() {
        EventSource source = observed.source();
        return track.counts().received()
                + source.undecodableTotal()
                + source.foreignTotal()
                + source.dropsTotal()
                + streams.lostTotal();
    }

    /**
     * Looks at other listeners, and now and then at the sysctls. Before each heartbeat.
     *
     * @param rests whether the channels are closed in between, see {@link #rest}: then each look enters the namespace, and
     *     other listeners are looked for only if events came or were lost
     */
    void look(boolean rests) {
        long activity = activity();
        if (!rests || activity != lookedActivity) {
            checkListeners();
        }
        lookedActivity = activity;
        if (++looks % LOOKS_PER_SYSCTLS == 0) {
            ControlRecord.Sysctls now = observed.sysctls();
            sysctls = new ControlRecord.Sysctls(now.events(), now.acct(), now.timestamp(), sysctls.changed());
            Sysctls.report(health, netns(), now, observed.named());
            track.silent(Sysctls.silent(now));
        }
    }

    ControlRecord heartbeat() {
        return new ControlRecord.Heartbeat(report(), state());
    }

    /** The last {@link #heartbeat} was handed over; the next one counts growth from it. */
    void reported() {
        counters.reported();
        interval.reported(activity(), clock.nanoTime());
    }

    ControlRecord stopped(String reason) {
        return new ControlRecord.Stopped(reason, report(), state());
    }

    private ControlRecord.Report report() {
        EventSource source = observed.source();
        TrackedNamespace.Counts counts = track.counts();
        inexact |= track.delivery().reliable();
        return new ControlRecord.Report(
                new ControlRecord.Received(
                        counts.received(),
                        source.undecodableTotal() - undecodableBefore,
                        counts.filtered(),
                        source.foreignTotal() - foreignBefore,
                        counts.unknownAttributes()),
                new ControlRecord.KernelLosses(streams.lostTotal(), source.dropsTotal() - dropsBefore, !inexact),
                new ControlRecord.Flows(counts.live(), counts.untracked()),
                table());
    }

    private ControlRecord.TableState table() {
        ControlRecord.TableState known = last;
        ControlRecord.TableState now = known == null ? counters.read() : known;
        shown = new FullestTables.Table(netns(), now.count(), now.max(), sysctls);
        return now;
    }

    /** The table as the last report has it; null = there was none yet. */
    FullestTables.@Nullable Table shown() {
        return shown;
    }

    /** The namespace is being removed: reads its table for the last time, and lets go of it. */
    void end() {
        last = counters.read();
        close();
    }

    private ControlRecord.NamespaceState state() {
        Boolean disciplined = clock.disciplined();
        return new ControlRecord.NamespaceState(
                observed.receiveBufferBytes(),
                sysctls,
                track.delivery().reliable() ? "reliable" : "counted",
                disciplined == null ? null : disciplined ? "synchronized" : "unsynchronized",
                facts.filterDigest());
    }

    /** Closes its channels until they are needed again. */
    void rest() {
        counters.close();
        otherListeners.close();
    }

    @Override
    public void close() {
        rest();
    }
}
