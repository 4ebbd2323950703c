package dev.ctstream.track;

/**
 * Decides of which known flows a dump writes INTERIM events: of one whose counters have moved since they were last
 * reported, once in {@code interim.interval-seconds}; of any other, once in {@code interim.full-seconds}.
 *
 * <p>Each flow has its own times, by its hash, so that the events are spread over the dumps of an interval. A flow is due
 * if one of its times lies between the last complete dump and this one. Where dumps are further apart than the interval,
 * as those of a large table are, each dump writes what is due since the last.
 *
 * <p>No state but one time for each namespace. A dump that is repeated may report a flow again.
 *
 * <p>Threads: confined to the receive thread.
 */
final class InterimSchedule {
    private final long intervalNanos;
    private final long fullNanos;
    private boolean open;
    private long fromNanos;
    private long toNanos;

    InterimSchedule(TrackConfig.Interim config) {
        intervalNanos = config.intervalNanos();
        fullNanos = config.fullNanos();
    }

    /** A dump begins. The first of a namespace announces its flows, and a requested one announces all of them again. */
    void begin(NamespaceTrack track, DumpRequest request) {
        DumpRequest.Reason reason = request.reason();
        open = intervalNanos > 0 && track.interimBegun && !reason.announcesUntracked();
        fromNanos = track.interimNanos;
        toNanos = request.beginNanos();
    }

    /** The dump has ended. */
    void end(NamespaceTrack track, boolean complete) {
        if (complete) {
            track.interimBegun = true;
            track.interimNanos = toNanos;
        }
    }

    /** Whether the dump in progress reports a known flow. */
    boolean due(long hash, boolean moved) {
        return open && ((moved && crosses(hash, intervalNanos)) || crosses(hash, fullNanos));
    }

    /** Whether a time of the flow lies after {@link #fromNanos} and not after {@link #toNanos}. */
    private boolean crosses(long hash, long periodNanos) {
        long phase = Long.remainderUnsigned(hash, periodNanos);
        return Math.floorDiv(toNanos - phase, periodNanos) != Math.floorDiv(fromNanos - phase, periodNanos);
    }
}
