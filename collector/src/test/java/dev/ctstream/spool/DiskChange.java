package dev.ctstream.spool;

/**
 * A change of a {@link MemoryFiles}.
 *
 * @param inode the file that it changes, or that a directory's entry names; -1 = none
 * @param path the entry, the directory that is synced, or the file's path when it was opened
 * @param offset of what is written; the new length of a file that is cut
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record DiskChange(Kind kind, int inode, String path, long offset, byte[] bytes) {
    private static final byte[] NOTHING = new byte[0];

    /** What changes. */
    enum Kind {
        WRITE,
        TRUNCATE,
        SYNC,
        /** The kernel has tried to sync the file and may have discarded what it could not write. */
        SYNC_FAILED,
        LINK,
        UNLINK,
        SYNC_DIRECTORY
    }

    static DiskChange of(Kind kind, int inode, String path) {
        return new DiskChange(kind, inode, path, 0, NOTHING);
    }

    boolean ofContents() {
        return kind == Kind.WRITE || kind == Kind.TRUNCATE;
    }

    boolean ofEntry() {
        return kind == Kind.LINK || kind == Kind.UNLINK;
    }

    /** The directory that its entry is in. */
    String directory() {
        int slash = path.indexOf('/');
        return slash < 0 ? "" : path.substring(0, slash);
    }

    boolean ofEventSegment() {
        return isSegment() && directory().isEmpty();
    }

    boolean ofControlSegment() {
        return isSegment() && !directory().isEmpty();
    }

    boolean isSegment() {
        return path.endsWith(".segment");
    }

    @Override
    public String toString() {
        return kind + " " + path + (kind == Kind.WRITE ? " " + offset + "+" + bytes.length : "");
    }
}
