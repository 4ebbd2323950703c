/**
 * Answers who had an address and a port at a time, from the topics alone: which flows there were, and whether the log is
 * complete enough for "nobody" to be an answer. Reads events once, keeps those that concern the question, and leaves the
 * proof of completeness to {@code verify}.
 */
@NullMarked
package dev.ctstream.lookup;

import org.jspecify.annotations.NullMarked;
