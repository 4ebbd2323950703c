package dev.ctstream.track;

/**
 * How the dump thread has finished reading a dump. Immutable.
 *
 * @param complete whether the kernel gave all entries
 * @param endNanos {@link System#nanoTime} after the last entry was read
 */
public record DumpEnd(boolean complete, long endNanos) {}
