package dev.ctstream.spool;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.record.GapCause;
import java.util.List;
import java.util.Map;

/** Control records with made-up contents. */
final class ControlRecords {
    private static final ControlRecord.NamespaceState STATE =
            new ControlRecord.NamespaceState(1L << 20, ControlRecord.Sysctls.UNKNOWN, "counted", "synchronized", null);
    private static final ControlRecord.Report REPORT = new ControlRecord.Report(
            new ControlRecord.Received(0, 0, 0, 0, 0),
            new ControlRecord.KernelLosses(0, 0, true),
            null,
            ControlRecord.TableState.UNKNOWN);

    private ControlRecords() {}

    static ControlRecord started() {
        return new ControlRecord.Started(
                "start", new ControlRecord.Settings("0", "digest", "all", "batch", 0), null, STATE);
    }

    static ControlRecord stopped() {
        return new ControlRecord.Stopped("stop", REPORT, STATE);
    }

    static ControlRecord heartbeat() {
        return new ControlRecord.Heartbeat(REPORT, STATE);
    }

    static ControlRecord mode() {
        return new ControlRecord.Mode("counted", "reliable", "test");
    }

    /** As {@link #mode}, with a text of this length. */
    static ControlRecord mode(int bytes) {
        return new ControlRecord.Mode("counted", "reliable", "x".repeat(bytes));
    }

    static ControlRecord snapshotEnd(Map<Integer, Long> existing) {
        return new ControlRecord.SnapshotEnd(
                7,
                existing.values().stream().mapToLong(Long::longValue).sum(),
                true,
                new ControlRecord.Window(1, 2),
                existing);
    }

    /** A loss at the socket. */
    static ControlRecord kernelGap(long count) {
        return new ControlRecord.Gap(
                GapCause.KERNEL, ControlRecord.Lost.kernel(count), new ControlRecord.Window(1, 2), null);
    }

    /** The run before this one ended uncleanly. */
    static ControlRecord restartGap() {
        return new ControlRecord.Gap(
                GapCause.RESTART,
                new ControlRecord.Lost(
                        null, ControlRecord.Lost.EVENTS, List.of(), new ControlRecord.Count((Long) null, null, null)),
                new ControlRecord.Window(1, 2),
                null);
    }
}
