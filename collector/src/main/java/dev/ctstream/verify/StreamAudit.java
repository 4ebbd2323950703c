package dev.ctstream.verify;

import dev.ctstream.record.FlowKey;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.IntervalSet;
import dev.ctstream.record.StreamKey;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The account of one stream: its present sequences, its declared losses, its length according to reports, and the fate
 * of its flows.
 *
 * <p>Bounds: about 450 bytes, plus those of {@link ReportedLength} and 16 for each hole; {@link Verifier} bounds the
 * streams and the holes.
 *
 * <p>Threads: confined to one.
 */
final class StreamAudit {
    private static final int NO_PARTITION = Integer.MIN_VALUE;

    final RunAudit run;
    final StreamKey key;
    final int ordinal;
    final long flowSeed;
    final FlowCounts flows = new FlowCounts();
    final IntervalSet seen = new IntervalSet();
    private @Nullable IntervalSet @Nullable [] declared; // by cause
    private @Nullable List<OpenEnd> openEnds;
    private @Nullable IntervalSet perhapsDeclared; // by a GAP that retention may have removed

    // Sequences, partition by partition in the order of reading.
    long duplicates;
    long reordered;
    private int partition = NO_PARTITION;
    private int otherPartition = NO_PARTITION;
    private long highestOnPartition = -1;
    private long receivedMillis; // of the record that is being read
    private long receivedBeforeMillis; // of the one before it
    private long settled;
    boolean settledEarly;

    // From reports: sequences below these exist.
    long listedNext; // HEARTBEAT and STOPPED
    long reportedNext; // SNAPSHOT_END too
    private long firstListedNext = -1;
    private final ReportedLength reported = new ReportedLength();
    private long beforeLastNext; // from reports before the last one that lists the stream
    private int listedIn = -1;
    private long lastAfterMillis; // its last event that was not lost was appended after that
    private long snapshotNext; // end of the run's first complete snapshot in this stream; 0 = not waiting for one

    // The holes by explanation.
    final long[] lost = new long[GapCause.values().length];
    long undeclared;
    long expired;
    long inSpool;

    /** A GAP without an end: it extends to the next present event. */
    private record OpenEnd(GapCause cause, long first) {}

    StreamAudit(RunAudit run, StreamKey key, int ordinal) {
        this.run = run;
        this.key = key;
        this.ordinal = ordinal;
        flowSeed = FlowKey.seed(key.hostId(), key.bootId(), key.netnsId(), key.zone());
        receivedMillis = TimeUnit.NANOSECONDS.toMillis(key.streamEpoch());
    }

    /** Begins a record with the time at which its first event was received. */
    void begin(long millis) {
        receivedBeforeMillis = receivedMillis;
        receivedMillis = millis;
    }

    /** Takes a sequence; false when it was seen before. */
    boolean take(long sequence, int onPartition, TrimmedPartitions control) {
        if (sequence > seen.end()) {
            mayBeDeclared(seen.end(), sequence, receivedBeforeMillis, control);
        }
        if (partition != onPartition) {
            if (partition >= 0 && onPartition >= 0) {
                otherPartition = partition;
            }
            partition = onPartition;
            highestOnPartition = -1; // no order is guaranteed between partitions
        }
        if (!seen.add(sequence)) {
            duplicates++;
            return false;
        }
        if (sequence < highestOnPartition) {
            reordered++;
        }
        highestOnPartition = Math.max(highestOnPartition, sequence);
        if (snapshotNext != 0 && seen.end() >= snapshotNext) {
            snapshotNext = 0;
            run.snapshotStreamRead();
        }
        return true;
    }

    /** Whoever loses events declares it after it has received the ones before them. */
    private void mayBeDeclared(long from, long to, long afterMillis, TrimmedPartitions control) {
        if (from < to && control.laterMayHaveExpired(afterMillis, run.key, run.hasControl())) {
            IntervalSet set = perhapsDeclared == null ? new IntervalSet() : perhapsDeclared;
            perhapsDeclared = set;
            set.addRange(from, to);
        }
    }

    /** Takes a GAP for [first, last]; last = {@link Long#MAX_VALUE}: unknown. */
    void declare(GapCause cause, long first, long last) {
        if (last == Long.MAX_VALUE) {
            List<OpenEnd> ends = openEnds == null ? new ArrayList<>(1) : openEnds;
            openEnds = ends;
            ends.add(new OpenEnd(cause, first));
            return;
        }
        @Nullable IntervalSet[] sets = declared == null ? new IntervalSet[lost.length] : declared;
        declared = sets;
        IntervalSet set = sets[cause.index()];
        if (set == null) {
            set = new IntervalSet();
            sets[cause.index()] = set;
        }
        set.addRange(first, last + 1);
    }

    /**
     * Takes a report that lists the stream.
     *
     * @param report number of the report in reading order
     * @param logIndex as in {@link ReportedLength}
     * @param beforeMillis of the report before it
     */
    void listed(int report, long logIndex, long nextSequence, long beforeMillis) {
        firstListedNext = firstListedNext < 0 ? nextSequence : firstListedNext;
        if (nextSequence <= reportedNext) {
            return;
        }
        if (report > listedIn) {
            beforeLastNext = reportedNext;
        }
        listedIn = report;
        if (!isDeclared(reportedNext, nextSequence)) {
            lastAfterMillis = beforeMillis;
        }
        reportedNext = nextSequence;
        reported.add(logIndex, nextSequence, run.acknowledgedIndex());
    }

    /** Whether one cause declares all of [from, to). */
    private boolean isDeclared(long from, long to) {
        @Nullable IntervalSet[] sets = declared;
        for (int cause = 0; sets != null && cause < sets.length; cause++) {
            IntervalSet set = sets[cause];
            if (set != null && set.countIn(from, to) == to - from) {
                return true;
            }
        }
        return false;
    }

    /** Whether events are on two partitions; {@link #partitions} names them. */
    boolean moved() {
        return otherPartition != NO_PARTITION;
    }

    /** Two partitions that have events of the stream. */
    String partitions() {
        return Math.min(partition, otherPartition) + " and " + Math.max(partition, otherPartition);
    }

    /** Sets the sequence up to which the run's first complete snapshot extends; called before events are read. */
    void awaitSnapshot(long nextSequence) {
        snapshotNext = nextSequence;
    }

    /** Present events, each counted once. */
    long present() {
        return seen.count() - settled;
    }

    /** Whether all events that are known of are present: none is missing below the last one, present or reported. */
    boolean whole() {
        return present() == Math.max(seen.end(), reportedNext);
    }

    /** Settles the lowest hole early, so that the state stays small. */
    void settleLowestHole(Holes holes) {
        settledEarly = true;
        seen.fillLowestHole((from, to) -> {
            settled += to - from;
            account(from, to, Hole.Kind.HOLE, holes);
        });
    }

    /**
     * Explains all holes. Call it after all control records and events have been taken.
     *
     * <p>Below the highest present sequence a hole is final. Above it, what reports count is final once it is
     * acknowledged; the rest is still in the spool. A machine that dies without writing its cache to disk may lose
     * what only the last report of the run had counted; the GAP of cause restart declares that.
     */
    void finish(Holes holes, TrimmedPartitions retention, TrimmedPartitions control) {
        long declaredEnd = declaredEnd();
        if (openEnds != null) {
            openEnds.forEach(end -> declare(end.cause, end.first, seen.nextFrom(end.first) - 1));
        }
        long end = seen.end();
        long begin = 0;
        if (retention.beginsInTheMiddle(run.key)) {
            // What the first report counted may precede what was read, but not what reports counted afterwards.
            begin = end == 0 ? Math.max(0, firstListedNext) : seen.first();
            begin = firstListedNext >= 0 ? Math.min(begin, firstListedNext) : begin;
            end = Math.max(begin, end);
        } else if (end > 0 && retention.trimmed(partition, run.key)) {
            begin = seen.first();
            account(0, begin, 0, (from, to) -> expired += to - from);
        }
        seen.forEachHole(begin, end, (from, to) -> account(from, to, Hole.Kind.HOLE, holes));
        long acknowledged = reported.finalNext(run.acknowledgedIndex());
        long settled = Math.max(end, run.settled() ? reportedNext : acknowledged);
        long onDisk = listedIn < run.lastReport() ? reportedNext : beforeLastNext;
        long tail = run.endedUncleanly() ? Math.min(settled, Math.max(acknowledged, onDisk)) : settled;
        mayBeDeclared(end, Math.max(tail, declaredEnd), receivedMillis, control);
        if (end == 0 && retention.mayHaveExpired(lastAfterMillis, run.key)) {
            account(0, tail, 0, (from, to) -> expired += to - from);
        } else {
            account(end, tail, end == 0 ? Hole.Kind.STREAM : Hole.Kind.TAIL, holes);
        }
        account(Math.max(end, tail), settled, 0, (from, to) -> lost[GapCause.RESTART.index()] += to - from);
        account(settled, reportedNext, 0, (from, to) -> inSpool += to - from);
        account(Math.max(settled, reportedNext), declaredEnd, 0, (from, to) -> belowGap(from, to, holes));
    }

    /** Explains events that only a GAP for later ones shows: they are in no report. */
    private void belowGap(long from, long to, Holes holes) {
        if (!run.settled()) {
            inSpool += to - from;
        } else if (run.endedUncleanly()) {
            lost[GapCause.RESTART.index()] += to - from;
        } else {
            account(from, to, Hole.Kind.TAIL, holes);
        }
    }

    /** The sequence after the last one that a GAP declares; 0 = none. */
    private long declaredEnd() {
        long last = 0;
        @Nullable IntervalSet[] sets = declared;
        for (int cause = 0; sets != null && cause < sets.length; cause++) {
            IntervalSet set = sets[cause];
            last = set == null ? last : Math.max(last, set.end());
        }
        return last;
    }

    private void account(long from, long to, Hole.Kind kind, Holes holes) {
        account(from, to, 0, (first, next) -> {
            long covered = run.coveredWithoutRange(next - first);
            lost[GapCause.DAMAGE.index()] += covered;
            IntervalSet perhaps = perhapsDeclared == null ? new IntervalSet() : perhapsDeclared;
            expired += perhaps.countIn(first + covered, next);
            perhaps.forEachHole(first + covered, next, (missing, end) -> {
                undeclared += end - missing;
                holes.add(new Hole(key, false, kind, missing, end - 1));
            });
        });
    }

    /** Assigns each part of [from, to) to the first cause that declares it, and passes the rest to {@code rest}. */
    private void account(long from, long to, int cause, IntervalSet.RangeHandler rest) {
        @Nullable IntervalSet[] sets = declared;
        if (from >= to) {
            return;
        }
        if (sets == null || cause == sets.length) {
            rest.onRange(from, to);
            return;
        }
        IntervalSet set = sets[cause];
        if (set == null) {
            account(from, to, cause + 1, rest);
            return;
        }
        lost[cause] += set.countIn(from, to);
        set.forEachHole(from, to, (first, next) -> account(first, next, cause + 1, rest));
    }
}
