/**
 * The durable first-in-first-out of batches between the receive thread and Kafka.
 *
 * <p>Invariants:
 *
 * <ol>
 *   <li>Every batch is written to its segment (write(2) has returned, on the spool thread) before Kafka may see it. The
 *       receive thread only puts closed batches into a bounded ring; a full ring is a declared loss, never a wait.
 *   <li>A segment is deleted only when Kafka has acknowledged every batch in it, or when retention took it (6).
 *   <li>Order: batches are handed out in the order in which they were appended; after a rewind or a restart again from the
 *       oldest one that is not acknowledged. The first occurrences of a stream's sequences rise by one.
 *   <li>What was appended survives the death of the process. A power loss takes at most the last
 *       {@code spool.sync-interval-millis}.
 *   <li>A torn tail is cut at the last good frame. Damage elsewhere is passed over up to the next good frame. The batches
 *       and events in it are counted exactly and declared.
 *   <li>At {@code spool.max-bytes}, on a full or a read-only disk, batches give way as {@code spool.when-full} says; they are
 *       counted and declared, health says so, and service resumes by itself.
 *   <li>Memory is bounded whatever the backlog. There is one queue: live batches wait behind older ones. The acknowledged
 *       position is stored each second.
 *   <li>One collector at a time uses a directory. Segments of every released version are read.
 * </ol>
 *
 * <p>In: closed batches from {@link dev.ctstream.batch.BatchRing}. Out: the same, to the publisher, as
 * {@link dev.ctstream.spool.BatchQueue}. Reads a batch's envelope, never its events.
 *
 * <p>Threads: one appends ({@link dev.ctstream.spool.Spool#run}), the publisher's reads.
 */
@NullMarked
package dev.ctstream.spool;

import org.jspecify.annotations.NullMarked;
