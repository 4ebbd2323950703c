package dev.ctstream.lookup;

import dev.ctstream.record.ControlKind;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunKey;
import dev.ctstream.record.RunOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Whether every namespace that the topics know was observed at the time in question, and its flows were all known: what
 * a proof that nobody had an address needs beside complete sequences.
 *
 * <p>Bounds: some 200 bytes for each run of each namespace.
 *
 * <p>Threads: confined to one.
 */
final class Coverage {
    /** Snapshots that announce every flow, also those that earlier events have opened in another run. */
    private static final Set<String> OF_ALL_FLOWS = Set.of("start", "namespace-added", "request");

    private final Question question;
    private final RunOrder order = new RunOrder(Integer.MAX_VALUE);
    private final Map<RunKey, Run> runs = new LinkedHashMap<>();
    private final Map<String, List<Run>> byNamespace = new TreeMap<>(); // by host and name
    private final List<String> losses = new ArrayList<>();

    /** Times of a run in one namespace, ms since 1970-01-01 UTC. */
    private static final class Run {
        final RunKey key;
        long startedMillis = Long.MIN_VALUE; // before what was read
        long stoppedMillis = Long.MAX_VALUE;
        long lastMillis = Long.MIN_VALUE;
        boolean removed;
        boolean allFlows; // a snapshot has announced every flow
        boolean unsubscribed;
        boolean filtered;
        boolean reduced;
        final Map<Long, String> snapshots = new HashMap<>();

        Run(RunKey key) {
            this.key = key;
        }
    }

    Coverage(Question question) {
        this.question = question;
    }

    /** Takes a control record. */
    void control(DecodedRecord record) {
        ControlKind kind = ControlKind.of(record).orElse(ControlKind.OPERATOR);
        if (kind == ControlKind.OPERATOR) {
            return; // of a command, not of a collector
        }
        long time = record.number("time").orElse(0L);
        Run run = run(RunKey.of(record));
        run.reduced |= !record.text("privacy").isEmpty();
        run.filtered |= !record.text("filter_digest").isEmpty();
        switch (kind) {
            case STARTED -> {
                order.started(record);
                run.startedMillis = time;
                String events = record.text("subscribed_events");
                run.unsubscribed = !events.isEmpty() && !(events.contains("NEW") && events.contains("DESTROY"));
            }
            case STOPPED -> {
                run.stoppedMillis = time;
                run.removed = record.text("reason").equals("namespace-removed");
            }
            case HEARTBEAT -> run.lastMillis = Math.max(run.lastMillis, time);
            case SNAPSHOT_BEGIN ->
                run.snapshots.put(record.number("snapshot_id").orElse(-1L), record.text("reason"));
            case SNAPSHOT_END -> run.allFlows |= ofAllFlows(run, record);
            case GAP -> gap(record);
            default -> {}
        }
    }

    private static boolean ofAllFlows(Run run, DecodedRecord record) {
        String reason = run.snapshots.remove(record.number("snapshot_id").orElse(-1L));
        return reason != null
                && OF_ALL_FLOWS.contains(reason)
                && Boolean.TRUE.equals(record.value("snapshot_complete"));
    }

    private Run run(RunKey key) {
        return runs.computeIfAbsent(key, added -> {
            Run run = new Run(added);
            byNamespace.computeIfAbsent(name(added), none -> new ArrayList<>(1)).add(run);
            return run;
        });
    }

    /** Losses without sequences; those with sequences are the verifier's. */
    private void gap(DecodedRecord record) {
        GapCause cause = GapCause.of(record.text("cause"));
        long fromMillis = millis(record, "window_start_ns", Long.MIN_VALUE);
        long untilMillis = millis(record, "window_end_ns", Long.MAX_VALUE);
        if (fromMillis > question.untilMillis() || untilMillis < question.fromMillis()) {
            return;
        }
        String where = name(RunKey.of(record));
        if (cause == GapCause.KERNEL) {
            losses.add(where + ": the kernel dropped "
                    + record.number("lost_count").map(String::valueOf).orElse("an unknown number of") + " events");
        } else if (cause == GapCause.RESTART) {
            losses.add(where + ": a collector ended uncleanly, and what it held in memory is not known");
        }
    }

    private static long millis(DecodedRecord record, String name, long otherwise) {
        return record.number(name).map(TimeUnit.NANOSECONDS::toMillis).orElse(otherwise);
    }

    private static String name(RunKey key) {
        return key.hostId() + "/" + key.netns();
    }

    /** The run that observed the namespace of a name at the time in question, by its start; null = none. */
    private @Nullable Run at(List<Run> ofNamespace) {
        Run latest = null;
        for (Run run : ofNamespace) {
            if (run.startedMillis <= question.atMillis() && (latest == null || isLater(run, latest))) {
                latest = run;
            }
        }
        return latest;
    }

    /** In one run of the collector the name has gone to another namespace; that one was added later. */
    private boolean isLater(Run run, Run other) {
        return sameCollector(run.key, other.key)
                ? run.startedMillis > other.startedMillis
                : order.precedes(other.key, run.key);
    }

    private static boolean sameCollector(RunKey run, RunKey other) {
        return run.streamEpoch() == other.streamEpoch() && run.bootId().equals(other.bootId());
    }

    /** Takes note of a run of which only events were read. */
    void observed(RunKey key) {
        run(key);
    }

    /**
     * What is known of a flow without an end whose last event is of a run: whether a later run, which observed the
     * namespace at the time in question, would have reported it.
     *
     * @return null when that run does not have it; else what to say of it
     */
    Flow.@Nullable Verdict ofOpenFlow(Flow flow) {
        Run its = run(flow.run());
        Run now = at(byNamespace.getOrDefault(name(its.key), List.of()));
        if (now != null && order.precedes(its.key, now.key)) {
            return now.allFlows ? null : Flow.Verdict.POSSIBLE;
        }
        return its.stoppedMillis < question.atMillis() ? Flow.Verdict.POSSIBLE : Flow.Verdict.LIVED;
    }

    /** Why flows may be missing; empty when all namespaces were observed. */
    List<String> reasons() {
        List<String> reasons = new ArrayList<>(losses);
        if (runs.isEmpty()) {
            reasons.add("there is no record of a collector in this time");
        }
        byNamespace.forEach((name, ofNamespace) -> {
            Run run = at(ofNamespace);
            if (run == null) {
                reasons.add(name + ": was not observed before its first run, which began later");
            } else {
                reason(name, run, reasons);
            }
        });
        return reasons;
    }

    private void reason(String name, Run run, List<String> reasons) {
        if (run.stoppedMillis < question.atMillis()) {
            if (!run.removed) {
                reasons.add(name + ": was not observed then: its collector had stopped");
            }
            return;
        }
        if (run.stoppedMillis == Long.MAX_VALUE && run.lastMillis < question.atMillis()) {
            reasons.add(name + ": no HEARTBEAT at or after this time was read: events up to it may still come");
        }
        if (!run.allFlows) {
            reasons.add(name + ": the begin of its run was not read: flows that are older, and live on, are not known;"
                    + " a longer --since reads it");
        }
        if (run.filtered) {
            reasons.add(name + ": its collector follows only some flows (keys filter.*)");
        }
        if (run.reduced) {
            reasons.add(name + ": its collector leaves out or shortens addresses (keys privacy.*)");
        }
        if (run.unsubscribed) {
            reasons.add(name + ": its collector was not subscribed to NEW and DESTROY (key events)");
        }
    }
}
