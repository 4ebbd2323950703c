package dev.ctstream.batch;

import dev.ctstream.record.ControlKind;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A control record before it is numbered; one type for each kind. What each value means is said in
 * {@code ConntrackControl.avsc}. Immutable; any thread. Null = not known or not applicable.
 */
public sealed interface ControlRecord {
    /** The field {@code kind}. */
    ControlKind kind();

    /** A namespace is observed from now on. */
    record Started(
            String reason, Settings settings, @Nullable PreviousRun previous, NamespaceState state)
            implements ControlRecord {
        @Override
        public ControlKind kind() {
            return ControlKind.STARTED;
        }
    }

    /** A namespace is observed no longer; everything before was handed over. */
    record Stopped(String reason, Report report, NamespaceState state) implements ControlRecord {
        @Override
        public ControlKind kind() {
            return ControlKind.STOPPED;
        }
    }

    /** Regular account of a namespace, also when idle. */
    record Heartbeat(Report report, NamespaceState state) implements ControlRecord {
        @Override
        public ControlKind kind() {
            return ControlKind.HEARTBEAT;
        }
    }

    /** Something was lost. */
    record Gap(
            GapCause cause,
            Lost lost,
            @Nullable Window window,
            @Nullable String detail) implements ControlRecord {
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

    /** All EXISTING events of this snapshot were handed over. */
    record SnapshotEnd(
            long snapshotId,
            long entries,
            boolean complete,
            Window window,
            @Nullable StreamPart streams) implements ControlRecord {
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

    /** What the run was started with. */
    record Settings(String version, String configurationDigest, String subscribedEvents, String recordLayout) {}

    /** A run that ended uncleanly. */
    record PreviousRun(long streamEpoch, String bootId) {}

    /** What the namespace's socket, sysctls and clock are like now. */
    record NamespaceState(
            @Nullable Long receiveBufferBytes,
            Sysctls sysctls,
            @Nullable String deliveryMode,
            @Nullable String clockState,
            @Nullable String filterDigest) {}

    /** {@code net.netfilter.nf_conntrack_*}; {@code changed} has those that the collector set, with the value before. */
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

    /** The account of a HEARTBEAT or STOPPED: the totals, and a part of the streams. */
    record Report(long id, StreamPart streams, boolean complete, Totals totals, TableState table) {}

    /** Totals since the epoch. */
    record Totals(
            long sequenced,
            int streams,
            Received received,
            Losses losses,
            @Nullable Flows flows) {}

    /** Event messages of the kernel, by what became of them. */
    record Received(long understood, long malformed, long filtered, long unknownAttributes) {}

    /** Losses: after sequencing, and at the socket. */
    record Losses(long droppedEvents, long lostTotal, long kernelDrops, boolean exact) {}

    /** The ledger. */
    record Flows(long live, long untracked) {}

    /** The kernel's table, and the growth of its counters and of the clock's step since the report before. */
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

    /** Streams of one record; the list is split over several records when it is long. */
    record StreamPart(int part, int parts, List<StreamPosition> streams) {
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

    /** How far a stream has come. */
    record StreamPosition(
            int zone, long nextSequence, @Nullable Long eventCount) {}

    /** ns since 1970-01-01 UTC. */
    record Window(long startNanos, long endNanos) {}

    /**
     * What a GAP is about.
     *
     * @param owner whose sequences they are; null = those of the run and the namespace that declare them
     * @param stream {@link #EVENTS} or {@link #CONTROL}
     * @param ranges what is lost, by stream; empty when neither zone nor sequences are known
     */
    record Lost(@Nullable Owner owner, String stream, List<Range> ranges, Count count) {
        /** Most ranges in one record: about 24 KiB. */
        public static final int MAX_RANGES = 1000;

        /** The numbers are sequences of events. */
        public static final String EVENTS = "events";

        /** The numbers are those of control records. */
        public static final String CONTROL = "control";

        /** Copies the list and checks its length. */
        public Lost {
            if (ranges.size() > MAX_RANGES) {
                throw new IllegalArgumentException(ranges.size() + " ranges in one record");
            }
            ranges = List.copyOf(ranges);
        }

        /** Sequences of one stream or of several; their count is the sum of the ranges. */
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

        /** As {@link #kernel(long)}, when it is known how good the count is. */
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

    /** The run and the namespace that numbered something. */
    record Owner(RunIdentity run, String netns, String netnsId) {}

    /** Sequences of a stream, both ends inclusive; of control records when the zone is null. */
    record Range(
            @Nullable Integer zone, long first, @Nullable Long last) {
        /** Sequences in the range; null when its end is not known. */
        public @Nullable Long count() {
            return last == null ? null : Long.valueOf(last - first + 1);
        }
    }

    /**
     * How much was lost.
     *
     * @param exact {@code loss_exact}: cause kernel only
     */
    record Count(
            @Nullable Long events,
            @Nullable Long batches,
            @Nullable Long failedAttempts,
            @Nullable Boolean exact) {
        /** A count that is exact by nature. */
        public Count(@Nullable Long events, @Nullable Long batches, @Nullable Long failedAttempts) {
            this(events, batches, failedAttempts, null);
        }
    }

    /** What an operator asked for. */
    record Action(
            String operation,
            String command,
            @Nullable String filter,
            @Nullable Long requesterPortId) {}

    /** What became of it. */
    record Outcome(long affected, long failed, @Nullable String error) {}

    /** Who asked. */
    record Person(
            long userId,
            @Nullable String userName,
            @Nullable Long loginUserId,
            String host) {}
}
