package dev.ctstream.spool;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes the GAP records of causes handover, spool, damage and rejected. One record names many streams: all of one run,
 * namespace and cause, up to the most ranges that a record may have.
 *
 * <p>A GAP lies in the control stream of the namespace that lost the events; in that of the collector's own namespace
 * when another run lost them, or when their namespace is not observed.
 *
 * <p>Threads: confined to the spool thread.
 */
final class GapRecords {
    private static final int MOST_FURTHER = 63;

    private final RunIdentity run;
    private final StreamId own;
    private final StreamTable table;
    private final int mostRanges;

    /**
     * Makes records for one run.
     *
     * @param own control stream of the collector's own namespace
     */
    GapRecords(RunIdentity run, StreamId own, StreamTable table, int mostRanges) {
        this.run = run;
        this.own = own;
        this.table = table;
        this.mostRanges = mostRanges;
    }

    /** Losses that one record can declare. The namespace is null when the damage destroyed that too. */
    private record Group(
            GapCause cause,
            RunIdentity identity,
            int kind,
            @Nullable StreamId namespace) {
        static Group of(Loss loss) {
            StreamId stream = loss.stream();
            StreamId namespace = stream == null ? null : StreamId.control(stream.netns(), stream.netnsId());
            return new Group(loss.cause(), loss.identity(), loss.kind(), namespace);
        }
    }

    /**
     * The records that declare the losses.
     *
     * @param givesUp what they give up. The last record says so, because all others are durable when it is. A frame can
     *     give up one range only, so for each further one, up to {@value #MOST_FURTHER}, a record follows that declares no
     *     more. What is not given up is found again by a restart, and declared again
     */
    List<ControlItem> of(List<Loss> losses, List<MissingBatches> givesUp, long timeMillis) {
        Map<Group, List<Loss>> groups = new LinkedHashMap<>();
        losses.forEach(loss -> groups.computeIfAbsent(Group.of(loss), group -> new ArrayList<>())
                .add(loss));
        List<ControlItem> items = new ArrayList<>();
        groups.forEach((group, members) -> {
            for (int from = 0; from < members.size(); from += mostRanges) {
                items.add(item(group, members.subList(from, Math.min(members.size(), from + mostRanges)), timeMillis));
            }
        });
        List<MissingBatches> ranges = merged(givesUp);
        if (ranges.isEmpty() || items.isEmpty()) {
            return items;
        }
        int last = items.size() - 1;
        items.set(last, items.get(last).givingUp(ranges.get(0)));
        Loss one = losses.get(losses.size() - 1);
        Loss nothing = Loss.unnamed(one.cause(), one.identity(), one.kind(), 0, 0);
        for (MissingBatches range : ranges.subList(1, Math.min(ranges.size(), 1 + MOST_FURTHER))) {
            items.add(item(Group.of(nothing), List.of(nothing), timeMillis).givingUp(range));
        }
        return items;
    }

    /** The ranges in order, those that touch as one. */
    private static List<MissingBatches> merged(List<MissingBatches> ranges) {
        List<MissingBatches> merged = new ArrayList<>();
        for (MissingBatches range : ranges) {
            int last = merged.size() - 1;
            if (last >= 0 && merged.get(last).next().number() == range.first().number()) {
                merged.set(last, new MissingBatches(merged.get(last).first(), range.next()));
            } else {
                merged.add(range);
            }
        }
        return merged;
    }

    private ControlItem item(Group group, List<Loss> losses, long timeMillis) {
        StreamId namespace = group.namespace();
        boolean here = namespace != null && group.identity().equals(run) && table.observes(namespace);
        StreamId declaring = here && namespace != null ? namespace : own;
        StreamId loser = namespace == null ? own : namespace;
        long count = losses.stream()
                .mapToLong(namespace == null ? Loss::count : loss -> loss.nextSequence() - loss.firstSequence())
                .sum();
        long batches = losses.stream().mapToLong(Loss::batches).sum();
        boolean events = group.kind() == BatchEnvelope.EVENTS;
        ControlRecord.Lost lost = new ControlRecord.Lost(
                new ControlRecord.Owner(group.identity(), loser.netns(), loser.netnsId()),
                events ? ControlRecord.Lost.EVENTS : ControlRecord.Lost.CONTROL,
                namespace == null
                        ? List.of()
                        : losses.stream().map(GapRecords::range).toList(),
                new ControlRecord.Count(count, batches == 0 ? null : batches, null));
        ControlRecord.Gap gap = new ControlRecord.Gap(group.cause(), lost, window(losses), null);
        return new ControlItem(declaring, timeMillis, gap, null, null, lostEvents(losses), List.copyOf(losses));
    }

    private static long lostEvents(List<Loss> losses) {
        return losses.stream().mapToLong(Loss::events).sum();
    }

    private static ControlRecord.Range range(Loss loss) {
        StreamId stream = loss.stream();
        Integer zone = stream == null || loss.kind() == BatchEnvelope.CONTROL ? null : Integer.valueOf(stream.zone());
        return new ControlRecord.Range(zone, loss.firstSequence(), loss.nextSequence() - 1);
    }

    private static ControlRecord.@Nullable Window window(List<Loss> losses) {
        long first = Long.MAX_VALUE;
        long last = 0;
        for (Loss loss : losses) {
            if (loss.firstNanos() != 0) {
                first = Math.min(first, loss.firstNanos());
                last = Math.max(last, loss.lastNanos());
            }
        }
        return last == 0 ? null : new ControlRecord.Window(first, Math.max(first, last));
    }
}
