package dev.ctstream.segment;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.StreamId;

/**
 * What the spool knows about a batch without decoding its events.
 *
 * @param number number of the batch in the spool; rises by one with each batch, also across restarts
 * @param eventsBefore events in all batches that were ever appended before this one
 * @param logIndex number of the append within the run, from 0; -1 for a control record
 * @param kind {@code EncodedBatch.EVENTS} or {@code CONTROL}
 * @param stream network namespace and zone; the zone of a control record is -1
 * @param firstSequence sequence of the first event, or the control sequence
 * @param count events in the batch; 1 for a control record
 * @param firstReceivedNanos when the first event was received, ns since the epoch
 * @param lastReceivedNanos when the last event was received, ns since the epoch
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
        long lastReceivedNanos) {

    /** The envelope of a batch that is appended at a position. */
    public static BatchEnvelope of(SpoolPosition position, EncodedBatch batch) {
        return new BatchEnvelope(
                position.number(),
                position.eventsBefore(),
                batch.logIndex(),
                batch.kind(),
                batch.stream(),
                batch.firstSequence(),
                batch.count(),
                batch.firstReceivedNanos(),
                batch.lastReceivedNanos());
    }

    /** The batch's last sequence plus one. */
    public long nextSequence() {
        return firstSequence + count;
    }

    /** Events in the batch; 0 for a control record. */
    public int events() {
        return kind == EncodedBatch.EVENTS ? count : 0;
    }

    /** The position after the batch. */
    public SpoolPosition next() {
        return new SpoolPosition(number + 1, eventsBefore + events());
    }
}
