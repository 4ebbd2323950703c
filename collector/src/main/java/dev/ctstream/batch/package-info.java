/**
 * Flow events become Avro batches: one open batch for each stream (network namespace and zone), closed by count, bytes
 * or linger and handed over whole; control records go the same way.
 *
 * <p>In: flow events where they lie, from {@code conntrack}. Out: {@link dev.ctstream.batch.EncodedBatch}, through a
 * {@link dev.ctstream.batch.BatchSink}.
 *
 * <p>Threads: sequences are given and batches are filled on the receive thread only. Control records may be submitted by
 * any thread; the receive thread numbers them.
 *
 * <p>Bounds: open batches, batches in flight and pooled buffers each have a limit in bytes; what happens at it is said
 * in {@link dev.ctstream.batch.Batcher} and {@link dev.ctstream.batch.BatchRing}.
 */
@NullMarked
package dev.ctstream.batch;

import org.jspecify.annotations.NullMarked;
