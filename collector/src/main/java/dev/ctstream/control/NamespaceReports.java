package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.NamespaceStreams;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.netlink.Clock;
import dev.ctstream.track.TrackedNamespace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Creates the STARTED, HEARTBEAT and STOPPED records of one namespace.
 *
 * <p>Ownership: owns its request channel. Threads: confined to one thread at a time.
 */
final class NamespaceReports implements AutoCloseable {
    /** Heartbeats from one reading of the sysctls to the next: a reading in another namespace starts a thread. */
    private static final int HEARTBEATS_PER_SYSCTLS = 6;

    final TrackedNamespace track;
    final NamespaceStreams streams;
    private final ObservedNamespace observed;
    private final RunDescription facts;
    private final TableCounters counters;
    private final ReliableListeners otherListeners;
    private final StreamPositions positions = new StreamPositions();
    private ControlRecord.Sysctls sysctls;
    private boolean inexact;
    private long reports;

    NamespaceReports(
            ObservedNamespace observed,
            TrackedNamespace track,
            NamespaceStreams streams,
            RunDescription facts,
            ControlRecord.Sysctls sysctls) {
        this.observed = observed;
        this.track = track;
        this.streams = streams;
        this.facts = facts;
        this.sysctls = sysctls;
        counters = new TableCounters(observed.namespace(), observed.netns());
        otherListeners = new ReliableListeners(
                observed.namespace(),
                observed.netns(),
                observed.socket().socket().portId());
        checkListeners();
    }

    private void checkListeners() {
        boolean exact = !otherListeners.reliable();
        track.exactLosses(exact);
        inexact |= !exact || track.delivery().reliable();
    }

    ControlRecord started(String reason, RunDescription.@Nullable PreviousRun previous) {
        ControlRecord.PreviousRun named =
                previous == null ? null : new ControlRecord.PreviousRun(previous.streamEpoch(), previous.bootId());
        return new ControlRecord.Started(reason, facts.settings(), named, state());
    }

    List<ControlRecord> heartbeat() {
        checkListeners();
        if (reports % HEARTBEATS_PER_SYSCTLS == HEARTBEATS_PER_SYSCTLS - 1) {
            ControlRecord.Sysctls now = Sysctls.read(observed.namespace());
            sysctls = new ControlRecord.Sysctls(now.events(), now.acct(), now.timestamp(), sysctls.changed());
        }
        List<ControlRecord> records = new ArrayList<>();
        for (ControlRecord.Report report : reports(false)) {
            records.add(new ControlRecord.Heartbeat(report, state()));
        }
        return records;
    }

    List<ControlRecord> stopped(String reason) {
        List<ControlRecord> records = new ArrayList<>();
        for (ControlRecord.Report report : reports(true)) {
            records.add(new ControlRecord.Stopped(reason, report, state()));
        }
        return records;
    }

    private List<ControlRecord.Report> reports(boolean complete) {
        List<ControlRecord.StreamPart> parts = positions.read(streams, complete);
        ControlRecord.Totals totals = totals();
        ControlRecord.TableState table = counters.read();
        long id = reports++;
        return parts.stream()
                .map(part -> new ControlRecord.Report(id, part, complete, totals, table))
                .toList();
    }

    private ControlRecord.Totals totals() {
        EventSource source = observed.socket();
        TrackedNamespace.Counts counts = track.counts();
        inexact |= track.delivery().reliable();
        return new ControlRecord.Totals(
                positions.sequenced(),
                streams.streamCount(),
                new ControlRecord.Received(counts.received(), source.undecodableTotal(), 0, counts.unknownAttributes()),
                new ControlRecord.Losses(streams.droppedEvents(), streams.lostTotal(), source.dropsTotal(), !inexact),
                new ControlRecord.Flows(counts.live(), counts.untracked()));
    }

    private ControlRecord.NamespaceState state() {
        Boolean disciplined = Clock.disciplined();
        return new ControlRecord.NamespaceState(
                (long) observed.socket().grant().effectiveBytes(),
                sysctls,
                track.delivery().reliable() ? "reliable" : "counted",
                disciplined == null ? null : disciplined ? "synchronized" : "unsynchronized",
                facts.filterDigest());
    }

    @Override
    public void close() {
        counters.close();
        otherListeners.close();
    }
}
