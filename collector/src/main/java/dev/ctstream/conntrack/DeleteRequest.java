package dev.ctstream.conntrack;

/**
 * Everything that a DELETE can mean: one entry ({@link EntryKey}) or a named {@link Flush}. To the kernel a DELETE
 * without a tuple means everything that it cannot tell apart by other attributes; {@link DeleteGuard} lets a DELETE
 * leave only when its bytes say what a value of this type says.
 */
public sealed interface DeleteRequest permits EntryKey, Flush {}
