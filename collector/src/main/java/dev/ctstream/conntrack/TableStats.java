package dev.ctstream.conntrack;

/**
 * How full the table is.
 *
 * @param entries of this namespace, including those that are unconfirmed, expired but not yet collected, or dying
 * @param maxEntries limit of the host; 0 when the kernel does not report it (before 4.18)
 */
public record TableStats(long entries, long maxEntries) {}
