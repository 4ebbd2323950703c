/**
 * The records on the topics, for those who write them and for those who read them: their schemas, the names in them,
 * their framing, their partitions. The classes that Avro generates from the schemas stand beside them.
 *
 * <p>In: values of Kafka records. Out: events and control records, {@link dev.ctstream.record.DecodedRecord}; what a
 * consumer makes of them, {@link dev.ctstream.record.Deduplicator} and {@link dev.ctstream.record.FlowFollower}.
 *
 * <p>Threads: every object here is confined to one thread unless its own text says otherwise; records, enums and schemas
 * are immutable.
 */
@NullMarked
package dev.ctstream.record;

import org.jspecify.annotations.NullMarked;
