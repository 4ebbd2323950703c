/** The command line: {@code main}, the commands, their output and exit codes. */
@NullMarked
package dev.ctstream.cli;

import org.jspecify.annotations.NullMarked;
