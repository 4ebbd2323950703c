/**
 * The records on the topics, for writers and for readers: their schemas, field values, framing and partitions. The
 * classes that Avro generates from the schemas are in this package too.
 *
 * <p>In: values of Kafka records. Out: events and control records as {@link dev.ctstream.record.DecodedRecord}. A
 * consumer passes them through {@link dev.ctstream.record.Deduplicator} and {@link dev.ctstream.record.FlowFollower}.
 *
 * <p>Threads: every object here is confined to one thread unless its own javadoc says otherwise. Records, enums and
 * schemas are immutable.
 */
@NullMarked
package dev.ctstream.record;

import org.jspecify.annotations.NullMarked;
