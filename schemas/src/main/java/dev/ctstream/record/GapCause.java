package dev.ctstream.record;

import java.util.Locale;

/** Why something was lost: field {@code cause} of a GAP. */
public enum GapCause {
    /** The kernel dropped events at the socket, before the collector numbered them. */
    KERNEL(0),
    /** The ring between the receive thread and the spool was full. */
    HANDOVER(1),
    /** The spool reached its size limit, or the disk was full. */
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

    /** Index into an array with one element for each cause. */
    public int index() {
        return index;
    }

    /** The cause with this {@link #word}; {@link #OTHER} when there is none. */
    public static GapCause of(String name) {
        for (GapCause cause : values()) {
            if (cause.word().equals(name)) {
                return cause;
            }
        }
        return OTHER;
    }

    /** The value in the record. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
