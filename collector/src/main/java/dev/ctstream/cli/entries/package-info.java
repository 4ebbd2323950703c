/**
 * The commands {@code entries} and {@code zones}, and the record of what they change.
 *
 * <p>In: options, or a file of entries. Out: entries as text or JSON; an OPERATOR record for each change.
 *
 * <p>Threads: everything runs on the command's thread.
 */
@NullMarked
package dev.ctstream.cli.entries;

import org.jspecify.annotations.NullMarked;
