package dev.ctstream.verify;

import dev.ctstream.record.FlowKey;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.IntervalSet;
import dev.ctstream.record.StreamKey;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The account of one stream: which sequences are there, which were declared as lost, how far reports say it went, and
 * what became of its flows.
 *
 * <p>Bounds: about 400 bytes and 16 for each hole; {@link Verifier} bounds the streams and the holes.
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

    // Sequences, partition by partition in the order of reading.
    long duplicates;
    long reordered;
    boolean moved;
    private int partition = NO_PARTITION;
    private long highestOnPartition = -1;
    private long settled;
    boolean settledEarly;

    // From reports: numbers below these exist. The hard one is backed by a report before the last one.
    long reportedNext;
    private long hardNext;
    private int listedIn = -1;
    private long listedTimeMillis;
    private long snapshotNext; // where the run's first complete snapshot ends here; 0 = nothing to wait for

    // What holes are.
    final long[] lost = new long[GapCause.values().length];
    long undeclared;
    long expired;
    long underWay;

    /** A GAP that does not say where it ends: it reaches to the next event that is there. */
    private record OpenEnd(GapCause cause, long first) {}

    StreamAudit(RunAudit run, StreamKey key, int ordinal) {
        this.run = run;
        this.key = key;
        this.ordinal = ordinal;
        flowSeed = FlowKey.seed(key.hostId(), key.bootId(), key.netnsId(), key.zone());
    }

    /** Takes a sequence; false when it was there before. */
    boolean take(long sequence, int onPartition) {
        if (!seen.add(sequence)) {
            duplicates++;
            return false;
        }
        if (partition != onPartition) {
            moved |= partition != NO_PARTITION;
            partition = onPartition;
            highestOnPartition = -1; // no order is promised between partitions
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

    /** A GAP names [first, last]; last = {@link Long#MAX_VALUE}: unknown. */
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

    /** A report lists the stream; reports are numbered in the order in which they come. */
    void listed(int report, long nextSequence, long timeMillis) {
        if (nextSequence <= reportedNext) {
            return;
        }
        if (report > listedIn) {
            hardNext = reportedNext;
        }
        listedIn = report;
        reportedNext = nextSequence;
        listedTimeMillis = timeMillis;
    }

    /** The run's first complete snapshot reaches to this sequence; called before events are read. */
    void awaitSnapshot(long nextSequence) {
        snapshotNext = nextSequence;
    }

    /** Events that are there, each counted once. */
    long present() {
        return seen.count() - settled;
    }

    /** Declares the lowest hole's fate before its time, so that the state stays small. */
    void settleLowestHole(Holes holes) {
        settledEarly = true;
        seen.fillLowestHole((from, to) -> {
            settled += to - from;
            account(from, to, Hole.Kind.HOLE, holes);
        });
    }

    /** Says what all holes are. All control records and events have been taken. */
    void finish(Holes holes, TrimmedPartitions retention) {
        if (openEnds != null) {
            openEnds.forEach(end -> declare(end.cause, end.first, seen.nextFrom(end.first) - 1));
        }
        long end = seen.end();
        long begin = 0;
        if (end > 0 && retention.trimmed(partition)) {
            begin = seen.first();
            account(0, begin, 0, (from, to) -> expired += to - from);
        }
        seen.forEachHole(begin, end, (from, to) -> account(from, to, Hole.Kind.HOLE, holes));
        long hard = run.stopped() || listedIn < run.lastReport() ? reportedNext : hardNext;
        long tail = Math.max(end, hard);
        if (end == 0 && retention.mayHaveExpired(listedTimeMillis)) {
            account(0, tail, 0, (from, to) -> expired += to - from);
        } else {
            account(end, tail, end == 0 ? Hole.Kind.STREAM : Hole.Kind.TAIL, holes);
        }
        account(tail, reportedNext, 0, (from, to) -> onlyInLastReport(to - from));
    }

    /** Sequences that nothing but the run's last report knows. */
    private void onlyInLastReport(long count) {
        if (run.endedUncleanly()) {
            lost[GapCause.RESTART.index()] += count;
        } else {
            underWay += count;
        }
    }

    private void account(long from, long to, Hole.Kind kind, Holes holes) {
        account(from, to, 0, (first, next) -> {
            long covered = run.coveredWithoutRange(next - first);
            lost[GapCause.DAMAGE.index()] += covered;
            if (first + covered < next) {
                undeclared += next - first - covered;
                holes.add(new Hole(key, false, kind, first + covered, next - 1));
            }
        });
    }

    /** Gives each part of [from, to) to the first cause that declares it, and the rest to {@code rest}. */
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
