/**
 * Reads the topics or exported files, and prints their records. Also lists the setting names of Kafka's clients.
 *
 * <p>In: topics, or Avro files. Out: events for an {@link dev.ctstream.record.EventHandler}; events as JSON, text or
 * Avro.
 *
 * <p>Threads: every object here is confined to one thread unless its javadoc says otherwise.
 */
@NullMarked
package dev.ctstream.read;

import org.jspecify.annotations.NullMarked;
