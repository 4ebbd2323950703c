package dev.ctstream.conntrack;

/**
 * Everything that a DELETE can mean: one entry ({@link EntryKey}) or a named {@link Flush}. A DELETE without a tuple
 * makes the kernel delete everything that the other attributes do not exclude. {@link DeleteGuard} lets a DELETE pass
 * only when its bytes match a value of this type.
 */
public sealed interface DeleteRequest permits EntryKey, Flush {}
