package dev.ctstream.spool;

import dev.ctstream.record.IntervalSet;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which events of earlier runs are signed and in no segment any more. They were synced before they were signed; but a segment
 * whose last frames were destroyed looks as if these had never been written. They are withdrawn, or the log would say that
 * somebody had removed them. And what was withdrawn without a CHECKPOINT that lists it, to be withdrawn once more.
 *
 * <p>Threads: confined to the thread that opens the spool.
 */
final class SignedAppends {
    private static final long NO_SEGMENT = -2;
    private static final long NO_FRAME = -1;

    private final Map<RunIdentity, Log> logs = new LinkedHashMap<>();
    private final List<Said> said = new ArrayList<>();

    /** What a WITHDRAWN says, and where it is. */
    private record Said(RunIdentity by, long logIndex, Range range) {}

    /** What the chain of control records says about a run. */
    private static final class Log {
        final IntervalSet known = new IntervalSet(); // its control records, and what is withdrawn
        final IntervalSet listed = new IntervalSet(); // by a CHECKPOINT or STARTED
        long firstControl = Long.MAX_VALUE;
        boolean stopped;
        long signedSize;
        long lastEvent = NO_SEGMENT;
    }

    /** Appends [first, next) of a run, by {@code log_index}. */
    record Range(RunIdentity run, long first, long next) {}

    private Log log(RunIdentity run) {
        return logs.computeIfAbsent(run, added -> new Log());
    }

    /** A control record is there. */
    void control(RunIdentity run, long logIndex) {
        Log log = log(run);
        log.known.add(logIndex);
        log.firstControl = Math.min(log.firstControl, logIndex);
    }

    /** A run, or the next one, has signed so many appends of it, and has listed the last ones. */
    void signed(RunIdentity run, long size, int listed) {
        Log log = log(run);
        log.signedSize = Math.max(log.signedSize, size);
        log.listed.addRange(size - listed, size);
    }

    /** A namespace of the run, or all of it, has stopped. */
    void stopped(RunIdentity run) {
        log(run).stopped = true;
    }

    /** A WITHDRAWN of a run has them. */
    void withdrawn(Range range, RunIdentity by, long logIndex) {
        log(range.run).known.addRange(range.first, range.next);
        said.add(new Said(by, logIndex, range));
    }

    /** What is withdrawn by records that nothing lists, so that they count only while nothing beside them is missing. */
    List<Range> unlisted() {
        Map<RunIdentity, IntervalSet> counts = new HashMap<>();
        List<Range> open = new ArrayList<>();
        for (Said one : said) {
            Range range = one.range;
            if (log(one.by).listed.countIn(one.logIndex, one.logIndex + 1) == 0) {
                open.add(range);
            } else {
                counts.computeIfAbsent(range.run, added -> new IntervalSet()).addRange(range.first, range.next);
            }
        }
        List<Range> unlisted = new ArrayList<>();
        for (Range range : open) {
            counts.computeIfAbsent(range.run, added -> new IntervalSet())
                    .forEachHole(
                            range.first, range.next, (first, next) -> unlisted.add(new Range(range.run, first, next)));
        }
        return unlisted;
    }

    /** Finds the last event of each run that has signed something. {@code events}: the segments, oldest first. */
    void read(SpoolFileSystem files, List<Segment> events) throws IOException {
        for (Map.Entry<RunIdentity, Log> entry : logs.entrySet()) {
            if (entry.getValue().signedSize > 0) {
                entry.getValue().lastEvent = lastEvent(files, events, entry.getKey());
            }
        }
    }

    /**
     * What is missing after the last event of each run. Before it, numbers are missing or a frame is damaged, which is
     * declared as ever. Before the oldest control record, Kafka has what is not there; but for what a record lists of a run that
     * did not stop: then control records that Kafka has may be named, too, which does no harm.
     *
     * @param ofUncertainRun whether events are missing, whose run follows from their neighbours at best: then also what is
     *     missing of runs without a segment, which Kafka may have
     */
    List<Range> missing(boolean ofUncertainRun) {
        List<Range> missing = new ArrayList<>();
        logs.forEach((run, log) -> {
            if (log.lastEvent != NO_SEGMENT || ofUncertainRun) {
                boolean lists = !log.stopped && log.listed.count() > 0;
                long least = lists ? Math.min(log.firstControl, log.listed.first()) : log.firstControl;
                log.known.forEachHole(
                        Math.max(log.lastEvent + 1, least),
                        log.signedSize,
                        (first, next) -> missing.add(new Range(run, first, next)));
            }
        });
        return missing;
    }

    private static long lastEvent(SpoolFileSystem files, List<Segment> events, RunIdentity run) throws IOException {
        long last = NO_SEGMENT;
        for (int i = events.size() - 1; i >= 0 && last < 0; i--) {
            Segment segment = events.get(i);
            if (segment.identity().equals(run)) {
                last = Math.max(NO_FRAME, lastEvent(files, segment));
            }
        }
        return last;
    }

    private static long lastEvent(SpoolFileSystem files, Segment segment) throws IOException {
        long last = NO_FRAME;
        try (SegmentReader frames = SegmentReader.open(files, segment.file(), true)) {
            boolean more = true;
            while (more) {
                more = frames.next() && frames.envelope().number() < segment.nextNumber();
                for (BatchEnvelope damaged : frames.damaged()) {
                    last = Math.max(last, damaged.logIndex()); // its loss is declared
                }
                if (more) {
                    last = Math.max(last, frames.envelope().logIndex());
                }
            }
        }
        return last;
    }
}
