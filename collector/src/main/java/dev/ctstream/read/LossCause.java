package dev.ctstream.read;

import java.util.Locale;

/** Why numbered events were lost, as GAP records say it. */
public enum LossCause {
    /** The ring to the spool was full. */
    HANDOVER(0),
    /** The spool's size limit, or a full disk. */
    SPOOL(1),
    /** A part of the spool cannot be read. */
    DAMAGE(2),
    /** Kafka refused the record for good. */
    REJECTED(3),
    /** The process ended uncleanly. */
    RESTART(4),
    /** A cause that this version does not know. */
    OTHER(5);

    private final int index;

    LossCause(int index) {
        this.index = index;
    }

    /** Its place in an array that has one for each cause. */
    int index() {
        return index;
    }

    static LossCause of(String name) {
        for (LossCause cause : values()) {
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
