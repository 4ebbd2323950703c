/**
 * From the spool to Kafka: takes batches in order, turns them into records, and acknowledges a batch to the spool once
 * Kafka has it and all earlier ones.
 *
 * <p>In: {@link dev.ctstream.spool.BatchQueue}. Out: records on the event topic and the control topic, partitioned by
 * {@link dev.ctstream.record.Partitioning}.
 *
 * <p>Threads: the publisher's thread ({@link dev.ctstream.publish.Publisher}), and the I/O thread of Kafka's producer,
 * which only runs short callbacks from here.
 */
@NullMarked
package dev.ctstream.publish;

import org.jspecify.annotations.NullMarked;
