package dev.ctstream.segment;

import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import org.jspecify.annotations.Nullable;

/**
 * Batches that the spool could not keep, to be declared by a GAP.
 *
 * @param cause why they were lost
 * @param identity the run that numbered them
 * @param kind {@link BatchEnvelope#EVENTS} or {@link BatchEnvelope#CONTROL}
 * @param stream the stream of the sequences; null when the damage destroyed that too
 * @param firstSequence first lost sequence; meaningless without a stream
 * @param nextSequence last lost sequence plus one; meaningless without a stream
 * @param count lost events, or lost control records, exact
 * @param batches lost batches, exact
 * @param firstNanos when the first event was received, ns since the epoch; 0 = unknown
 * @param lastNanos when the last event was received, ns since the epoch; 0 = unknown
 */
public record Loss(
        GapCause cause,
        RunIdentity identity,
        int kind,
        @Nullable StreamId stream,
        long firstSequence,
        long nextSequence,
        long count,
        long batches,
        long firstNanos,
        long lastNanos) {

    /** Lost events; 0 when only control records were lost. */
    public long events() {
        return kind == BatchEnvelope.EVENTS ? count : 0;
    }

    /** This loss up to the end of a later one of the same stream and run. */
    public Loss upTo(Loss later) {
        return new Loss(
                cause,
                identity,
                kind,
                stream,
                firstSequence,
                later.nextSequence,
                later.nextSequence - firstSequence,
                batches + later.batches,
                firstNanos,
                later.lastNanos);
    }

    /** This loss from a sequence on. */
    public Loss from(long sequence) {
        return between(sequence, nextSequence);
    }

    /** The part of this loss from a sequence up to, but excluding, another one. */
    public Loss between(long first, long next) {
        return new Loss(cause, identity, kind, stream, first, next, next - first, batches, firstNanos, lastNanos);
    }

    /** This loss with another number of batches. */
    public Loss withBatches(long number) {
        return new Loss(
                cause, identity, kind, stream, firstSequence, nextSequence, count, number, firstNanos, lastNanos);
    }

    /** Lost batches of which only the counts are known, not the stream. */
    public static Loss unnamed(GapCause cause, RunIdentity identity, int kind, long count, long batches) {
        return new Loss(cause, identity, kind, null, 0, 0, count, batches, 0, 0);
    }

    /** The loss of one batch. */
    public static Loss of(GapCause cause, RunIdentity identity, BatchEnvelope batch) {
        return new Loss(
                cause,
                identity,
                batch.kind(),
                batch.stream(),
                batch.firstSequence(),
                batch.nextSequence(),
                batch.count(),
                1,
                batch.firstReceivedNanos(),
                batch.lastReceivedNanos());
    }
}
