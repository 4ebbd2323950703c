package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.BatchEnvelope;
import org.jspecify.annotations.Nullable;

/**
 * A batch of events or a control record as the publisher receives it.
 *
 * <p>Ownership: borrowed from the spool until the next call on it. Threads: the publisher's.
 *
 * @param envelope number, stream, sequences and times
 * @param identity the run that made it
 * @param array holds the bare Avro datum
 * @param offset where the datum begins in it
 * @param lengthBytes length of the datum
 * @param memory the batch as the receive thread closed it, with the offsets of its events; null for a control record,
 *     and for a batch that was read from disk
 */
@SuppressWarnings("ArrayRecordComponent") // a view of a buffer, never compared
public record QueuedBatch(
        BatchEnvelope envelope,
        RunIdentity identity,
        byte[] array,
        int offset,
        int lengthBytes,
        @Nullable EncodedBatch memory) {

    static QueuedBatch inMemory(BatchEnvelope envelope, RunIdentity identity, EncodedBatch batch) {
        return new QueuedBatch(envelope, identity, batch.array(), batch.offset(), batch.lengthBytes(), batch);
    }

    /** A datum in an array of its own. */
    static QueuedBatch of(BatchEnvelope envelope, RunIdentity identity, byte[] datum) {
        return new QueuedBatch(envelope, identity, datum, 0, datum.length, null);
    }

    /** Returns its buffer to the ring for reuse; the batch must not be used afterwards. */
    void release(BatchRing ring) {
        if (memory != null) {
            ring.release(memory);
        }
    }
}
