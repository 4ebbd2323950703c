/**
 * From the spool to Kafka: takes batches in their order, makes records of them, and acknowledges a batch to the spool
 * once Kafka has it and all that came before.
 *
 * <p>In: {@link dev.ctstream.spool.BatchQueue}. Out: records on the topics of events and of control records, by
 * {@link dev.ctstream.record.Partitioning}.
 *
 * <p>Threads: one of ours, {@link dev.ctstream.publish.Publisher}; Kafka's producer adds one of its own, which only runs
 * short callbacks of ours.
 */
@NullMarked
package dev.ctstream.publish;

import org.jspecify.annotations.NullMarked;
