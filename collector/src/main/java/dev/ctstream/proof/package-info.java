/**
 * Checks that nobody altered the logs in the topics: each record against what its host has signed. The formats are those of
 * {@link dev.ctstream.record.proof}.
 *
 * <p>In: the values of records, from topics or files. Out: a report, exported proofs, a witness's file.
 *
 * <p>Threads: confined to the caller's.
 */
@NullMarked
package dev.ctstream.proof;

import org.jspecify.annotations.NullMarked;
