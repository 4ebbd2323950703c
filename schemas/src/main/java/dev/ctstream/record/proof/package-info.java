/**
 * The tree that makes a log of ctstream provable, and the texts around it: RFC 6962 hashes, C2SP notes, checkpoints,
 * cosignatures and proofs. {@code collector/docs/proof.md} has the formats to the byte.
 *
 * <p>A log is one run of one host. Its leaves are the batches of events and the control records, in the order in which the
 * spool appended them: leaf {@code log_index}. The collector makes the leaves and signs; whoever checks uses the same
 * classes and needs neither the collector nor Kafka.
 *
 * <p>Threads: confined to the caller's, except where a class says that it is immutable.
 */
@NullMarked
package dev.ctstream.record.proof;

import org.jspecify.annotations.NullMarked;
