/**
 * Encodes flow events into Avro batches. Each stream (network namespace and zone) has one open batch. A batch is closed
 * by count, bytes or linger and then handed over to the spool thread. Control records have a way of their own, the
 * {@link dev.ctstream.batch.ControlOutbox}; a record that must follow events carries their position in the ring.
 *
 * <p>In: flow events in the receive buffer, from {@code track}; control records from any stage. Out, to the spool
 * thread: {@link dev.ctstream.batch.EncodedBatch} through the {@link dev.ctstream.batch.BatchRing}, and the entries of
 * the outbox.
 *
 * <p>Threads: only the receive thread assigns sequences and fills batches. Any thread offers control records; the spool
 * thread numbers and encodes them.
 *
 * <p>Bounds: open batches, batches in flight and pooled buffers each have a limit in bytes; the outbox holds a fixed
 * number of entries. {@link dev.ctstream.batch.Batcher}, {@link dev.ctstream.batch.BatchRing} and the outbox say what
 * happens at the limit.
 */
@NullMarked
package dev.ctstream.batch;

import org.jspecify.annotations.NullMarked;
