package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.BatchEnvelope;
import org.jspecify.annotations.Nullable;

/**
 * A batch as the publisher receives it.
 *
 * <p>Ownership: borrowed from the spool until the next call on it. Threads: the publisher's.
 *
 * @param envelope number, stream, sequences and times
 * @param identity the run that made it; null = the current run
 * @param array holds the bare Avro datum
 * @param offset where the datum begins in it
 * @param lengthBytes length of the datum
 * @param memory the batch as the receive thread closed it, with the offsets of its events; null when it was read from
 *     disk
 */
@SuppressWarnings("ArrayRecordComponent") // a view of a buffer, never compared
public record QueuedBatch(
        BatchEnvelope envelope,
        @Nullable RunIdentity identity,
        byte[] array,
        int offset,
        int lengthBytes,
        @Nullable EncodedBatch memory) {

    static QueuedBatch inMemory(BatchEnvelope envelope, EncodedBatch batch) {
        return new QueuedBatch(envelope, null, batch.array(), batch.offset(), batch.lengthBytes(), batch);
    }

    /** Returns its buffer to the ring for reuse; the batch must not be used afterwards. */
    void release(BatchRing ring) {
        if (memory != null) {
            ring.release(memory);
        }
    }

    static QueuedBatch onDisk(BatchEnvelope envelope, RunIdentity identity, byte[] body) {
        return new QueuedBatch(envelope, identity, body, 0, body.length, null);
    }
}
