/**
 * From the spool to Kafka: takes control records first and then batches of events, each in order, turns them into
 * records, and acknowledges one to the spool once Kafka has it and all earlier ones of its queue.
 *
 * <p>In: {@link dev.ctstream.spool.Backlog}. Out: records on the event topic and the control topic, partitioned by
 * {@link dev.ctstream.record.Partitioning}.
 *
 * <p>Threads: the publisher's thread ({@link dev.ctstream.publish.Publisher}), and the I/O thread of Kafka's producer,
 * which only runs short callbacks from here.
 */
@NullMarked
package dev.ctstream.publish;

import org.jspecify.annotations.NullMarked;
