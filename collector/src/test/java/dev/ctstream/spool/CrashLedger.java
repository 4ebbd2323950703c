package dev.ctstream.spool;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.jspecify.annotations.Nullable;

/**
 * What was offered to the spool, what the publisher has got, and what Kafka has acknowledged, each with the number of
 * changes to the disk before it.
 */
final class CrashLedger {
    private static final ThreadLocal<GenericDatumReader<GenericRecord>> READER =
            ThreadLocal.withInitial(() -> new GenericDatumReader<>(Schemas.CONTROL));

    /** A batch or control record as the topic would show it. */
    record Arrival(
            int changes,
            boolean control,
            RunIdentity run,
            BatchEnvelope envelope,
            int contents,
            Topics.@Nullable ControlFrame frame,
            @Nullable DeclaredGap gap) {
        AcknowledgedPosition.RunStream stream() {
            return new AcknowledgedPosition.RunStream(run, envelope.stream());
        }

        long number() {
            return envelope.number();
        }

        @Override
        public String toString() {
            return gap != null
                    ? gap.toString()
                    : (frame == null ? "events " : frame.kind() + " ") + run.streamEpoch() + " " + envelope;
        }
    }

    /** Events that were numbered. */
    record Offered(int changes, AcknowledgedPosition.RunStream stream, long first, long next, long nanos) {}

    /** A run began. */
    record Start(int changes, RunIdentity run, Spool.@Nullable PreviousRun previous) {}

    private record Acknowledgement(int changes, boolean control, long number) {}

    final @Nullable ProofConfig proof; // null = the log is not proven
    final List<Arrival> arrivals = new ArrayList<>();
    final List<Offered> offered = new ArrayList<>();
    final List<Start> starts = new ArrayList<>();
    private final List<Integer> kills = new ArrayList<>();
    private final Set<Arrival> lostInFlight = Collections.newSetFromMap(new IdentityHashMap<>());
    private final List<Acknowledgement> acknowledgements = new ArrayList<>();

    CrashLedger(@Nullable ProofConfig proof) {
        this.proof = proof;
    }

    Arrival handedOut(QueuedBatch batch, boolean control, int changes) {
        BatchEnvelope envelope = batch.envelope();
        byte[] datum = Arrays.copyOfRange(batch.array(), batch.offset(), batch.offset() + batch.lengthBytes());
        Topics.ControlFrame frame = control ? decode(envelope, datum) : null;
        Arrival arrival = new Arrival(
                changes,
                control,
                batch.identity(),
                envelope,
                Arrays.hashCode(datum),
                frame,
                frame != null && frame.isGap() ? DeclaredGap.of(frame) : null);
        arrivals.add(arrival);
        return arrival;
    }

    /** What is sent and not acknowledged may never have reached Kafka. */
    void inFlightIsLost(int changes) {
        long events = acknowledgedAt(false, changes);
        long control = acknowledgedAt(true, changes);
        for (Arrival arrival : arrivals) {
            if (arrival.number() > (arrival.control() ? control : events)) {
                lostInFlight.add(arrival);
            }
        }
    }

    /** Whether Kafka has it, if it has acknowledged this number. */
    boolean hasKafka(Arrival arrival, long acknowledged) {
        return arrival.number() <= acknowledged && !lostInFlight.contains(arrival);
    }

    /** A batch comes once more. */
    void again(Arrival arrival, int changes) {
        arrivals.add(new Arrival(
                changes, arrival.control(), arrival.run(), arrival.envelope(), arrival.contents(), null, null));
    }

    static Topics.ControlFrame decode(BatchEnvelope envelope, byte[] datum) {
        try {
            return new Topics.ControlFrame(
                    envelope, READER.get().read(null, DecoderFactory.get().binaryDecoder(datum, null)));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    void acknowledged(boolean control, long number, int changes) {
        acknowledgements.add(new Acknowledgement(changes, control, number));
    }

    /** Number up to which Kafka had a chain when the disk had changed so often. */
    long acknowledgedAt(boolean control, int changes) {
        return acknowledged(control, 0, changes);
    }

    /** As {@link #acknowledgedAt}, of what the same run was told; a run that is killed may take it with it. */
    long acknowledgedInRun(boolean control, int changes) {
        int began = starts.stream()
                .mapToInt(Start::changes)
                .filter(start -> start <= changes)
                .max()
                .orElse(0);
        return acknowledged(control, began, changes);
    }

    /** Number of the chain of events up to which Kafka has it for all that a run can know: a kill forgets the rest. */
    long acknowledgedSinceKill(int changes) {
        int killed = kills.stream().filter(kill -> kill <= changes).reduce(0, Math::max);
        return acknowledged(false, killed + 1, changes);
    }

    /** The process is killed. */
    void killed(int changes) {
        kills.add(changes);
        inFlightIsLost(changes);
    }

    private long acknowledged(boolean control, int from, int changes) {
        long number = 0;
        for (Acknowledgement ack : acknowledgements) {
            if (ack.control() == control && ack.changes() >= from && ack.changes() <= changes) {
                number = Math.max(number, ack.number());
            }
        }
        return number;
    }

    /**
     * Since when the end of a run is declared, ns since 1970-01-01 UTC; null = it is not. The window of a run that was
     * killed before its GAP was durable begins where that GAP's would have begun.
     *
     * @param restarts by epoch: begin of the window of its GAP of cause restart
     */
    static @Nullable Long restartSince(NavigableMap<Long, Long> restarts, long epoch) {
        return restarts.tailMap(epoch).values().stream().min(Long::compare).orElse(null);
    }

    /** What a reader of the topics knows. */
    static final class Known {
        final Map<AcknowledgedPosition.RunStream, BitSet> sequences = new HashMap<>();
        final Map<AcknowledgedPosition.RunStream, Long> reported = new HashMap<>();
        final Map<AcknowledgedPosition.RunStream, Long> stopped = new HashMap<>();
        /** By epoch: begin of the window of its GAP of cause restart, ns since 1970-01-01 UTC. */
        final TreeMap<Long, Long> restarts = new TreeMap<>();
        /** Events, or control records, that a GAP counts and does not name. */
        long unnamed;

        Known() {}

        Known(Known from) {
            from.sequences.forEach((stream, known) -> sequences.put(stream, (BitSet) known.clone()));
            reported.putAll(from.reported);
            stopped.putAll(from.stopped);
            restarts.putAll(from.restarts);
            unnamed = from.unnamed;
        }

        void add(Arrival arrival) {
            BatchEnvelope envelope = arrival.envelope();
            set(arrival.stream(), envelope.firstSequence(), envelope.nextSequence());
            Topics.ControlFrame frame = arrival.frame();
            if (frame == null) {
                return;
            }
            DeclaredGap gap = arrival.gap();
            if (gap != null) {
                gap.ranges().forEach(range -> set(range.owner(), range.first(), range.next()));
                unnamed += gap.ranges().isEmpty() && gap.count() != null ? gap.count() : 0;
                gap.restartWindow(restarts);
            }
            if (frame.fields().get("streams") instanceof Iterable<?> streams) {
                for (Object element : streams) {
                    report(arrival, frame, (GenericRecord) element);
                }
            }
        }

        private void report(Arrival arrival, Topics.ControlFrame frame, GenericRecord part) {
            StreamId namespace = arrival.envelope().stream();
            AcknowledgedPosition.RunStream stream = new AcknowledgedPosition.RunStream(
                    arrival.run(), new StreamId(namespace.netns(), namespace.netnsId(), (Integer) part.get("ct_zone")));
            long next = (Long) part.get("next_sequence");
            reported.merge(stream, next, Math::max);
            if (frame.kind().equals("STOPPED")) {
                stopped.put(stream, next);
            }
        }

        private void set(AcknowledgedPosition.RunStream stream, long first, long next) {
            sequences.computeIfAbsent(stream, key -> new BitSet()).set((int) first, (int) next);
        }

        BitSet of(AcknowledgedPosition.RunStream stream) {
            return sequences.getOrDefault(stream, new BitSet());
        }
    }
}
