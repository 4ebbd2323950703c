/**
 * Segment files: the layout of the bytes, writing, reading, and the inspection that tells what damage has taken.
 *
 * <p>In: batches with their envelopes, and files. Out: the same batches, and exact counts of what is missing. Knows neither
 * the queue nor the directory.
 *
 * <p>Threads: every object here is confined to one thread; envelopes, positions and losses are immutable.
 */
@NullMarked
package dev.ctstream.segment;

import org.jspecify.annotations.NullMarked;
