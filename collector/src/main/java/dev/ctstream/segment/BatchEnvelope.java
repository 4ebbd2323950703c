package dev.ctstream.segment;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.StreamId;
import dev.ctstream.record.proof.Hash;
import org.jspecify.annotations.Nullable;

/**
 * What the spool knows about a batch or a control record without decoding it.
 *
 * @param number number of the batch in its chain; rises by one with each batch, also across restarts
 * @param eventsBefore events in all batches that were ever appended to the chain before this one
 * @param logIndex number of the append within the run, from 0, over both chains
 * @param kind {@link #EVENTS} or {@link #CONTROL}
 * @param stream network namespace and zone; the zone of a control record is -1
 * @param firstSequence sequence of the first event, or the control sequence
 * @param count events in the batch; 1 for a control record
 * @param firstReceivedNanos when the first event was received, ns since the epoch
 * @param lastReceivedNanos when the last event was received, ns since the epoch
 * @param givesUp batches of events that a GAP declares and gives up; null = none
 * @param leaf its leaf in the log that is proven; null = the run was not proven
 */
public record BatchEnvelope(
        long number,
        long eventsBefore,
        long logIndex,
        int kind,
        StreamId stream,
        long firstSequence,
        int count,
        long firstReceivedNanos,
        long lastReceivedNanos,
        @Nullable MissingBatches givesUp,
        @Nullable Hash leaf) {

    /** Kind: a ConntrackBatch. */
    public static final int EVENTS = 0;

    /** Kind: a ConntrackControl. */
    public static final int CONTROL = 1;

    /** An envelope without a leaf. */
    public BatchEnvelope(
            long number,
            long eventsBefore,
            long logIndex,
            int kind,
            StreamId stream,
            long firstSequence,
            int count,
            long firstReceivedNanos,
            long lastReceivedNanos,
            @Nullable MissingBatches givesUp) {
        this(
                number,
                eventsBefore,
                logIndex,
                kind,
                stream,
                firstSequence,
                count,
                firstReceivedNanos,
                lastReceivedNanos,
                givesUp,
                null);
    }

    /** The envelope of a batch that is appended at a position, without a leaf. */
    public static BatchEnvelope of(SpoolPosition position, EncodedBatch batch) {
        return of(position, batch, null);
    }

    /** The envelope of a batch that is appended at a position. */
    public static BatchEnvelope of(SpoolPosition position, EncodedBatch batch, @Nullable Hash leaf) {
        return new BatchEnvelope(
                position.number(),
                position.eventsBefore(),
                batch.logIndex(),
                EVENTS,
                batch.stream(),
                batch.firstSequence(),
                batch.count(),
                batch.firstReceivedNanos(),
                batch.lastReceivedNanos(),
                null,
                leaf);
    }

    /** The batch's last sequence plus one. */
    public long nextSequence() {
        return firstSequence + count;
    }

    /** Events in the batch; 0 for a control record. */
    public int events() {
        return kind == EVENTS ? count : 0;
    }

    /** The position after the batch. In the chain of control records, records count as events. */
    public SpoolPosition next() {
        return new SpoolPosition(number + 1, eventsBefore + count);
    }
}
