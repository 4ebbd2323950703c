/**
 * The durable queue (FIFO) of batches between the receive thread and Kafka.
 *
 * <p>Events and control records lie in two chains of segments. What gives way for space is events alone, so a
 * declaration never lies in what it declares.
 *
 * <p>Invariants:
 *
 * <ol>
 *   <li>Every batch and control record is in its segment before it goes to Kafka: write(2) has returned on the spool
 *       thread. The receive thread only puts closed batches into a bounded ring. It never waits: a full ring is a declared
 *       loss.
 *   <li>A segment is deleted only after Kafka has acknowledged every batch in it, or to free space (6); in both cases
 *       after the control records and the positions are synced.
 *   <li>Each chain hands out in append order. A rewind or a restart begins again at the oldest unacknowledged batch.
 *       Ignoring repeats, a stream's sequences rise by one.
 *   <li>Appended data survives a crash of the process. A power loss destroys at most the last
 *       {@code spool.sync-interval-millis}, but never a GAP, and nothing that a report counts.
 *   <li>A torn tail is cut after the last good frame. Damage elsewhere is skipped up to the next good frame. Its
 *       batches and events are counted exactly and declared as lost.
 *   <li>At {@code spool.max-bytes}, and on a full or read-only disk, batches are dropped as {@code spool.when-full}
 *       says. They are counted and declared, health reports it, and service resumes by itself. A GAP is durable before its
 *       cause is carried out, and stays until Kafka has it.
 *   <li>Memory is bounded, whatever the backlog. Live batches wait until older ones are handed out. The acknowledged
 *       positions are stored every second.
 *   <li>Only one collector at a time uses a directory, which only its user may write to. If the directory vanishes it is
 *       made again, and what was in it and not in Kafka is declared.
 *   <li>With {@code proof.key-file}, a segment is deleted or given up only when a durable CHECKPOINT has the leaves in it, and
 *       a CHECKPOINT never has a leaf that a power loss may take back. The next run continues after the end of the log.
 * </ol>
 *
 * <p>In: closed batches from {@link dev.ctstream.batch.BatchRing}, control records
 * from {@link dev.ctstream.batch.ControlOutbox}. Out: the same batches, for the publisher, through
 * {@link dev.ctstream.spool.Backlog}. The spool reads a batch's envelope, never its events.
 *
 * <p>Threads: the spool thread appends ({@link dev.ctstream.spool.Spool#run}); the publisher's thread reads.
 */
@NullMarked
package dev.ctstream.spool;

import org.jspecify.annotations.NullMarked;
