/**
 * The management side of connection tracking: list, count, create, delete and flush entries; find and reserve zones.
 *
 * <p>In: filters and entries as text, records or a file. Out: entries as the kernel lists them, delivered one by one in
 * bounded memory, and the outcome of each change.
 *
 * <p>Threads: each object belongs to the thread that uses it. While it delivers entries, another thread receives the
 * next ones.
 */
@NullMarked
package dev.ctstream.admin;

import org.jspecify.annotations.NullMarked;
