package dev.ctstream.batch;

import dev.ctstream.record.ControlKind;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.Hash;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A control record as its maker offers it; one type for each kind. The spool thread adds the numbers and, to reports,
 * the counts of what is appended; see {@link ControlEncoder}. {@code ConntrackControl.avsc} documents each value.
 * Immutable; any thread. Null = not known or not applicable.
 */
public sealed interface ControlRecord {
    /** The field {@code kind}. */
    ControlKind kind();

    /**
     * Observation of a namespace starts.
     *
     * @param previous the run before this one; null when the spool knows none
     * @param preceding the end of its log; null when it was not proven, or until the spool adds it
     */
    record Started(
            String reason,
            Settings settings,
            @Nullable PreviousRun previous,
            NamespaceState state,
            FoundBy foundBy,
            @Nullable Checkpoint preceding)
            implements ControlRecord {
        /** The reason of a namespace that is observed from the run's start. */
        public static final String AT_START = "start";

        /** The reason of a namespace that is observed later. */
        public static final String ADDED = "namespace-added";

        /** Of the collector's own namespace. */
        public Started(String reason, Settings settings, @Nullable PreviousRun previous, NamespaceState state) {
            this(reason, settings, previous, state, FoundBy.OWN);
        }

        /** Without the end of the run before. */
        public Started(
                String reason,
                Settings settings,
                @Nullable PreviousRun previous,
                NamespaceState state,
                FoundBy foundBy) {
            this(reason, settings, previous, state, foundBy, null);
        }

        /** The same with the end of the log of the run before. */
        public Started after(@Nullable Checkpoint end) {
            return new Started(reason, settings, previous, state, foundBy, end);
        }

        @Override
        public ControlKind kind() {
            return ControlKind.STARTED;
        }
    }

    /**
     * The root of a log is signed.
     *
     * @param note the signed checkpoint
     * @param compactRange of the log before {@code leafHashes}, the largest subtree first
     * @param leafHashes of the leaves up to the checkpoint's size
     */
    record Checkpoint(String note, List<Hash> compactRange, List<Hash> leafHashes) implements ControlRecord {
        /** Copies the lists. */
        public Checkpoint {
            compactRange = List.copyOf(compactRange);
            leafHashes = List.copyOf(leafHashes);
        }

        @Override
        public ControlKind kind() {
            return ControlKind.CHECKPOINT;
        }
    }

    /**
     * Another key signs the checkpoints.
     *
     * @param next the key
     * @param statement that says so, signed by the key before
     */
    record Key(String next, String statement) implements ControlRecord {
        @Override
        public ControlKind kind() {
            return ControlKind.KEY;
        }
    }

    /**
     * Appends of a log that need not be in the topics.
     *
     * @param run whose log it is
     * @param logIndexes pairs: the first, and the one after the last
     */
    record Withdrawn(RunIdentity run, List<Long> logIndexes) implements ControlRecord {
        /** Copies the list. */
        public Withdrawn {
            logIndexes = List.copyOf(logIndexes);
        }

        @Override
        public ControlKind kind() {
            return ControlKind.WITHDRAWN;
        }
    }

    /** Observation of a namespace has ended; all its events were handed over before. */
    record Stopped(String reason, Report report, NamespaceState state) implements ControlRecord {
        @Override
        public ControlKind kind() {
            return ControlKind.STOPPED;
        }
    }

    /** Periodic report on a namespace, also when it is idle. */
    record Heartbeat(Report report, NamespaceState state) implements ControlRecord {
        @Override
        public ControlKind kind() {
            return ControlKind.HEARTBEAT;
        }
    }

    /** Events or control records were lost. */
    record Gap(
            GapCause cause,
            Lost lost,
            @Nullable Window window,
            @Nullable String detail) implements ControlRecord {
        /** The same loss, of another run or namespace than those that declare it. */
        public Gap of(Owner owner) {
            return new Gap(cause, new Lost(owner, lost.stream(), lost.ranges(), lost.count()), window, detail);
        }

        @Override
        public ControlKind kind() {
            return ControlKind.GAP;
        }
    }

    /** EXISTING events of this snapshot follow. */
    record SnapshotBegin(long snapshotId, String reason) implements ControlRecord {
        @Override
        public ControlKind kind() {
            return ControlKind.SNAPSHOT_BEGIN;
        }
    }

    /**
     * All EXISTING events of this snapshot were handed over.
     *
     * @param existing number of EXISTING events in each zone that has some
     */
    record SnapshotEnd(long snapshotId, long entries, boolean complete, Window window, Map<Integer, Long> existing)
            implements ControlRecord {
        /** Copies the map. */
        public SnapshotEnd {
            existing = Map.copyOf(existing);
        }

        @Override
        public ControlKind kind() {
            return ControlKind.SNAPSHOT_END;
        }
    }

    /** The delivery mode was switched. */
    record Mode(String from, String to, String reason) implements ControlRecord {
        @Override
        public ControlKind kind() {
            return ControlKind.MODE;
        }
    }

    /** Entries were changed through ctstream. */
    record Operator(Action action, Outcome outcome, Person person) implements ControlRecord {
        @Override
        public ControlKind kind() {
            return ControlKind.OPERATOR;
        }
    }

    /**
     * The topics to which the run is published.
     *
     * @param backlogBatches batches of earlier runs that were waiting when a topic had become another one; null when
     *     none has
     */
    record Topics(Topic events, Topic control, @Nullable Long backlogBatches) implements ControlRecord {
        @Override
        public ControlKind kind() {
            return ControlKind.TOPIC;
        }
    }

    /**
     * A topic of Kafka.
     *
     * @param id Kafka's id of it; null when the brokers have no ids
     * @param partitions how many of its partitions the run uses
     */
    record Topic(@Nullable String id, int partitions) {
        /** This topic, with the id of the other if it is not known yet. */
        public Topic named(Topic other) {
            return id == null ? new Topic(other.id, partitions) : this;
        }

        /** Whether the other is not this topic, or has fewer partitions. */
        public boolean replacedBy(Topic other) {
            boolean sameId = id == null || other.id == null || id.equals(other.id);
            return !sameId || other.partitions < partitions;
        }
    }

    /**
     * How a namespace was found.
     *
     * @param path file that refers to it
     * @param containerId the container or pod whose processes are in it
     */
    record FoundBy(@Nullable String path, @Nullable String containerId) {
        /** The collector's own namespace. */
        public static final FoundBy OWN = new FoundBy(null, null);
    }

    /**
     * Settings of the run.
     *
     * @param privacy what is left out of the events; null when nothing is
     */
    record Settings(
            String version,
            String configurationDigest,
            String subscribedEvents,
            String recordLayout,
            long interimIntervalSeconds,
            @Nullable String privacy) {
        /** Leaves nothing out. */
        public Settings(
                String version,
                String configurationDigest,
                String subscribedEvents,
                String recordLayout,
                long interimIntervalSeconds) {
            this(version, configurationDigest, subscribedEvents, recordLayout, interimIntervalSeconds, null);
        }
    }

    /**
     * The run before this one, as the spool knows it.
     *
     * @param clean whether it ended cleanly
     */
    record PreviousRun(long streamEpoch, String bootId, boolean clean) {}

    /** Current state of the namespace's socket, sysctls and clock. */
    record NamespaceState(
            @Nullable Long receiveBufferBytes,
            Sysctls sysctls,
            @Nullable String deliveryMode,
            @Nullable String clockState,
            @Nullable String filterDigest) {}

    /**
     * {@code net.netfilter.nf_conntrack_*}; {@code changed} maps the ones that the collector set to their old values.
     */
    record Sysctls(
            @Nullable Integer events,
            @Nullable Integer acct,
            @Nullable Integer timestamp,
            Map<String, Integer> changed) {
        public static final Sysctls UNKNOWN = new Sysctls(null, null, null, Map.of());

        /** Copies the map. */
        public Sysctls {
            changed = Map.copyOf(changed);
        }
    }

    /** The state that a HEARTBEAT or STOPPED reports; totals since the epoch. */
    record Report(
            Received received,
            KernelLosses losses,
            @Nullable Flows flows,
            TableState table) {
        /** The report of a namespace that is not observed. */
        public static final Report NONE =
                new Report(new Received(0, 0, 0, 0, 0), new KernelLosses(0, 0, true), null, TableState.UNKNOWN);
    }

    /**
     * Event messages by outcome, and unknown attributes in them.
     *
     * @param foreign datagrams that the kernel did not send; none was decoded
     */
    record Received(long understood, long malformed, long filtered, long foreign, long unknownAttributes) {}

    /** Losses at the socket. */
    record KernelLosses(long lostTotal, long kernelDrops, boolean exact) {}

    /** Counts of the flow ledger. */
    record Flows(long live, long untracked) {}

    /** Size of the kernel's table; growth of its counters and step of the clock since the previous report. */
    record TableState(
            @Nullable Long count,
            @Nullable Long max,
            Map<String, Long> cpuStats,
            @Nullable Long clockStepNanos) {
        public static final TableState UNKNOWN = new TableState(null, null, Map.of(), null);

        /** Copies the map. */
        public TableState {
            cpuStats = Map.copyOf(cpuStats);
        }
    }

    /**
     * The numbers that a record gets when it is appended.
     *
     * @param controlSequence number of the record in its namespace, gap-free from 0 in this run
     * @param logIndex number of the append within the run; null outside the spool
     * @param acknowledged what Kafka had at that time; null = not known
     */
    record Numbers(
            long controlSequence,
            @Nullable Long logIndex,
            @Nullable Acknowledged acknowledged) {}

    /**
     * Every batch of the runs before {@code streamEpoch}, and every batch of that run with a smaller log_index, is in
     * Kafka or declared by a GAP in Kafka.
     */
    record Acknowledged(long streamEpoch, long logIndex) {}

    /**
     * A part of the streams of a report or of a snapshot; a long list is split over several records. The spool thread
     * fills it in when it appends the record, so no record counts a sequence that is not appended or declared.
     *
     * @param part from 0
     * @param totals null for a snapshot
     */
    record StreamPart(
            int part,
            int parts,
            List<StreamPosition> streams,
            @Nullable StreamTotals totals) {
        /** Most streams in one record: about 32 KiB. */
        public static final int MAX_STREAMS = 4096;

        /** Copies the list. */
        public StreamPart {
            if (streams.size() > MAX_STREAMS) {
                throw new IllegalArgumentException(streams.size() + " streams in one record");
            }
            streams = List.copyOf(streams);
        }
    }

    /**
     * Counts of a namespace's streams since the epoch.
     *
     * @param reportId number of the report within the namespace, from 0
     * @param complete whether the report lists all streams
     * @param sequenced events that are appended, or declared as lost after they had been numbered
     * @param streams number of streams with at least one such event
     * @param dropped the part of {@code sequenced} that is declared as lost
     * @param owed lost events whose GAP Kafka has not acknowledged
     */
    record StreamTotals(long reportId, boolean complete, long sequenced, int streams, long dropped, long owed) {}

    /** How far a stream has been appended or declared. */
    record StreamPosition(
            int zone, long nextSequence, @Nullable Long eventCount) {}

    /** A time window, ns since 1970-01-01 UTC. */
    record Window(long startNanos, long endNanos) {}

    /**
     * The loss that a GAP declares.
     *
     * @param owner run and namespace of the lost sequences; null = those that declare the loss
     * @param stream {@link #EVENTS} or {@link #CONTROL}
     * @param ranges lost sequences by stream; empty when neither zone nor sequences are known
     */
    record Lost(@Nullable Owner owner, String stream, List<Range> ranges, Count count) {
        /** Most ranges in one record: about 24 KiB. */
        public static final int MAX_RANGES = 1000;

        /** The ranges are sequences of events. */
        public static final String EVENTS = "events";

        /** The ranges are sequences of control records. */
        public static final String CONTROL = "control";

        /** Copies the list and checks its length. */
        public Lost {
            if (ranges.size() > MAX_RANGES) {
                throw new IllegalArgumentException(ranges.size() + " ranges in one record");
            }
            ranges = List.copyOf(ranges);
        }

        /** Sequences of one or several streams; the count is the sum over the ranges. */
        public static Lost of(@Nullable Owner owner, String stream, List<Range> ranges, long batches) {
            return new Lost(owner, stream, ranges, new Count(sum(ranges), batches, null));
        }

        /** Events of one stream of this run and namespace. */
        public static Lost events(int zone, long firstSequence, long count, long batches) {
            return of(null, EVENTS, List.of(new Range(zone, firstSequence, firstSequence + count - 1)), batches);
        }

        /** Events that the kernel dropped: neither zone nor sequence is known. */
        public static Lost kernel(long count) {
            return kernel(new Count(count, null, null));
        }

        /** As {@link #kernel(long)}, with a count that says whether it is exact. */
        public static Lost kernel(Count count) {
            return new Lost(null, EVENTS, List.of(), count);
        }

        private static @Nullable Long sum(List<Range> ranges) {
            long sum = 0;
            for (Range range : ranges) {
                Long count = range.count();
                if (count == null) {
                    return null;
                }
                sum += count;
            }
            return sum;
        }
    }

    /** The run and the namespace that numbered the sequences. */
    record Owner(RunIdentity run, String netns, String netnsId) {}

    /** Sequences of one stream, both ends inclusive. A null zone means control records. */
    record Range(
            @Nullable Integer zone, long first, @Nullable Long last) {
        /** Number of sequences in the range; null when its end is not known. */
        public @Nullable Long count() {
            return last == null ? null : Long.valueOf(last - first + 1);
        }
    }

    /**
     * The size of a loss.
     *
     * @param exact {@code loss_exact}: only for cause kernel
     */
    record Count(
            @Nullable Long events,
            @Nullable Long batches,
            @Nullable Long failedAttempts,
            @Nullable Boolean exact) {
        /** A count without {@code loss_exact}, for the other causes: their counts are always exact. */
        public Count(@Nullable Long events, @Nullable Long batches, @Nullable Long failedAttempts) {
            this(events, batches, failedAttempts, null);
        }
    }

    /** The change that an operator requested. */
    record Action(
            String operation,
            String command,
            @Nullable String filter,
            @Nullable Long requesterPortId) {}

    /** The result of the change. */
    record Outcome(long affected, long failed, @Nullable String error) {}

    /** The user who requested the change. */
    record Person(
            long userId,
            @Nullable String userName,
            @Nullable Long loginUserId,
            String host) {}
}
