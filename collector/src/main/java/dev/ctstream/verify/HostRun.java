package dev.ctstream.verify;

import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;

/** What the namespaces of one run have in common. */
final class HostRun {
    private final long streamEpoch;
    private final NavigableMap<Long, HostRun> ofHost; // all runs of the host that have a STARTED
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

    /** The run after this one says that what was before it ended uncleanly; that may be a run that left no record. */
    boolean endedUncleanly() {
        Map.Entry<Long, HostRun> next = ofHost.higherEntry(streamEpoch);
        return next != null && next.getValue().namesPrevious;
    }

    /** There is a run after this one, and it does not know that this one ended uncleanly. */
    boolean endUndeclared() {
        return ofHost.higherKey(streamEpoch) != null && !endedUncleanly();
    }

    /** A GAP says that something was lost, but not of which stream. */
    void lostWithoutRange(Optional<Long> count) {
        lostWithoutCount |= count.isEmpty();
        lostWithoutRange += count.orElse(0L);
    }

    /** How many of so many missing events such GAPs account for; uses up their count. */
    long coveredWithoutRange(long missing) {
        if (lostWithoutCount) {
            return missing;
        }
        long covered = Math.min(missing, lostWithoutRange);
        lostWithoutRange -= covered;
        return covered;
    }
}
