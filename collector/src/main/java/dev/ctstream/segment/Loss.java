package dev.ctstream.segment;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import org.jspecify.annotations.Nullable;

/**
 * Batches that the spool could not keep, to be declared by a GAP.
 *
 * @param cause why they were lost
 * @param identity the run that numbered them
 * @param kind {@code EncodedBatch.EVENTS} or {@code CONTROL}
 * @param stream the stream of the sequences; null when the damage destroyed that too
 * @param firstSequence first lost sequence; meaningless without a stream
 * @param nextSequence last lost sequence plus one; meaningless without a stream
 * @param count lost events, or lost control records, exact; a loss without a stream counts events only
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
        return kind == EncodedBatch.EVENTS ? count : 0;
    }

    /** Lost batches of which only the counts are known, not the stream. */
    public static Loss unnamed(GapCause cause, RunIdentity identity, long events, long batches) {
        int kind = events > 0 ? EncodedBatch.EVENTS : EncodedBatch.CONTROL;
        return new Loss(cause, identity, kind, null, 0, 0, events, batches, 0, 0);
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
