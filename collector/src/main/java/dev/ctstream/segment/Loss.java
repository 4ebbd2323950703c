package dev.ctstream.segment;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import org.jspecify.annotations.Nullable;

/**
 * Batches that the spool could not keep, to be declared as a GAP.
 *
 * @param cause why
 * @param identity the run that had numbered them
 * @param kind {@code EncodedBatch.EVENTS} or {@code CONTROL}
 * @param stream whose sequences they were; null when the damage took that too
 * @param firstSequence first sequence lost; meaningless without a stream
 * @param nextSequence the sequence behind the last one lost
 * @param count events lost, or control records, exact; of a loss without stream only the events are counted
 * @param batches batches lost, exact
 * @param firstNanos when the first of them was received, ns since the epoch; 0 = unknown
 * @param lastNanos when the last of them was received, ns since the epoch; 0 = unknown
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

    /** Events lost; 0 when only control records are. */
    public long events() {
        return kind == EncodedBatch.EVENTS ? count : 0;
    }

    /** Batches of which only the numbers are known. */
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
