package dev.ctstream.spool;

import dev.ctstream.record.IntervalSet;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which events of earlier runs are signed and in no segment any more. They were synced before they were signed; but a segment
 * whose last frames were destroyed looks as if these had never been written. They are withdrawn, or the log would say that
 * somebody had removed them.
 *
 * <p>Threads: confined to the thread that opens the spool.
 */
final class SignedAppends {
    private static final long NO_SEGMENT = -2;
    private static final long NO_FRAME = -1;

    private final Map<RunIdentity, Log> logs = new LinkedHashMap<>();

    /** What the chain of control records says about a run. */
    private static final class Log {
        final IntervalSet known = new IntervalSet(); // its control records, and what is withdrawn
        long firstControl = Long.MAX_VALUE;
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

    /** A run, or the next one, has signed so many appends of it. */
    void signed(RunIdentity run, long size) {
        Log log = log(run);
        log.signedSize = Math.max(log.signedSize, size);
    }

    /** A WITHDRAWN has them. */
    void withdrawn(Range range) {
        log(range.run).known.addRange(range.first, range.next);
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
     * declared as ever. Before the oldest control record, Kafka has what is not there.
     *
     * @param ofUnknownRun whether events are missing of which nobody knows the run: then also what is missing of runs without a
     *     segment, which Kafka may have
     */
    List<Range> missing(boolean ofUnknownRun) {
        List<Range> missing = new ArrayList<>();
        logs.forEach((run, log) -> {
            if (log.lastEvent != NO_SEGMENT || ofUnknownRun) {
                log.known.forEachHole(
                        Math.max(log.lastEvent + 1, log.firstControl),
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
