/**
 * What a consumer does: reads the topics, decodes their records, prints them. Also what Kafka's clients call their
 * settings.
 *
 * <p>In: records of the event topics in every framing and layout. Out: flat events as JSON or text.
 *
 * <p>Threads: every object here is confined to one thread unless its own text says otherwise.
 */
@NullMarked
package dev.ctstream.read;

import org.jspecify.annotations.NullMarked;
