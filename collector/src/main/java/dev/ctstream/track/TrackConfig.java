package dev.ctstream.track;

import java.util.concurrent.TimeUnit;

/**
 * Configures what is tracked, and how often.
 *
 * @param snapshot {@code snapshot}: announce as EXISTING the entries that the table holds when a namespace is first
 *     observed
 * @param reconcileIntervalMillis {@code reconcile.interval-seconds}: shortest time between two dumps that look for
 *     flows that ended without a DESTROY, see {@code Snapshots}; 0 = never
 * @param ledgerMaxFlows {@code ledger.max-flows}: most live flows that the ledger holds; 0 = none
 * @param heartbeatIntervalMillis {@code heartbeat.interval-seconds}
 * @param manageSysctls {@code sysctl.manage}: set the sysctls that the records need
 * @param interim how often known flows are reported while they live
 * @param openings {@code events}: whether the topic has what opens flows. Without, it is the table of finished flows: dumps
 *     only fill the ledger, and are not reported as snapshots
 * @param timing times that cannot be configured; tests shorten them
 */
public record TrackConfig(
        boolean snapshot,
        long reconcileIntervalMillis,
        int ledgerMaxFlows,
        long heartbeatIntervalMillis,
        boolean manageSysctls,
        Interim interim,
        boolean openings,
        Timing timing) {
    /** The defaults of the configuration file. */
    public static final TrackConfig DEFAULT = new TrackConfig(true, 60_000, 1_000_000, 10_000, false, Timing.DEFAULT);

    /** At this limit the index takes 2 GiB and the records take 10 to 15 GB. */
    public static final int LEDGER_MAX_FLOWS_LIMIT = 100_000_000;

    /** With openings, and without reports of flows that live. */
    public TrackConfig(
            boolean snapshot,
            long reconcileIntervalMillis,
            int ledgerMaxFlows,
            long heartbeatIntervalMillis,
            boolean manageSysctls,
            Timing timing) {
        this(
                snapshot,
                reconcileIntervalMillis,
                ledgerMaxFlows,
                heartbeatIntervalMillis,
                manageSysctls,
                Interim.OFF,
                true,
                timing);
    }

    /** Checks the ranges. */
    public TrackConfig {
        check("reconcile.interval-seconds", reconcileIntervalMillis, 0, Integer.MAX_VALUE * 1000L);
        check("ledger.max-flows", ledgerMaxFlows, 0, LEDGER_MAX_FLOWS_LIMIT);
        check("heartbeat.interval-seconds", heartbeatIntervalMillis, 1, Integer.MAX_VALUE * 1000L);
    }

    private static void check(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + ": " + value + " is outside " + least + ".." + most);
        }
    }

    /**
     * INTERIM events of flows that live, written with the dumps that look for flows that have ended.
     *
     * @param intervalMillis {@code interim.interval-seconds}: between two events of a flow whose counters move; 0 = none
     * @param fullMillis {@code interim.full-seconds}: between two events of any other flow
     */
    public record Interim(long intervalMillis, long fullMillis) {
        /** No INTERIM events. */
        public static final Interim OFF = new Interim(0, 86_400_000);

        /** Checks the ranges. */
        public Interim {
            if (intervalMillis < 0 || fullMillis < 1) {
                throw new IllegalArgumentException(
                        "interim.interval-seconds must be at least 0, interim.full-seconds at least 1");
            }
        }

        long intervalNanos() {
            return TimeUnit.MILLISECONDS.toNanos(intervalMillis);
        }

        long fullNanos() {
            return TimeUnit.MILLISECONDS.toNanos(fullMillis);
        }
    }

    /**
     * Times that follow from the kernel's behaviour.
     *
     * @param closeAfterMillis shortest time between the end of the first dump that lacks a flow and the beginning of
     *     the dump that closes it. Dumps do not show an expired entry for up to 60 s before its DESTROY
     * @param lossWindowMillis how long losses are summed before a GAP declares them
     * @param gapDumpDelayMillis from a GAP to the dump that looks for the flows it hid
     * @param dumpRetryMillis from a failed dump to its repetition
     */
    public record Timing(long closeAfterMillis, long lossWindowMillis, long gapDumpDelayMillis, long dumpRetryMillis) {
        public static final Timing DEFAULT = new Timing(70_000, 1_000, 2_000, 5_000);
    }
}
