package dev.ctstream.record;

import java.util.Optional;

/** What a control record tells: the field {@code kind}. */
public enum ControlKind {
    /** A namespace is observed from now on. */
    STARTED,
    /** A namespace is observed no longer. */
    STOPPED,
    /** Regular account of a namespace. */
    HEARTBEAT,
    /** Something was lost. */
    GAP,
    /** EXISTING events of a snapshot follow. */
    SNAPSHOT_BEGIN,
    /** All EXISTING events of a snapshot were handed over. */
    SNAPSHOT_END,
    /** The delivery mode was switched. */
    MODE,
    /** Entries were changed through ctstream. */
    OPERATOR;

    /** The kind of a decoded control record; empty when this version does not know it. */
    public static Optional<ControlKind> of(DecodedRecord record) {
        String text = record.text("kind");
        for (ControlKind kind : values()) {
            if (kind.name().equals(text)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
