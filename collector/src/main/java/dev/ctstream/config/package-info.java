/**
 * Configuration, read from a file, then {@code CTSTREAM_*} in the environment, then {@code -D}, into each package's own
 * record.
 *
 * <p>In: three sources of text. Out: typed values, all checked, or all problems at once, each with its key and source.
 *
 * <p>Threads: used once at start; the results are immutable.
 */
@NullMarked
package dev.ctstream.config;

import org.jspecify.annotations.NullMarked;
