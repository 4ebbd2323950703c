package dev.ctstream.track;

/**
 * What is tracked, and how often.
 *
 * @param snapshot {@code snapshot}: entries that are in the table when a namespace is first observed become EXISTING
 * @param reconcileIntervalMillis {@code reconcile.interval-seconds}: least time between two dumps that look for flows
 *     gone without a DESTROY, see {@code Snapshots}; 0 = never
 * @param ledgerMaxFlows {@code ledger.max-flows}: live flows that are remembered; 0 = none
 * @param heartbeatIntervalMillis {@code heartbeat.interval-seconds}
 * @param manageSysctls {@code sysctl.manage}: set what the records need
 * @param timing what is no setting; tests shorten it
 */
public record TrackConfig(
        boolean snapshot,
        long reconcileIntervalMillis,
        int ledgerMaxFlows,
        long heartbeatIntervalMillis,
        boolean manageSysctls,
        Timing timing) {
    /** What the configuration file starts from. */
    public static final TrackConfig DEFAULT = new TrackConfig(true, 60_000, 1_000_000, 10_000, false, Timing.DEFAULT);

    /** The index then takes 2 GiB, the records 10 to 15 GB. */
    public static final int LEDGER_MAX_FLOWS_LIMIT = 100_000_000;

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
     * Times that follow from the kernel's.
     *
     * @param closeAfterMillis least time between the end of the first dump that lacks a flow and the beginning of the one
     *     that closes it. An expired entry hides from dumps up to 60 s before its DESTROY
     * @param lossWindowMillis how long losses are added up before a GAP declares them
     * @param gapDumpDelayMillis from a GAP to the dump that looks for what it hid
     * @param dumpRetryMillis from a dump that failed to its repetition
     */
    public record Timing(long closeAfterMillis, long lossWindowMillis, long gapDumpDelayMillis, long dumpRetryMillis) {
        public static final Timing DEFAULT = new Timing(70_000, 1_000, 2_000, 5_000);
    }
}
