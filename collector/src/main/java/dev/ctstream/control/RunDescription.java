package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.record.RunIdentity;
import org.jspecify.annotations.Nullable;

/**
 * Facts about this run for the control records.
 *
 * @param previous the previous run; null when it ended cleanly or there was none
 * @param filterDigest SHA-256 of the event filter, hexadecimal; null without one
 */
public record RunDescription(
        RunIdentity run,
        ControlRecord.Settings settings,
        @Nullable PreviousRun previous,
        @Nullable String filterDigest) {
    /**
     * A run that ended uncleanly.
     *
     * @param lastAliveNanos its last sign of life, ns since 1970-01-01 UTC; the events that it held in memory are not
     *     older
     */
    public record PreviousRun(String bootId, long streamEpoch, long lastAliveNanos) {}
}
