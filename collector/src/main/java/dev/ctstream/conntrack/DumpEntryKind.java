package dev.ctstream.conntrack;

/** What a dump puts into the ring for the receive thread: entries between two marks. */
public enum DumpEntryKind {
    /** Mark before the first entry. */
    BEGIN(true),
    /** An entry of the table. */
    ENTRY(false),
    /** An entry of the dying list. */
    DYING(false),
    /** Mark after the last entry. */
    END(true);

    private final boolean mark;

    DumpEntryKind(boolean mark) {
        this.mark = mark;
    }

    /** Whether this is a mark, which carries no message. */
    public boolean mark() {
        return mark;
    }
}
