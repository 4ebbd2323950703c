package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.record.RunIdentity;
import org.jspecify.annotations.Nullable;

/**
 * What the control records say of this run.
 *
 * @param previous the run before, null when it ended cleanly or there was none
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
     * @param lastAliveNanos the last sign of life it left, ns since 1970-01-01 UTC: what it had in memory is from then on
     */
    public record PreviousRun(String bootId, long streamEpoch, long lastAliveNanos) {}
}
