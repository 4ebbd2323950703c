package dev.ctstream.control;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.ControlEncoder;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.SpoolPass;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Numbers and encodes what the outbox and the ring hold, as the spool thread does, but keeps nothing. */
final class SpoolStandIn implements SpoolPass.Taker {
    private final ControlEncoder encoder;
    private final Taker taker;
    private final SpoolPass pass;
    private final Map<StreamId, Namespace> namespaces = new HashMap<>();
    private long logIndex;

    /** Takes batches and control records, in order. */
    interface Taker {
        /** A batch with its log_index. */
        void batch(EncodedBatch batch);

        /** A ConntrackControl. */
        void control(byte[] datum);
    }

    /** Counts of the streams of one namespace. */
    private static final class Namespace {
        final Map<Integer, Long> nextSequences = new TreeMap<>();
        final Map<Integer, Long> reported = new HashMap<>();
        long controlSequence;
        long reports;
        long dropped;

        void advance(int zone, long first, long next) {
            dropped += first - nextSequences.getOrDefault(zone, 0L);
            nextSequences.put(zone, next);
        }

        ControlRecord.StreamPart report(boolean complete) {
            List<ControlRecord.StreamPosition> streams = new ArrayList<>();
            nextSequences.forEach((zone, next) -> {
                Long before = reported.put(zone, next);
                if (complete || !next.equals(before)) {
                    streams.add(new ControlRecord.StreamPosition(zone, next, null));
                }
            });
            long sequenced =
                    nextSequences.values().stream().mapToLong(Long::longValue).sum();
            return new ControlRecord.StreamPart(
                    0,
                    1,
                    streams,
                    new ControlRecord.StreamTotals(reports++, complete, sequenced, nextSequences.size(), dropped, 0));
        }

        ControlRecord.StreamPart snapshot(Map<Integer, Long> existing) {
            List<ControlRecord.StreamPosition> streams = new ArrayList<>();
            existing.forEach((zone, count) ->
                    streams.add(new ControlRecord.StreamPosition(zone, nextSequences.getOrDefault(zone, 0L), count)));
            return new ControlRecord.StreamPart(0, 1, streams, null);
        }
    }

    SpoolStandIn(RunIdentity run, String hostName, BatchRing ring, ControlOutbox outbox, Taker taker) {
        encoder = new ControlEncoder(run, hostName);
        this.taker = taker;
        pass = new SpoolPass(ring, outbox, this);
    }

    /** Makes one pass; waits up to {@code waitMillis} for something. */
    void run(long waitMillis) {
        pass.run(waitMillis);
    }

    /** Whether nothing is left. */
    boolean done() {
        return pass.done();
    }

    private Namespace namespace(StreamId of) {
        return namespaces.computeIfAbsent(StreamId.control(of.netns(), of.netnsId()), added -> new Namespace());
    }

    @Override
    public void batch(EncodedBatch batch) {
        long first = batch.firstSequence();
        namespace(batch.stream()).advance(batch.stream().zone(), first, first + batch.count());
        batch.number(logIndex++);
        taker.batch(batch);
    }

    @Override
    public void refused(ControlOutbox.Refused mark) {
        long next = mark.nextSequence();
        namespace(mark.stream()).advance(mark.stream().zone(), next, next);
    }

    @Override
    public void control(ControlOutbox.Waiting waiting) {
        Namespace namespace = namespace(waiting.namespace());
        ControlRecord.Numbers numbers = new ControlRecord.Numbers(namespace.controlSequence++, logIndex++, null);
        taker.control(encoder.encode(
                waiting.namespace(), waiting.timeMillis(), waiting.record(), numbers, streams(namespace, waiting)));
    }

    private static ControlRecord.@Nullable StreamPart streams(Namespace namespace, ControlOutbox.Waiting waiting) {
        if (waiting.record() instanceof ControlRecord.Heartbeat) {
            return namespace.report(false);
        }
        if (waiting.record() instanceof ControlRecord.Stopped) {
            return namespace.report(true);
        }
        return waiting.record() instanceof ControlRecord.SnapshotEnd end ? namespace.snapshot(end.existing()) : null;
    }
}
