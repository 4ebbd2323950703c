package dev.ctstream.spool;

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
 * @param count events lost, exact; {@link #UNKNOWN} when a whole segment vanished
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

    /** A count that cannot be known. */
    public static final long UNKNOWN = -1;

    /** Why batches were lost. */
    public enum Cause {
        /** No room: {@code spool.max-bytes} or the disk. */
        SPOOL,
        /** Bytes of a segment were not what had been written. */
        DAMAGE,
        /** Kafka refused the record for good. */
        REJECTED
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
