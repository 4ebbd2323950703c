package dev.ctstream.verify;

import dev.ctstream.record.ControlKind;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.FlowFollower;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.RunKey;
import dev.ctstream.record.StreamPosition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Proves that the events in the topics are complete, or reports what is missing. Each sequence of each stream is
 * present, declared as lost by a GAP, or reported here.
 *
 * <p>Use: pass all control records first ({@link #control}), then all events ({@link #event}), each partition in order;
 * then call {@link #finish}. Control records say what to look for. When the topics are still being written, read them
 * up to end offsets that are fixed in this order: the event topic's, then the control topic's; see
 * {@link #eventEndsFixed}. Then a hole below the highest present sequence is final, because whatever declares it was
 * published before the events that follow it. Above that sequence, only what the host acknowledges is final.
 *
 * <p>Runs of a host follow one another as their STARTED records say ({@link HostRuns}).
 *
 * <p>Bounds, by {@link Limits}: streams (beyond: {@link LimitException}); holes of all streams together (beyond: the
 * lowest hole of the stream counts as lost, and an event that fills it later counts as a repetition, so a hole is never
 * hidden); open and ended flows ({@link FlowAudit}). Nothing grows with the number of events.
 *
 * <p>Threads: confined to one.
 */
public final class Verifier {
    /** No snapshot: ids are not negative. */
    public static final long NO_SNAPSHOT = -1;

    private final Limits limits;
    private final Map<RunKey, RunAudit> runs = new HashMap<>();
    private final Map<String, HostRuns> hosts = new TreeMap<>();
    private final Map<String, Topics> topics = new HashMap<>(); // by host, of the last run that was read
    private final Map<Source, Map<HostRun, List<RunAudit>>> sources = new HashMap<>();
    private final List<StreamAudit> streams = new ArrayList<>();
    private final Holes holes = new Holes();
    private final Findings problems = new Findings();
    private final Findings remarks = new Findings();
    private final TrimmedPartitions controlRetention = new TrimmedPartitions();
    private final TrimmedPartitions eventRetention = new TrimmedPartitions();
    private final FlowAudit flows;
    private boolean acknowledging = true;
    private boolean middle;
    private long holesHeld;
    private @Nullable StreamAudit current;
    private long currentRecord = -1;
    private int currentPartition; // for files: each file numbers its own records

    /**
     * Limits of the state.
     *
     * @param streams maximum number of streams, about 450 bytes each, at most 1 KB while reports are not acknowledged
     * @param holes maximum number of holes of all streams together, 16 to 32 bytes each
     * @param flowBytes maximum bytes for open flows, 16 to 32 each
     */
    public record Limits(int streams, int holes, long flowBytes) {
        private static final int STREAM_SHARE_BYTES = 2048;
        private static final int HOLE_SHARE_BYTES = 256;
        private static final int FLOW_SHARE = 4;

        /** The limits for a heap of this size: half a million streams and 12 million open flows in 1 GiB. */
        public static Limits ofHeap(long bytes) {
            return new Limits(
                    (int) Math.min(Integer.MAX_VALUE, bytes / STREAM_SHARE_BYTES),
                    (int) Math.min(Integer.MAX_VALUE, bytes / HOLE_SHARE_BYTES),
                    bytes / FLOW_SHARE);
        }
    }

    /** There are more streams than {@link Limits} allows. */
    public static final class LimitException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        LimitException(String message) {
            super(message);
        }
    }

    /** A topic as a run found it; an empty id is unknown. */
    private record Topic(String id, long partitions) {
        static Topic of(DecodedRecord record, String prefix) {
            return new Topic(
                    record.text(prefix + "id"),
                    record.number(prefix + "partitions").orElse(0L));
        }

        boolean replacedBy(Topic later) {
            return (!id.isEmpty() && !later.id.isEmpty() && !id.equals(later.id)) || later.partitions < partitions;
        }
    }

    private record Topics(Topic events, Topic control) {}

    /** Groups successive runs, by the namespace's name; {@link FlowFollower} gives the reasons. */
    private record Source(String hostId, String netns) {}

    /** Starts empty. */
    public Verifier(Limits limits) {
        this.limits = limits;
        flows = new FlowAudit(streams, limits.flowBytes);
    }

    /**
     * Marks partitions that no longer begin with their first record; data missing at their beginning counts as expired.
     */
    public void trimmed(boolean controlTopic, int... partitions) {
        (controlTopic ? controlRetention : eventRetention).trimmed(partitions);
    }

    /**
     * Records that both topics are read from some offset on, the control topic not earlier than the events and by more
     * than the interval between two reports, and that the events are read up to a time of which the control records after
     * {@link #eventEndsFixed} are. Then a stream must be complete from the first report that counts it to the last one
     * before that time, and a run whose STARTED is read must be complete. Later control records only declare losses.
     */
    public void fromTheMiddle() {
        middle = true;
        controlRetention.fromTheMiddle();
        eventRetention.fromTheMiddle();
    }

    /** Takes note of a record that cannot be decoded. */
    public void undecodable(String place, RecordException error) {
        problems.add(Findings.UNDECODABLE, "cannot decode the record at " + place + ": " + error.getMessage());
    }

    /**
     * Records that the end offsets of the event topic have been fixed. What later control records acknowledge may be
     * beyond these ends and does not count. Without this call the events must be complete up to the last control record.
     */
    public void eventEndsFixed() {
        acknowledging = false;
    }

    /**
     * Takes a control record. Pass all of them before the first event.
     *
     * @param partition as in {@link #event}
     */
    public void control(DecodedRecord record, int partition) {
        long time = record.number("time").orElse(0L);
        RunAudit run = run(RunKey.of(record));
        controlRetention.onRecord(run.key.hostId(), partition, time);
        long sequence = record.number("control_sequence").orElse(-1L);
        if (sequence < 0) {
            problems.add(Findings.INVALID, run.key, "a control record has no control_sequence");
            return;
        }
        if (!run.take(sequence, partition)) {
            return;
        }
        if (record.text("kind").equals(ControlKind.OPERATOR.name())) {
            run.operator();
            return;
        }
        run.host.present();
        run.host.time(time);
        if (acknowledging) {
            record.number("acknowledged_epoch")
                    .ifPresent(epoch -> run.host.acknowledged(
                            epoch, record.number("acknowledged_log_index").orElse(0L)));
        }
        ControlKind.of(record).ifPresent(kind -> take(run, kind, record));
    }

    private void take(RunAudit run, ControlKind kind, DecodedRecord record) {
        if (middle && !acknowledging && kind != ControlKind.GAP) {
            return; // of events that were not read
        }
        switch (kind) {
            case STARTED -> {
                run.started(record);
                controlRetention.whole(run.key);
                eventRetention.whole(run.key);
            }
            case HEARTBEAT -> report(run, record, false);
            case STOPPED -> report(run, record, true);
            case GAP -> gap(run, record);
            case SNAPSHOT_END -> snapshotEnd(run, record);
            case TOPIC -> topics(run.key, record);
            case SNAPSHOT_BEGIN, MODE, OPERATOR, CHECKPOINT, KEY, WITHDRAWN -> {} // irrelevant for completeness
        }
    }

    /** What a host's earlier runs sent to a topic that was deleted is not in the one that has its name now. */
    private void topics(RunKey run, DecodedRecord record) {
        Topics now = new Topics(Topic.of(record, "topic_events_"), Topic.of(record, "topic_control_"));
        Topics before = topics.put(run.hostId(), now);
        boolean changed = record.number("topic_backlog_batches").isPresent();
        boolean events = before != null && before.events.replacedBy(now.events);
        boolean control = before != null && before.control.replacedBy(now.control);
        if (!changed && !events && !control) {
            return;
        }
        boolean unknown = !events && !control;
        if (events || unknown) {
            eventRetention.createdAgainBefore(run.hostId(), run.streamEpoch());
        }
        if (control || unknown) {
            controlRetention.createdAgainBefore(run.hostId(), run.streamEpoch());
        }
        remarks.add(
                Findings.TOPIC,
                run,
                (events == control ? "a topic, or both," : events ? "the event topic" : "the control topic")
                        + " was created again before this run: what earlier runs had sent went to the old one");
    }

    private void report(RunAudit run, DecodedRecord record, boolean last) {
        run.report(record, last);
        long logIndex = run.logIndex(record, run.lastReport());
        for (StreamPosition position : StreamPosition.of(record)) {
            StreamAudit stream = stream(run, position.zone());
            stream.listed(run.lastReport(), logIndex, position.nextSequence(), run.reportBeforeMillis());
            stream.listedNext = Math.max(stream.listedNext, position.nextSequence());
        }
    }

    private void snapshotEnd(RunAudit run, DecodedRecord record) {
        run.snapshotEnd(record);
        boolean first = run.isFirstComplete(record);
        int report = run.lastReport() + 1; // the next report counts at least as much
        long logIndex = run.logIndex(record, report);
        for (StreamPosition position : StreamPosition.of(record)) {
            StreamAudit stream = stream(run, position.zone());
            stream.listed(report, logIndex, position.nextSequence(), run.reportMillis());
            if (first) {
                run.awaitSnapshot(stream, position.nextSequence());
            }
        }
    }

    private void gap(RunAudit declaring, DecodedRecord record) {
        RunKey owner = owner(declaring.key, record);
        GapCause cause = GapCause.of(record.text("cause"));
        if (cause == GapCause.KERNEL) {
            run(owner).kernelGap(record);
            return;
        }
        if (cause == GapCause.RESTART) {
            ended(owner).restartGap(record);
            return;
        }
        RunAudit run = run(owner);
        run.gaps[cause.index()]++;
        List<LostRange> ranges = LostRange.of(record);
        if (ranges.isEmpty()) {
            run.host.lostWithoutRange(record.number("lost_count"));
        }
        boolean control = record.text("gap_stream").equals("control");
        for (LostRange range : ranges) {
            if (control) {
                run.declareControl(range.first(), range.last());
            } else if (range.zone() != null) {
                stream(run, range.zone()).declare(cause, range.first(), range.last());
            } else {
                problems.add(Findings.INVALID, declaring.key, "a GAP has a range of events without a zone");
            }
        }
    }

    /** The run whose sequences a GAP declares: its own run and namespace, unless it names others. */
    private static RunKey owner(RunKey own, DecodedRecord gap) {
        return new RunKey(
                textOr(gap, "gap_host_id", own.hostId()),
                textOr(gap, "gap_boot_id", own.bootId()),
                textOr(gap, "gap_netns", own.netns()),
                textOr(gap, "gap_netns_id", own.netnsId()),
                gap.number("gap_stream_epoch").orElse(own.streamEpoch()));
    }

    private static String textOr(DecodedRecord record, String name, String otherwise) {
        String text = record.text(name);
        return text.isEmpty() ? otherwise : text;
    }

    /**
     * Finds the run that a restart ended, by the name of the namespace. The declaring collector does not know the
     * namespace's identity in that run. The identity differs if the namespace was re-created in between, and always
     * before Linux 5.14.
     */
    private RunAudit ended(RunKey owner) {
        List<RunAudit> candidates = source(owner).get(host(owner));
        return candidates == null ? run(owner) : candidates.get(candidates.size() - 1); // it existed when the run ended
    }

    /**
     * Takes an event. Pass events only after all control records.
     *
     * @param partition the topic's partition; a negative number for a file, in which a stream may be continued
     */
    public void event(DecodedRecord event, int partition) {
        StreamAudit stream = current;
        if (stream == null || event.recordNumber() != currentRecord || partition != currentPartition) {
            stream = record(
                    RunKey.of(event),
                    event.zone(),
                    new RecordFacts(
                            partition,
                            event.number("received_time_ns").orElse(0L),
                            event.number("lost_total").orElse(0L)));
            currentRecord = event.recordNumber();
        }
        long sequence = event.value("sequence") instanceof Long number ? number : -1;
        if (take(stream, sequence, event.value("snapshot_id") instanceof Long snapshot ? snapshot : NO_SNAPSHOT)) {
            flows.event(stream, event);
        }
    }

    /**
     * What a record of events says about all of them.
     *
     * @param partition as in {@link #event}
     * @param receivedNanos {@code received_time_ns} of its first event
     * @param lostTotal {@code lost_total}
     */
    public record RecordFacts(int partition, long receivedNanos, long lostTotal) {}

    /**
     * Takes the begin of a record, for a reader that follows no flows; its events follow with {@link #sequence}. As
     * {@link #event}, only after all control records.
     */
    public void beginRecord(RunKey run, int zone, RecordFacts facts) {
        record(run, zone, facts);
    }

    /**
     * Takes an event of the record that was begun last.
     *
     * @param snapshotId {@link #NO_SNAPSHOT} = none
     * @return false when it is a repetition, or has no valid sequence
     */
    public boolean sequence(long sequence, long snapshotId) {
        StreamAudit stream = current;
        return stream != null && take(stream, sequence, snapshotId);
    }

    private StreamAudit record(RunKey key, int zone, RecordFacts facts) {
        long receivedMillis = TimeUnit.NANOSECONDS.toMillis(facts.receivedNanos());
        eventRetention.onRecord(facts.partition(), receivedMillis);
        StreamAudit stream = stream(run(key), zone);
        stream.begin(receivedMillis);
        stream.run.host.present();
        stream.run.lostTotal(facts.lostTotal());
        current = stream;
        currentPartition = facts.partition();
        return stream;
    }

    private boolean take(StreamAudit stream, long sequence, long snapshotId) {
        if (sequence < 0) {
            problems.add(Findings.INVALID, stream.run.key, "an event has no sequence");
            return false;
        }
        int before = stream.seen.intervals();
        if (!stream.take(sequence, currentPartition, controlRetention)) {
            return false;
        }
        holesHeld += stream.seen.intervals() - before;
        if (holesHeld > limits.holes && stream.seen.intervals() > 1) {
            stream.settleLowestHole(holes);
            holesHeld--;
        }
        if (snapshotId != NO_SNAPSHOT) {
            stream.run.existing(snapshotId);
        }
        return true;
    }

    /** Compares everything that was taken, and reports the result. */
    public VerifyReport finish() {
        // In sorted order, so that the result is deterministic: a GAP without a stream covers a fixed number of missing
        // events.
        List<RunAudit> allRuns =
                runs.values().stream().sorted(VerifyReport.RUNS).toList();
        List<StreamAudit> allStreams =
                streams.stream().sorted(VerifyReport.STREAMS).toList();
        for (StreamAudit stream : allStreams) {
            stream.finish(holes, eventRetention, controlRetention);
            // The new topic takes some requests before the run notices, and then all that was not acknowledged, from
            // the beginning and by its own number of partitions.
            Findings to = eventRetention.createdAgainAfter(stream.run.key) ? remarks : problems;
            if (stream.reordered > 0) {
                to.add(
                        Findings.ORDER,
                        stream.run.key,
                        "zone " + stream.key.zone() + ": " + stream.reordered
                                + " events come after a later one of their stream");
            }
            if (stream.moved()) {
                to.add(
                        Findings.PARTITIONS,
                        stream.run.key,
                        "zone " + stream.key.zone() + ": its events are on partitions " + stream.partitions()
                                + "; a stream stays on one");
            }
        }
        allRuns.forEach(run -> run.finish(holes, controlRetention, problems, remarks));
        hosts.values().forEach(this::finish);
        remark(allRuns);
        flows.finish();
        int trimmed = controlRetention.partitions() + eventRetention.partitions();
        return new VerifyReport(allRuns, allStreams, holes, problems, remarks, flows, trimmed);
    }

    private void finish(HostRuns host) {
        HostRuns.Pair pair = host.overlap();
        if (pair != null) {
            problems.add(
                    Findings.IDENTITY,
                    host.hostId + ": the runs " + pair.first().id.streamEpoch() + " and "
                            + pair.second().id.streamEpoch()
                            + " overlap in time, and neither follows the other: two collectors have this host_id");
        }
        if (host.chains() > 1) {
            remarks.add(
                    Findings.CHAINS,
                    host.hostId + ": its runs are " + host.chains()
                            + " chains (a new or emptied spool, or records that have expired): they are ordered by clock");
        }
    }

    private void remark(List<RunAudit> allRuns) {
        Map<HostRun, Long> inSpool = new LinkedHashMap<>();
        Set<HostRun> open = new LinkedHashSet<>();
        for (RunAudit run : allRuns) {
            inSpool.merge(run.host, run.inSpool(), Long::sum);
            if (run.open()) {
                open.add(run.host);
            }
        }
        inSpool.values().removeIf(events -> events == 0);
        inSpool.forEach((run, events) -> remarks.add(
                Findings.IN_SPOOL, run.name() + ": " + events + " events are still in the spool of the host"));
        for (HostRun run : open) {
            remarks.add(
                    Findings.OPEN,
                    run.name() + ": has no STOPPED; whether it lost events after its last report, only the next run can"
                            + " tell");
        }
    }

    private RunAudit run(RunKey key) {
        RunAudit known = runs.get(key);
        if (known != null) {
            return known;
        }
        HostRun host = host(key);
        Map<HostRun, List<RunAudit>> source = source(key);
        RunAudit run = new RunAudit(key, host, source);
        runs.put(key, run);
        source.computeIfAbsent(host, added -> new ArrayList<>(1)).add(run);
        return run;
    }

    private HostRun host(RunKey key) {
        return hosts.computeIfAbsent(key.hostId(), HostRuns::new).run(new HostRun.Id(key.bootId(), key.streamEpoch()));
    }

    private Map<HostRun, List<RunAudit>> source(RunKey key) {
        return sources.computeIfAbsent(new Source(key.hostId(), key.netns()), added -> new LinkedHashMap<>());
    }

    private StreamAudit stream(RunAudit run, int zone) {
        StreamAudit stream = run.streams.get(zone);
        if (stream == null) {
            if (streams.size() == limits.streams) {
                throw new LimitException("there are more than " + limits.streams
                        + " streams, the most that fit into the memory of verify");
            }
            stream = new StreamAudit(run, run.key.stream(zone), streams.size());
            run.streams.put(zone, stream);
            streams.add(stream);
        }
        return stream;
    }
}
