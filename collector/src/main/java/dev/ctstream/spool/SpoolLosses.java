package dev.ctstream.spool;

import dev.ctstream.metrics.Health;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.StreamRanges;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts and declares the batches that the spool could not keep, and reports the reason to health. Consecutive dropped
 * batches of one stream form one loss. It is declared when the stream's next batch is appended, or when nothing was
 * dropped for a second.
 *
 * <p>Bounds: one open loss for each stream.
 *
 * <p>Threads: confined to the spool thread.
 */
final class SpoolLosses {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolLosses.class);
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final long LOG_INTERVAL_NANOS = 60 * SECOND_NANOS;
    private static final String COMPONENT = "spool";

    private enum State {
        WRITING,
        FULL,
        FAILING
    }

    private final LossReports reports;
    private final SpoolMetrics metrics;
    private final Health health;
    private final RunIdentity identity;
    private final StreamRanges open = new StreamRanges();
    private long droppedNanos;
    private long oldestNanos = Long.MAX_VALUE;
    private State state = State.WRITING;
    private long loggedNanos;

    SpoolLosses(LossReports reports, SpoolMetrics metrics, Health health, RunIdentity identity) {
        this.reports = reports;
        this.metrics = metrics;
        this.health = health;
        this.identity = identity;
        health.report(COMPONENT, true, "writing");
    }

    /** Records that a batch of this run could not be appended. */
    void dropped(BatchEnvelope batch) {
        metrics.lost(batch.events(), 1);
        droppedNanos = System.nanoTime();
        oldestNanos = Math.min(oldestNanos, batch.firstReceivedNanos());
        open.add(batch);
    }

    /** Ends an open loss of the stream, because a batch of the stream is appended next. */
    void beforeAppend(StreamId stream) {
        if (!open.isEmpty()) {
            StreamRanges.Range range = open.remove(stream);
            if (range != null) {
                reports.report(range.lost(GapCause.SPOOL, identity));
            }
        }
    }

    /** Declares the open losses, unless they may still grow. */
    void declareIfOver(long nowNanos) {
        if (!open.isEmpty() && nowNanos - droppedNanos >= SECOND_NANOS) {
            declareAll();
        }
    }

    void declareAll() {
        open.all().forEach(range -> reports.report(range.lost(GapCause.SPOOL, identity)));
        open.clear();
    }

    /**
     * Records that a whole segment was dropped.
     *
     * @param ranges the streams in it; empty when they can no longer be read
     * @param parts the parts of it that were not declared before
     */
    void dropped(Segment segment, List<StreamRanges.Range> ranges, List<MissingBatches> parts) {
        long batches = parts.stream().mapToLong(MissingBatches::batches).sum();
        long events = parts.stream().mapToLong(MissingBatches::events).sum();
        metrics.lost(events, batches);
        long named = ranges.stream().mapToLong(StreamRanges.Range::batches).sum();
        long namedEvents = ranges.stream().mapToLong(StreamRanges.Range::events).sum();
        if (named > batches || namedEvents > events) { // part of it was declared before
            named = 0;
            namedEvents = 0;
        } else {
            ranges.forEach(range -> reports.reportNumbered(range.lost(GapCause.SPOOL, segment.identity())));
        }
        if (batches > named) {
            reports.reportNumbered(
                    Loss.unnamed(GapCause.SPOOL, segment.identity(), events - namedEvents, batches - named));
        }
    }

    /** Receive time of the oldest event whose loss is not declared in the spool yet; Long.MAX_VALUE = none. */
    long oldestNanos() {
        return oldestNanos;
    }

    /** Records that all reported losses are appended as declarations. */
    void settled() {
        if (open.isEmpty()) {
            oldestNanos = Long.MAX_VALUE;
        }
    }

    /** Records that a write has succeeded. */
    void worked() {
        if (state == State.FAILING) {
            recovered();
        }
    }

    /** Records that there is plenty of space below {@code spool.max-bytes}. */
    void hasSpace() {
        if (state == State.FULL) {
            recovered();
        }
    }

    boolean isFull() {
        return state == State.FULL;
    }

    private void recovered() {
        state = State.WRITING;
        health.report(COMPONENT, true, "writing again");
        LOG.info("spool is writable again");
    }

    /** Records that there is no space below {@code spool.max-bytes}. */
    void full(String droppedData) {
        if (state == State.FULL && System.nanoTime() - loggedNanos < LOG_INTERVAL_NANOS) {
            return;
        }
        unhealthy(
                State.FULL,
                "spool.max-bytes is reached; " + droppedData
                        + " is dropped and declared as lost until Kafka takes data");
    }

    /** Records that a write to disk has failed. */
    void failed(Path directory, IOException e) {
        metrics.failed();
        unhealthy(
                State.FAILING,
                "spool directory " + directory + " cannot be written: " + SpoolFileSystem.reason(e)
                        + "; new data is dropped and declared as lost until the directory is writable again");
    }

    private void unhealthy(State found, String reason) {
        health.report(COMPONENT, false, reason);
        long now = System.nanoTime();
        if (state != found || now - loggedNanos > LOG_INTERVAL_NANOS) {
            LOG.error("{}", reason);
            loggedNanos = now;
        }
        state = found;
    }
}
