/**
 * Segment files: their byte layout, writing, reading, and an inspection that reports what damage has destroyed.
 *
 * <p>In: batches with their envelopes, and files. Out: the same batches, and exact counts of missing batches and
 * events. Does not depend on the queue or the spool directory.
 *
 * <p>Threads: every object here is confined to one thread; envelopes, positions and losses are immutable.
 */
@NullMarked
package dev.ctstream.segment;

import org.jspecify.annotations.NullMarked;
