/**
 * The program's log: its levels, its formats, its bound.
 *
 * <p>In: events of SLF4J, and lines for the user. Out: one record a line on stderr.
 *
 * <p>Threads: any thread logs; a thread of logback's writes.
 */
@NullMarked
package dev.ctstream.cli.log;

import org.jspecify.annotations.NullMarked;
