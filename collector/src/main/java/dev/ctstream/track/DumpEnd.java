package dev.ctstream.track;

/**
 * How the dump thread's reading of a dump ended. Immutable.
 *
 * @param complete whether the kernel returned all entries
 * @param endNanos {@link System#nanoTime} after the last entry was read
 */
public record DumpEnd(boolean complete, long endNanos) {}
