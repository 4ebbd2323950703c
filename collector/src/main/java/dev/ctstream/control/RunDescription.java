package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Facts about this run for the control records.
 *
 * @param previous the run before this one, as far as the spool knows; null when it knows none
 * @param filterDigest SHA-256 of the event filter, hexadecimal; null without one
 */
public record RunDescription(
        RunIdentity run,
        ControlRecord.Settings settings,
        @Nullable PreviousRun previous,
        @Nullable String filterDigest) {
    /**
     * The run before this one.
     *
     * @param lastAliveNanos its last sign of life, ns since 1970-01-01 UTC; the events that it held in memory are not
     *     older
     * @param clean whether it ended cleanly, so that it held nothing in memory
     * @param open control streams of the namespaces that have no STOPPED, as far as the spool still knows
     */
    public record PreviousRun(RunIdentity identity, long lastAliveNanos, boolean clean, List<StreamId> open) {}

    /** The run before this one, as STARTED names it. */
    ControlRecord.@Nullable PreviousRun precedingRun() {
        PreviousRun before = previous;
        return before == null
                ? null
                : new ControlRecord.PreviousRun(
                        before.identity().streamEpoch(), before.identity().bootId(), before.clean());
    }

    /** The state of a namespace that is not observed. */
    ControlRecord.NamespaceState unobserved() {
        return new ControlRecord.NamespaceState(null, ControlRecord.Sysctls.UNKNOWN, null, null, filterDigest);
    }
}
