package dev.ctstream.spool;

import dev.ctstream.batch.ControlRecord.StreamPart;
import dev.ctstream.batch.ControlRecord.StreamPosition;
import dev.ctstream.batch.ControlRecord.StreamTotals;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.Loss;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How far each stream of this run is appended or declared, and what of it is lost and not declared yet. Reports are
 * filled from here, so none counts a sequence that is neither appended nor declared.
 *
 * <p>Invariant: the undeclared loss of a stream begins at the stream's next sequence. So it is one range, and a stream
 * with such a loss is appended to only after its GAP.
 *
 * <p>Bounds: 150 bytes for each stream of the run, until its namespace has ended and Kafka has all of it.
 *
 * <p>Threads: confined to the spool thread, except {@link #droppedEvents} and {@link #kept}.
 */
final class StreamTable {
    private final RunIdentity identity;
    private final Map<StreamId, Stream> streams = new HashMap<>();
    private final Map<StreamId, Namespace> namespaces = new HashMap<>();
    private final Map<StreamId, Stream> lossy = new LinkedHashMap<>();
    private final Set<Namespace> ended = new LinkedHashSet<>();
    private volatile long droppedEvents;
    private volatile int kept;
    private boolean anyStopped;

    StreamTable(RunIdentity identity) {
        this.identity = identity;
    }

    /** One stream of events. */
    final class Stream {
        final StreamId id;
        final Namespace namespace;
        private long next; // the sequence after the last one that is appended or declared
        private long gathered; // the sequence after the last one that is gathered for the next write
        private long reported = -1;
        private @Nullable Loss loss;

        private Stream(StreamId id, Namespace namespace) {
            this.id = id;
            this.namespace = namespace;
        }

        /** The sequence that must come next. */
        long expected() {
            Loss open = loss;
            return Math.max(open == null ? next : open.nextSequence(), gathered);
        }

        boolean hasLoss() {
            return loss != null;
        }

        void gathered(long nextSequence) {
            gathered = nextSequence;
        }

        /** The gathered batches are appended up to this sequence. */
        void appended(long nextSequence) {
            namespace.sequenced += nextSequence - next;
            next = nextSequence;
        }

        /** Everything up to a sequence is lost; {@link #gathered} is void. */
        void lost(GapCause cause, long nextSequence, long batches, long firstNanos, long lastNanos) {
            gathered = 0;
            Loss open = loss;
            long from = open == null ? next : open.nextSequence();
            if (nextSequence <= from) {
                return;
            }
            Loss more = new Loss(
                    open == null ? cause : open.cause(),
                    identity,
                    BatchEnvelope.EVENTS,
                    id,
                    from,
                    nextSequence,
                    nextSequence - from,
                    batches,
                    firstNanos,
                    lastNanos);
            loss = open == null ? more : open.upTo(more);
            lossy.put(id, this);
        }

        void lost(GapCause cause, EncodedBatch batch) {
            lost(
                    cause,
                    batch.firstSequence() + batch.count(),
                    1,
                    batch.firstReceivedNanos(),
                    batch.lastReceivedNanos());
        }
    }

    /** The streams of one namespace, and its control records. */
    final class Namespace {
        final StreamId control;
        private final TreeMap<Integer, Stream> byZone = new TreeMap<>();
        private long nextControlSequence;
        private long sequenced;
        private long dropped;
        private long reports;
        private boolean observed;
        private boolean stopped;
        private long eventsBefore; // number of the batch after all of its events, once it has stopped
        private long stoppedNumber; // of its STOPPED

        private Namespace(StreamId control) {
            this.control = control;
        }

        long nextControlSequence() {
            return nextControlSequence;
        }

        void nextControlSequence(long next) {
            nextControlSequence = next;
        }

        /** Whether its STARTED is appended and its STOPPED is not. */
        boolean observed() {
            return observed;
        }

        /** Whether its STOPPED is appended. */
        boolean isStopped() {
            return stopped;
        }

        /** Its STARTED is appended. */
        void started() {
            observed = true;
            stopped = false;
        }

        /** Its STOPPED is appended, as a number; all of its batches have lower numbers than {@code nextBatch}. */
        void stopped(long number, long nextBatch) {
            observed = false;
            stopped = true;
            anyStopped = true;
            stoppedNumber = number;
            eventsBefore = nextBatch;
            ended.add(this);
        }

        /** The next sequence of a zone; 0 when it has no stream. */
        long next(int zone) {
            Stream stream = byZone.get(zone);
            return stream == null ? 0 : stream.next;
        }

        /**
         * The streams for a report; they count as reported after {@link #reported}.
         *
         * @param complete whether to list all of them; else only those that have advanced since the last report
         * @param owed lost events whose GAP Kafka has not acknowledged
         */
        List<StreamPart> report(boolean complete, long owed, int most) {
            List<StreamPosition> positions = new ArrayList<>();
            int count = 0;
            for (Stream stream : byZone.values()) {
                count += stream.next > 0 ? 1 : 0;
                if (stream.next > 0 && (complete || stream.next != stream.reported)) {
                    positions.add(new StreamPosition(stream.id.zone(), stream.next, null));
                }
            }
            return parts(positions, new StreamTotals(reports, complete, sequenced, count, dropped, owed), most);
        }

        /** The last report is appended. */
        void reported() {
            reports++;
            byZone.values().forEach(stream -> stream.reported = stream.next);
        }

        /** The streams of a snapshot, with the number of its EXISTING events in each. */
        List<StreamPart> snapshot(Map<Integer, Long> existing, int most) {
            List<StreamPosition> positions = new ArrayList<>();
            new TreeMap<>(existing)
                    .forEach((zone, count) -> positions.add(new StreamPosition(zone, next(zone), count)));
            return parts(positions, null, most);
        }

        private static List<StreamPart> parts(List<StreamPosition> positions, @Nullable StreamTotals totals, int most) {
            int parts = Math.max(1, (positions.size() + most - 1) / most);
            List<StreamPart> all = new ArrayList<>(parts);
            for (int part = 0; part < parts; part++) {
                int from = part * most;
                int to = Math.min(positions.size(), from + most);
                all.add(new StreamPart(part, parts, positions.subList(from, to), totals));
            }
            return all;
        }
    }

    /** The stream; made with its first batch. */
    Stream stream(StreamId id) {
        Stream known = streams.get(id);
        if (known == null) {
            Namespace namespace = namespace(StreamId.control(id.netns(), id.netnsId()));
            known = new Stream(id, namespace);
            streams.put(id, known);
            namespace.byZone.put(id.zone(), known);
        }
        return known;
    }

    /**
     * A namespace; made with its first record.
     *
     * @param control {@link StreamId#control} of it
     */
    Namespace namespace(StreamId control) {
        return namespaces.computeIfAbsent(control, Namespace::new);
    }

    /** Whether the namespace is observed now. */
    boolean observes(StreamId control) {
        Namespace known = namespaces.get(control);
        return known != null && known.observed();
    }

    /** Whether each namespace's STOPPED is appended. */
    boolean allStopped() {
        return anyStopped && namespaces.values().stream().allMatch(namespace -> namespace.stopped);
    }

    /**
     * Forgets the namespaces that have ended and of which Kafka has everything, or a GAP. What is found to be lost later is
     * declared in the collector's own namespace, as of any that is not observed.
     *
     * @param own control stream of the collector's own namespace, which stays
     * @param eventsNumber see {@link AcknowledgedPosition#number} of the events
     * @param controlNumber the same of the control records
     * @param forgotten told each stream, of events and of control records
     */
    void forgetEnded(StreamId own, long eventsNumber, long controlNumber, Consumer<StreamId> forgotten) {
        for (Iterator<Namespace> all = ended.iterator(); all.hasNext(); ) {
            Namespace namespace = all.next();
            if (namespace.observed || namespace.control.equals(own)) {
                all.remove();
            } else if (namespace.eventsBefore <= eventsNumber + 1
                    && namespace.stoppedNumber <= controlNumber
                    && namespace.byZone.values().stream().noneMatch(Stream::hasLoss)) {
                all.remove();
                namespace.byZone.values().forEach(stream -> {
                    streams.remove(stream.id);
                    forgotten.accept(stream.id);
                });
                namespaces.remove(namespace.control);
                forgotten.accept(namespace.control);
            }
        }
        kept = namespaces.size() + streams.size();
    }

    /** Namespaces and streams that are kept, as of the last {@link #forgetEnded}. Any thread. */
    int kept() {
        return kept;
    }

    /** Whether a stream has a loss that no GAP declares yet. */
    boolean hasLosses() {
        return !lossy.isEmpty();
    }

    /** The losses that no GAP declares yet. */
    List<Loss> losses() {
        List<Loss> losses = new ArrayList<>(lossy.size());
        for (Stream stream : lossy.values()) {
            Loss loss = stream.loss;
            if (loss != null) {
                losses.add(loss);
            }
        }
        return losses;
    }

    /** The {@link #losses} are declared: their GAP records are durable. */
    void declared() {
        for (Stream stream : lossy.values()) {
            Loss loss = stream.loss;
            if (loss != null) {
                stream.appended(loss.nextSequence());
                addDropped(stream, loss.count());
            }
            stream.loss = null;
        }
        lossy.clear();
    }

    /** Appended events of this run were given up and declared. */
    void givenUp(Collection<Loss> losses) {
        for (Loss loss : losses) {
            StreamId stream = loss.stream();
            if (stream != null
                    && loss.kind() == BatchEnvelope.EVENTS
                    && loss.identity().equals(identity)) {
                addDropped(streams.get(stream), loss.count());
            }
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    private void addDropped(@Nullable Stream stream, long events) {
        if (stream != null) { // else: its namespace has ended, and no report follows
            stream.namespace.dropped += events;
        }
        droppedEvents = droppedEvents + events;
    }

    /** Events of this run that were lost after they had been numbered, and are declared. Any thread. */
    long droppedEvents() {
        return droppedEvents;
    }

    /** Events of the undeclared losses. */
    long undeclaredEvents() {
        return losses().stream().mapToLong(Loss::count).sum();
    }

    /** When the oldest event of the undeclared losses was received, ns since the epoch; Long.MAX_VALUE = none. */
    long oldestLossNanos() {
        return losses().stream().mapToLong(Loss::firstNanos).min().orElse(Long.MAX_VALUE);
    }

    /** How far every stream is appended, as losses from its first sequence on. */
    List<Loss> everything(GapCause cause) {
        List<Loss> all = new ArrayList<>();
        for (Stream stream : streams.values()) {
            if (stream.next > 0) {
                all.add(whole(cause, BatchEnvelope.EVENTS, stream.id, stream.next));
            }
        }
        return all;
    }

    /** How far the control records of every namespace are appended, as losses from the first on. */
    List<Loss> everyControlRecord(GapCause cause) {
        List<Loss> all = new ArrayList<>();
        for (Namespace namespace : namespaces.values()) {
            if (namespace.nextControlSequence > 0) {
                all.add(whole(cause, BatchEnvelope.CONTROL, namespace.control, namespace.nextControlSequence));
            }
        }
        return all;
    }

    private Loss whole(GapCause cause, int kind, StreamId stream, long next) {
        return new Loss(cause, identity, kind, stream, 0, next, next, 0, 0, 0);
    }
}
