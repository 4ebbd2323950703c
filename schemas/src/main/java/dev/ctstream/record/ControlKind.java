package dev.ctstream.record;

import java.util.Optional;

/** The kind of a control record: field {@code kind}. */
public enum ControlKind {
    /** Observation of a namespace starts. */
    STARTED,
    /** Observation of a namespace ends. */
    STOPPED,
    /** Periodic report on a namespace. */
    HEARTBEAT,
    /** Events or control records were lost. */
    GAP,
    /** EXISTING events of a snapshot follow. */
    SNAPSHOT_BEGIN,
    /** All EXISTING events of a snapshot were sent. */
    SNAPSHOT_END,
    /** The delivery mode was switched. */
    MODE,
    /** Entries were changed through ctstream. */
    OPERATOR,
    /** The topics of the run were found. */
    TOPIC,
    /** The root of the log is signed. */
    CHECKPOINT,
    /** Another key signs from now on. */
    KEY,
    /** Appends of the log were given up. */
    WITHDRAWN;

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
