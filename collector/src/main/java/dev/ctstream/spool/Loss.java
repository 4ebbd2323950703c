package dev.ctstream.spool;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.batch.StreamId;
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
        Cause cause,
        RunIdentity identity,
        int kind,
        @Nullable StreamId stream,
        long firstSequence,
        long nextSequence,
        long count,
        long batches,
        long firstNanos,
        long lastNanos) {

    /** Why batches were lost. */
    public enum Cause {
        /** No room: {@code spool.max-bytes} or the disk. */
        SPOOL,
        /** Bytes of a segment were not what had been written. */
        DAMAGE,
        /** Kafka refused the record for good. */
        REJECTED
    }

    /** Events lost; 0 when only control records are. */
    public long events() {
        return kind == EncodedBatch.EVENTS ? count : 0;
    }

    /** Batches of which only the numbers are known. */
    static Loss unnamed(Cause cause, RunIdentity identity, long events, long batches) {
        int kind = events > 0 ? EncodedBatch.EVENTS : EncodedBatch.CONTROL;
        return new Loss(cause, identity, kind, null, 0, 0, events, batches, 0, 0);
    }

    static Loss of(Cause cause, RunIdentity identity, BatchEnvelope batch) {
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
