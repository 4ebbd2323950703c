package dev.ctstream.verify;

import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.IntervalSet;
import dev.ctstream.record.RunKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The account of one run of a collector in one network namespace: its control records, and its streams.
 *
 * <p>Bounds: {@value #MOST_SNAPSHOTS} snapshots are compared with their events and {@value #MOST_WINDOWS} restarts are
 * listed; further ones are only counted.
 *
 * <p>Threads: confined to one.
 */
final class RunAudit {
    static final int MOST_SNAPSHOTS = 10_000;
    static final int MOST_WINDOWS = 100;

    final RunKey key;
    final HostRun host;
    final Map<HostRun, List<RunAudit>> source; // all runs with this host and namespace name
    final Map<Integer, StreamAudit> streams = new HashMap<>();

    // Control records.
    final IntervalSet control = new IntervalSet();
    private final IntervalSet controlDeclared = new IntervalSet();
    long controlDuplicates;
    long controlLost;
    long controlExpired;
    int controlPartition = Integer.MIN_VALUE;
    private boolean started;
    private boolean stopped;
    private boolean operator;
    final long[] gaps = new long[GapCause.values().length];
    long restarts;
    final List<Window> windows = new ArrayList<>();

    // Reports.
    private long reportId = -1;
    private int lastReport = -1;
    private long reportMillis; // of the last one; of the run's begin when there is none
    private long reportBeforeMillis;
    private boolean numbered; // reports have a log_index
    private long lastLogIndex = -1;
    private long sequenced;
    private long streamCount;
    long malformed;

    @Nullable
    Long foreign; // null = unknown

    private long unlistedInSpool;

    // Kernel losses.
    long kernelDeclared;
    long kernelGaps;
    long failedAttempts;
    boolean exact = true;
    private boolean filters;
    private long lostTotal;
    long kernelUndeclared;
    long unlisted;

    // Snapshots.
    private final Map<Long, Long> snapshots = new HashMap<>(); // id -> EXISTING events not read yet
    private long completeSnapshot = -1;
    private int unreadSnapshotStreams;

    /** Time without a collector, ns since 1970-01-01 UTC; 0 = unknown. */
    record Window(long startNanos, long endNanos) {}

    RunAudit(RunKey key, HostRun host, Map<HostRun, List<RunAudit>> source) {
        this.key = key;
        this.host = host;
        this.source = source;
        reportMillis = TimeUnit.NANOSECONDS.toMillis(key.streamEpoch());
    }

    /** Whether its STARTED says that it follows only some flows. */
    boolean filters() {
        return filters;
    }

    /** Takes a control record's sequence; false when it was seen before. */
    boolean take(long controlSequence, int partition) {
        controlPartition = partition;
        if (!control.add(controlSequence)) {
            controlDuplicates++;
            return false;
        }
        return true;
    }

    void started(DecodedRecord record) {
        started = true;
        stopped = false;
        filters |= !record.text("filter_digest").isEmpty();
        host.started(record);
    }

    /** Records that the run is a command that changed entries: it has no STARTED, no events and no end. */
    void operator() {
        operator = true;
    }

    void report(DecodedRecord record, boolean last) {
        long id = record.number("report_id").orElse(-1L);
        if (id != reportId || id < 0) {
            reportId = id;
            lastReport++;
            reportBeforeMillis = reportMillis;
            reportMillis = record.number("time").orElse(reportMillis);
        }
        stopped = last;
        if (lastPart(record)) {
            sequenced = record.number("events_sequenced").orElse(0L);
            streamCount = record.number("stream_count").orElse(0L);
            lastLogIndex = logIndex(record, lastReport);
        }
        malformed = record.number("events_malformed").orElse(0L);
        foreign = record.number("events_foreign").orElse(null);
        lostTotal(record.number("lost_total").orElse(0L));
        exact &= !Boolean.FALSE.equals(record.value("loss_exact"));
    }

    /** Whether all records of a report or of a SNAPSHOT_END have been read; they are in order on one partition. */
    private static boolean lastPart(DecodedRecord record) {
        return record.number("report_part").orElse(0L) + 1
                >= record.number("report_parts").orElse(1L);
    }

    void snapshotEnd(DecodedRecord record) {
        long id = record.number("snapshot_id").orElse(-1L);
        long entries = record.number("entries").orElse(0L);
        if (entries > 0 && lastPart(record) && snapshots.size() < MOST_SNAPSHOTS) {
            snapshots.put(id, entries);
        }
        if (completeSnapshot < 0 && Boolean.TRUE.equals(record.value("snapshot_complete"))) {
            completeSnapshot = id;
        }
    }

    /** Whether the record belongs to the run's first complete snapshot. */
    boolean isFirstComplete(DecodedRecord record) {
        return completeSnapshot >= 0 && record.number("snapshot_id").orElse(-1L) == completeSnapshot;
    }

    void awaitSnapshot(StreamAudit stream, long nextSequence) {
        if (nextSequence > 0) {
            stream.awaitSnapshot(nextSequence);
            unreadSnapshotStreams++;
        }
    }

    void snapshotStreamRead() {
        unreadSnapshotStreams--;
    }

    void existing(long snapshotId) {
        snapshots.computeIfPresent(snapshotId, (id, missing) -> missing - 1);
    }

    /** Takes the number of events of this run that the kernel dropped, from a batch or a report. */
    void lostTotal(long total) {
        lostTotal = Math.max(lostTotal, total);
    }

    void kernelGap(DecodedRecord record) {
        kernelGaps++;
        kernelDeclared += record.number("lost_count").orElse(0L);
        failedAttempts += record.number("failed_attempts").orElse(0L);
        exact &= !Boolean.FALSE.equals(record.value("loss_exact"));
    }

    void restartGap(DecodedRecord record) {
        restarts++;
        if (windows.size() < MOST_WINDOWS) {
            windows.add(new Window(
                    record.number("window_start_ns").orElse(0L),
                    record.number("window_end_ns").orElse(0L)));
        }
    }

    /** Takes a GAP that declares control records as lost. */
    void declareControl(long first, long last) {
        controlDeclared.addRange(first, last == Long.MAX_VALUE ? last : last + 1);
    }

    boolean stopped() {
        return stopped;
    }

    boolean endedUncleanly() {
        return !stopped && (restarts > 0 || host.endedUncleanly());
    }

    /** Whether this is the last run of its host and has no end: it may be running. */
    boolean open() {
        return !stopped && !operator && control.count() > 0 && !host.hasNext();
    }

    int lastReport() {
        return lastReport;
    }

    /** Time of the last report, or of the run's begin. */
    long reportMillis() {
        return reportMillis;
    }

    /** As {@link #reportMillis}, of the report before that. */
    long reportBeforeMillis() {
        return reportBeforeMillis;
    }

    /**
     * The log_index of a report. A record of a version that does not fill it has the number of the report instead;
     * then the next report acknowledges it, and STOPPED acknowledges itself.
     */
    long logIndex(DecodedRecord record, int report) {
        Optional<Long> logIndex = record.number("log_index");
        numbered |= logIndex.isPresent();
        return logIndex.orElse((long) report);
    }

    /** What reports with a {@link #logIndex} up to this one count is in Kafka or declared. */
    long acknowledgedIndex() {
        if (numbered) {
            return host.acknowledgedIndex();
        }
        return stopped ? lastReport : lastReport - 1;
    }

    /** Whether no event of this run can still come. */
    boolean settled() {
        return host.settled() || (!numbered && endedUncleanly());
    }

    /** Events that only reports show, and that can still come. */
    long inSpool() {
        return unlistedInSpool
                + streams.values().stream().mapToLong(stream -> stream.inSpool).sum();
    }

    long coveredWithoutRange(long missing) {
        return host.coveredWithoutRange(missing);
    }

    /** Events that the kernel dropped, as far as known. */
    long kernelLost() {
        return Math.max(lostTotal, kernelDeclared);
    }

    /** Whether some of its control records are there. */
    boolean hasControl() {
        return control.count() > 0;
    }

    /** Whether flows of this run have ended if no later run knows them. */
    boolean superseded(boolean everythingRead) {
        for (Map.Entry<HostRun, List<RunAudit>> entry : source.entrySet()) {
            List<RunAudit> later = entry.getValue();
            if (!entry.getKey().after(host)) {
                continue;
            }
            boolean complete = later.stream().anyMatch(run -> run.completeSnapshot >= 0);
            boolean rebooted = !entry.getKey().id.bootId().equals(key.bootId());
            if (everythingRead && (rebooted || complete)) {
                return true;
            }
            boolean read = later.stream().allMatch(run -> run.unreadSnapshotStreams == 0)
                    && later.stream().anyMatch(run -> !run.streams.isEmpty());
            if (complete && read) {
                return true;
            }
        }
        return false;
    }

    /** Compares control records, reports and events. Finish the streams first. */
    void finish(Holes holes, TrimmedPartitions retention, Findings problems, Findings remarks) {
        boolean trimmed = retention.trimmed(controlPartition, key);
        controlHoles(holes, trimmed);
        if (onlyNamed() || operator) {
            return;
        }
        boolean startDeclared = controlDeclared.countIn(0, 1) > 0;
        boolean endDeclared = controlDeclared.end() > control.end() || restarts > 0;
        if (!started && !startDeclared && !trimmed) {
            if (!retention.any(key)) {
                problems.add(Findings.NO_CONTROL, key, "has events but no record STARTED in the control topic");
            }
        } else if (!stopped && !endDeclared && host.endUndeclared()) {
            problems.add(Findings.NO_END, key, "has neither STOPPED nor a next run that declares its end");
        }
        if (malformed > 0) {
            problems.add(
                    Findings.MALFORMED,
                    key,
                    malformed + " event messages of the kernel could not be understood: they are neither in the topic"
                            + " nor declared");
        }
        if (foreign != null && foreign > 0) {
            remarks.add(
                    Findings.FOREIGN,
                    key,
                    foreign + " datagrams on the event socket did not come from the kernel and were not decoded");
        }
        compareTotals(trimmed, problems);
        compareKernel(trimmed, problems);
        if (lossless()) {
            snapshots.forEach((id, missing) -> {
                if (missing != 0) {
                    problems.add(
                            Findings.SNAPSHOT,
                            key,
                            "snapshot " + id + ": the entries in SNAPSHOT_END and the"
                                    + " EXISTING events present differ by " + missing);
                }
            });
        }
    }

    /**
     * Whether a GAP names this run but none of its records are present. Only its own records could show whether any are
     * missing.
     */
    private boolean onlyNamed() {
        return control.count() == 0 && streams.values().stream().allMatch(stream -> stream.present() == 0);
    }

    private void controlHoles(Holes holes, boolean trimmed) {
        long begin = trimmed ? control.first() : 0;
        controlExpired = begin;
        control.forEachHole(begin, control.end(), (from, to) -> {
            controlLost += controlDeclared.countIn(from, to);
            controlDeclared.forEachHole(
                    from,
                    to,
                    (first, next) -> holes.add(new Hole(key.stream(-1), true, Hole.Kind.HOLE, first, next - 1)));
        });
    }

    private void compareTotals(boolean trimmed, Findings problems) {
        if (lastReport < 0 || (!stopped && (trimmed || controlDeclared.count() > 0))) {
            return; // the lists of streams may be among the missing records
        }
        long known = 0;
        for (StreamAudit stream : streams.values()) {
            long end = stream.seen.end();
            known += stream.listedNext > 0 ? stream.listedNext : end;
            if (stopped && end > stream.listedNext) {
                problems.add(
                        Findings.TOTALS,
                        key,
                        "zone " + stream.key.zone() + ": STOPPED counts " + stream.listedNext
                                + " events, the topic has up to sequence " + (end - 1));
            }
        }
        long more = Math.max(0, sequenced - known);
        if (!settled() && lastLogIndex > acknowledgedIndex()) {
            unlistedInSpool = more;
            return;
        }
        unlisted = more;
        if (unlisted > 0 || streamCount > streams.size()) {
            problems.add(
                    Findings.TOTALS,
                    key,
                    "its last report counts " + sequenced + " events in " + streamCount
                            + " streams, of which " + unlisted + " events in "
                            + Math.max(0, streamCount - streams.size())
                            + " streams are neither present nor listed");
        }
    }

    private void compareKernel(boolean trimmed, Findings problems) {
        if (!stopped || trimmed || controlDeclared.count() > 0) {
            return; // a GAP may still come or may be missing; lost_total has the count
        }
        kernelUndeclared = Math.max(0, lostTotal - kernelDeclared);
        if (lostTotal != kernelDeclared) {
            problems.add(
                    Findings.KERNEL,
                    key,
                    "lost_total is " + lostTotal + ", the GAP records of cause kernel count " + kernelDeclared);
        }
    }

    private boolean lossless() {
        return control.intervals() == 1
                && unlisted == 0
                && streams.values().stream().allMatch(StreamAudit::whole);
    }
}
