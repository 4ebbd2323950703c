/**
 * The management side of connection tracking: list, count, create, delete and flush entries; find and reserve zones.
 *
 * <p>In: filters and entries as texts, records or a file. Out: entries as the kernel lists them, handed over one by one
 * in bounded memory, and what became of each change.
 *
 * <p>Threads: each object belongs to the thread that uses it. While entries are handed over, another one receives those that
 * come next.
 */
@NullMarked
package dev.ctstream.admin;

import org.jspecify.annotations.NullMarked;
