/**
 * Configuration: a file, then {@code CTSTREAM_*} in the environment, then {@code -D}; into each package's own record.
 *
 * <p>In: three sources of text. Out: typed values that have all been checked, or all problems at once, each with its
 * key and where it was given.
 *
 * <p>Threads: used once at start; what comes out is immutable.
 */
@NullMarked
package dev.ctstream.config;

import org.jspecify.annotations.NullMarked;
