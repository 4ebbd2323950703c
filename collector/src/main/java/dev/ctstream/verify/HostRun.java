package dev.ctstream.verify;

import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;

/** State shared by all namespaces of one run. */
final class HostRun {
    private final long streamEpoch;
    private final NavigableMap<Long, HostRun> ofHost; // all runs of the host that have a STARTED, by epoch
    private boolean namesPrevious;
    private boolean lostWithoutCount;
    private long lostWithoutRange;

    HostRun(long streamEpoch, NavigableMap<Long, HostRun> ofHost) {
        this.streamEpoch = streamEpoch;
        this.ofHost = ofHost;
    }

    void started(Optional<Long> previousEpoch) {
        namesPrevious |= previousEpoch.isPresent();
        ofHost.put(streamEpoch, this);
    }

    /**
     * Whether the next run reports that its predecessor ended uncleanly. That predecessor may be a run that left no
     * record.
     */
    boolean endedUncleanly() {
        Map.Entry<Long, HostRun> next = ofHost.higherEntry(streamEpoch);
        return next != null && next.getValue().namesPrevious;
    }

    /** Whether there is a next run that does not report this one as ended uncleanly. */
    boolean endUndeclared() {
        return ofHost.higherKey(streamEpoch) != null && !endedUncleanly();
    }

    /** Takes a GAP that does not name the stream of the loss. */
    void lostWithoutRange(Optional<Long> count) {
        lostWithoutCount |= count.isEmpty();
        lostWithoutRange += count.orElse(0L);
    }

    /** Returns how many of the missing events such GAPs account for, and uses up their count. */
    long coveredWithoutRange(long missing) {
        if (lostWithoutCount) {
            return missing;
        }
        long covered = Math.min(missing, lostWithoutRange);
        lostWithoutRange -= covered;
        return covered;
    }
}
