package dev.ctstream.verify;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The runs of one host in order. Each STARTED names the run before it; only chains that no record connects are ordered
 * by {@code stream_epoch}, which is the clock's. A run that is only named by others, and a run that consists of OPERATOR
 * records, are not part of the order.
 *
 * <p>Bounds: one object for each run.
 *
 * <p>Threads: confined to one.
 */
final class HostRuns {
    final String hostId;
    private final Map<HostRun.Id, HostRun> runs = new HashMap<>();
    private final List<HostRun> order = new ArrayList<>();
    private boolean ordered = true;
    private int chains;

    /** Two runs. */
    record Pair(HostRun first, HostRun second) {}

    HostRuns(String hostId) {
        this.hostId = hostId;
    }

    HostRun run(HostRun.Id id) {
        return runs.computeIfAbsent(id, added -> new HostRun(added, this));
    }

    boolean isPresent(HostRun.Id id) {
        HostRun run = runs.get(id);
        return run != null && run.isPresent();
    }

    /** Records that the order must be found again. */
    void changed() {
        ordered = false;
    }

    /** Number of chains; a run that two others name as the one before them begins a second chain. */
    int chains() {
        order();
        return chains;
    }

    /** The last run; null when there is none. */
    @Nullable
    HostRun last() {
        order();
        return order.isEmpty() ? null : order.get(order.size() - 1);
    }

    /** Orders the runs, if anything has changed. */
    void order() {
        if (ordered) {
            return;
        }
        ordered = true;
        List<HostRun> byEpoch = runs.values().stream()
                .filter(HostRun::isPresent)
                .sorted(Comparator.comparingLong((HostRun run) -> run.id.streamEpoch())
                        .thenComparing(run -> run.id.bootId()))
                .toList();
        sort(byEpoch);
        for (int i = 0; i < order.size(); i++) {
            HostRun run = order.get(i);
            run.position = i;
            run.next = i + 1 < order.size() ? order.get(i + 1) : null;
        }
        settle();
    }

    /** Puts each run after the one that it names; runs that the same one precedes, and chains, by their epoch. */
    private void sort(List<HostRun> byEpoch) {
        Map<HostRun, List<HostRun>> following = new HashMap<>();
        Deque<HostRun> open = new ArrayDeque<>();
        for (HostRun run : byEpoch) {
            HostRun.Id preceding = run.preceding();
            HostRun parent = preceding == null ? null : runs.get(preceding);
            run.parent = parent == null || !parent.isPresent() ? null : parent;
            run.position = -1;
            follow(run, following);
        }
        for (HostRun run : byEpoch) {
            if (run.parent == null) {
                run.parent = beforeSilentRun(run, byEpoch, following);
                follow(run, following);
            }
            if (run.parent == null) {
                open.add(run);
            }
        }
        order.clear();
        chains = 0;
        while (!open.isEmpty()) {
            HostRun run = open.removeFirst();
            List<HostRun> next = following.getOrDefault(run, List.of());
            for (int i = next.size() - 1; i >= 0; i--) {
                open.addFirst(next.get(i));
            }
            chains += next.isEmpty() ? 1 : 0;
            run.position = order.size();
            order.add(run);
        }
        for (HostRun run : byEpoch) {
            if (run.position < 0) { // runs that name each other in a circle: no chain
                run.parent = null;
                chains++;
                order.add(run);
            }
        }
    }

    private static void follow(HostRun run, Map<HostRun, List<HostRun>> following) {
        if (run.parent != null) {
            following.computeIfAbsent(run.parent, named -> new ArrayList<>(1)).add(run);
        }
    }

    /**
     * The run before one that was killed before Kafka had any record of it, and that only the given run names: the newest
     * one that is earlier and that no other run follows. Null = there is none, or the given run names no such run.
     */
    private static @Nullable HostRun beforeSilentRun(
            HostRun run, List<HostRun> byEpoch, Map<HostRun, List<HostRun>> following) {
        HostRun.Id silent = run.preceding();
        HostRun newest = null;
        for (HostRun earlier : byEpoch) {
            if (silent != null
                    && earlier.id.streamEpoch() < silent.streamEpoch()
                    && !earlier.equals(run)
                    && !following.containsKey(earlier)
                    && earlier.endsBy(run)) {
                newest = earlier;
            }
        }
        return newest;
    }

    /** Finds out of which runs no batch can come any more, and how much of the others Kafka has. */
    private void settle() {
        order.forEach(run -> run.settled = false);
        for (HostRun run : order) {
            run.acknowledged().forEach((epoch, logIndex) -> {
                HostRun named = run;
                while (named != null && named.id.streamEpoch() != epoch) {
                    named = named.parent;
                }
                if (named != null) {
                    named.takeAcknowledged(logIndex);
                    for (HostRun earlier = named.parent;
                            earlier != null && !earlier.settled;
                            earlier = earlier.parent) {
                        earlier.settled = true;
                    }
                }
            });
        }
        HostRun last = last();
        for (HostRun run : order) {
            run.settled |= last != null && !precedesOrIs(run, last) && run.endsBy(last);
        }
    }

    /** Whether a chain leads from one run to another. */
    private static boolean precedesOrIs(HostRun run, HostRun other) {
        HostRun at = other;
        while (at != null && at.position > run.position) {
            at = at.parent;
        }
        return at == run;
    }

    /** Two runs at the same time of which neither precedes the other: two collectors. Null: there are none. */
    @Nullable
    Pair overlap() {
        order();
        if (chains < 2) {
            return null;
        }
        List<HostRun> byTime = new ArrayList<>(order);
        byTime.sort(Comparator.comparingLong(HostRun::firstMillis));
        List<HostRun> open = new ArrayList<>();
        for (HostRun run : byTime) {
            open.removeIf(earlier -> earlier.endsBy(run));
            for (HostRun other : open) {
                if (run.overlaps(other) && !precedesOrIs(run, other) && !precedesOrIs(other, run)) {
                    return run.after(other) ? new Pair(other, run) : new Pair(run, other);
                }
            }
            open.add(run);
        }
        return null;
    }
}
