package dev.ctstream.record;

import java.util.Locale;

/** Why something was lost: the field {@code cause} of a GAP. */
public enum GapCause {
    /** The kernel dropped events at the socket, before they were numbered. */
    KERNEL(0),
    /** The ring to the spool was full. */
    HANDOVER(1),
    /** The spool's size limit, or a full disk. */
    SPOOL(2),
    /** A part of the spool cannot be read. */
    DAMAGE(3),
    /** Kafka refused the record for good. */
    REJECTED(4),
    /** The process ended uncleanly. */
    RESTART(5),
    /** A cause that this version does not know. */
    OTHER(6);

    private final int index;

    GapCause(int index) {
        this.index = index;
    }

    /** Its place in an array that has one for each cause. */
    public int index() {
        return index;
    }

    /** The cause of this word; {@link #OTHER} when it is none of these. */
    public static GapCause of(String name) {
        for (GapCause cause : values()) {
            if (cause.word().equals(name)) {
                return cause;
            }
        }
        return OTHER;
    }

    /** The word in the record. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
