package dev.ctstream.spool;

/** A fault that a test plants, and the model of crash states must find. */
enum CrashFault {
    NONE,

    // What the spool does to the disk, changed by MemoryFiles.
    /** The control records are never synced: a segment is deleted before its GAP is durable. */
    GAP_NOT_SYNCED,
    /** The control records are synced only after the segment is deleted. */
    UNLINKED_BEFORE_SYNC,
    /** The entries of the directory of control records are not synced. */
    CONTROL_ENTRIES_NOT_SYNCED,
    /** A segment is deleted only after the publisher has its GAP. */
    UNLINKED_AFTER_HANDOVER,
    /** A file gets its name before its contents are synced. */
    RENAMED_BEFORE_SYNCED,
    /** Acknowledged segments are deleted although the position is not synced. */
    POSITION_NOT_SYNCED,
    /** A control segment is deleted before the position of events has passed what it gives up. */
    CONTROL_DELETED_EARLY,

    // What recovery does not see, taken from the image before it.
    /** What a GAP gives up. */
    GIVES_UP_IGNORED,
    /** What the position knew of the end: a lost tail has no mark. */
    POSITION_IGNORED,
    /** That the run before had its epoch. */
    EPOCH_NOT_RISING,
    /** The newest batch of events, whose number and sequences are used again. */
    EVENT_NUMBERS_AGAIN,
    /** The newest control record, whose number is used again. */
    CONTROL_NUMBERS_AGAIN,

    // What a run does, changed by CrashSpool.
    /** Events count as acknowledged as soon as the publisher has them. */
    ACKNOWLEDGED_EARLY,
    /** After a rewind, one batch too few comes again. */
    REWOUND_TOO_SHORT,
    /** After a rewind, one batch too many comes again. */
    REWOUND_TOO_FAR,
    /** STOPPED does not wait for the events before it. */
    STOPPED_AT_ZERO,
    /** A failed write of events keeps its log_index. */
    LOG_INDEX_KEPT;

    boolean ofRecovery() {
        return switch (this) {
            case GIVES_UP_IGNORED, POSITION_IGNORED, EPOCH_NOT_RISING, EVENT_NUMBERS_AGAIN, CONTROL_NUMBERS_AGAIN ->
                true;
            default -> false;
        };
    }
}
