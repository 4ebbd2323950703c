/**
 * Encodes flow events into Avro batches. Each stream (network namespace and zone) has one open batch. A batch is closed
 * by count, bytes or linger and then handed over to the next stage. Control records take the same path.
 *
 * <p>In: flow events in the receive buffer, from {@code conntrack}. Out: {@link dev.ctstream.batch.EncodedBatch},
 * through a {@link dev.ctstream.batch.BatchSink}.
 *
 * <p>Threads: only the receive thread assigns sequences and fills batches. Any thread may submit control records; the
 * receive thread numbers them.
 *
 * <p>Bounds: open batches, batches in flight and pooled buffers each have a limit in bytes.
 * {@link dev.ctstream.batch.Batcher} and {@link dev.ctstream.batch.BatchRing} say what happens at the limit.
 */
@NullMarked
package dev.ctstream.batch;

import org.jspecify.annotations.NullMarked;
