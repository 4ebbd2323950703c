/**
 * The command line: {@code main}, the commands, their printing and exit codes, and the embedded broker's child JVM.
 */
@NullMarked
package dev.ctstream.cli;

import org.jspecify.annotations.NullMarked;
