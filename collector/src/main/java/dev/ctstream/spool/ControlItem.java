package dev.ctstream.spool;

import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.record.ControlKind;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A control record that is about to be numbered and appended. Immutable.
 *
 * @param namespace {@link StreamId#control} of its namespace
 * @param part the streams of a report or a snapshot
 * @param givesUp batches of events that a GAP gives up
 * @param lostEvents events that a GAP declares; 0 = unknown, or it is no GAP
 * @param losses what a GAP declares
 */
record ControlItem(
        StreamId namespace,
        long timeMillis,
        ControlRecord record,
        ControlRecord.@Nullable StreamPart part,
        @Nullable MissingBatches givesUp,
        long lostEvents,
        List<Loss> losses) {
    static ControlItem of(ControlOutbox.Waiting entry, ControlRecord.@Nullable StreamPart part) {
        ControlRecord record = entry.record();
        Long count =
                record instanceof ControlRecord.Gap gap ? gap.lost().count().events() : null;
        return new ControlItem(
                entry.namespace(), entry.timeMillis(), record, part, null, count == null ? 0 : count, List.of());
    }

    ControlItem givingUp(MissingBatches batches) {
        return new ControlItem(namespace, timeMillis, record, part, batches, lostEvents, losses);
    }

    /** Whether it must be durable before anything that follows from it. */
    boolean isSynced() {
        return isGap() || record.kind() == ControlKind.CHECKPOINT || record.kind() == ControlKind.WITHDRAWN;
    }

    boolean isGap() {
        return record.kind() == ControlKind.GAP;
    }

    private boolean isFoundByPublisher() {
        return record instanceof ControlRecord.Gap gap
                && (gap.cause() == GapCause.DAMAGE || gap.cause() == GapCause.REJECTED);
    }

    /**
     * The part of the space for control records, in sixteenths, that records of this kind may fill. So a GAP is possible
     * when all the others have stopped, and the end of a run when no GAP is. The GAP of damage or of a rejected batch may
     * fill all of it: the publisher stands still until it is appended, and only the publisher lets space become free. So
     * may WITHDRAWN, which is small and goes with a GAP.
     */
    int shareSixteenths() {
        return switch (record.kind()) {
            case HEARTBEAT -> 8;
            case SNAPSHOT_BEGIN, SNAPSHOT_END, MODE, CHECKPOINT -> 12;
            case GAP -> isFoundByPublisher() ? 16 : 15;
            default -> 16;
        };
    }
}
