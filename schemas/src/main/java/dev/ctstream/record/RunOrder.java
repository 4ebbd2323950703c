package dev.ctstream.record;

import java.util.Iterator;
import java.util.LinkedHashMap;

/**
 * The order of the runs of each host. A STARTED names the run before its own, and this chain orders the runs. The clock
 * does not: it may be set back between two runs. Only runs that no chain connects, as with a new or emptied spool, are
 * ordered by the {@code stream_epoch} of the first known run of their chains.
 *
 * <p>Bounds: {@code mostRuns} runs, about 300 bytes each. A new run evicts the one that was added first.
 *
 * <p>Threads: confined to one.
 */
public final class RunOrder {
    private final int mostRuns;
    private final LinkedHashMap<Run, Run> preceding = new LinkedHashMap<>();

    /** A run, over all namespaces. */
    private record Run(String hostId, String bootId, long streamEpoch) {
        static Run of(RunKey key) {
            return new Run(key.hostId(), key.bootId(), key.streamEpoch());
        }
    }

    /** Remembers at most {@code mostRuns} runs. */
    public RunOrder(int mostRuns) {
        this.mostRuns = mostRuns;
    }

    /** Takes a STARTED of any namespace. */
    public void started(DecodedRecord started) {
        String which = started.number("preceding_epoch").isPresent() ? "preceding" : "previous";
        Run run = Run.of(RunKey.of(started));
        started.number(which + "_epoch").ifPresent(epoch -> {
            preceding.putIfAbsent(run, new Run(run.hostId, started.text(which + "_boot_id"), epoch));
            if (preceding.size() > mostRuns) {
                Iterator<Run> oldest = preceding.keySet().iterator();
                oldest.next();
                oldest.remove();
            }
        });
    }

    /** Whether a chain leads from a run to another one. */
    public boolean leads(RunKey run, RunKey other) {
        Run first = Run.of(run);
        Run second = Run.of(other);
        return !first.equals(second) && climb(second, first).equals(first);
    }

    /** Whether a run comes before another one of the same host: by their chain, else by their chains' epochs. */
    public boolean precedes(RunKey run, RunKey other) {
        if (leads(run, other)) {
            return true;
        }
        Run first = Run.of(run);
        Run second = Run.of(other);
        Run firstRoot = climb(first, second);
        Run secondRoot = climb(second, first);
        if (firstRoot.equals(second)) {
            return false;
        }
        return firstRoot.equals(secondRoot)
                ? first.streamEpoch < second.streamEpoch
                : firstRoot.streamEpoch < secondRoot.streamEpoch;
    }

    /** The first known run of a chain, or {@code end} if that is on the way to it. */
    private Run climb(Run run, Run end) {
        Run at = run;
        for (int steps = 0; steps <= preceding.size() && !at.equals(end); steps++) { // bounded: records may be wrong
            Run before = preceding.get(at);
            if (before == null) {
                return at;
            }
            at = before;
        }
        return at;
    }
}
