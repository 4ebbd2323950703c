/**
 * Reads the topics or exported files, and prints their records. Also what Kafka's clients call their settings.
 *
 * <p>In: topics, or Avro files. Out: events for an {@link dev.ctstream.record.EventHandler}; events as JSON, text or Avro.
 *
 * <p>Threads: every object here is confined to one thread unless its own text says otherwise.
 */
@NullMarked
package dev.ctstream.read;

import org.jspecify.annotations.NullMarked;
