package dev.ctstream.spool;

import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.FrameScan;
import dev.ctstream.segment.MissingBatches;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What must hold after a crash: the numbered invariants of package {@code spool}, as a reader of the topics sees them. The
 * exceptions are those of ADR 18, and are named where they are made.
 */
final class CrashCheck {
    /** An invariant does not hold. */
    static final class Broken extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Broken(String what) {
            super(what);
        }
    }

    private static final String SPOOL = "spool";
    private static final int CONTROL_SEGMENTS_MOST = 3;

    private final CrashBefore before;
    private final CrashTruth truth;

    CrashCheck(CrashBefore before, CrashTruth truth) {
        this.before = before;
        this.truth = truth;
    }

    private static void require(boolean holds, String what, Object about) {
        if (!holds) {
            throw new Broken(what + ": " + about);
        }
    }

    /** As the other, without the text as long as nobody needs it. */
    private static void require(boolean holds, String what, Object about, Object more) {
        if (!holds) {
            throw new Broken(what + ": " + about + " " + more);
        }
    }

    /** While a history goes on: nothing comes again after its acknowledgement, and nothing that Kafka has is declared. */
    static void running(CrashLedger ledger, CrashTruth truth, MemoryFiles files) {
        require(
                files.renamedUnsynced() == null,
                "a file gets its name before its contents are synced (ADR 18, space)",
                String.valueOf(files.renamedUnsynced()));
        String wrong = truth.wrongLogIndex();
        require(wrong == null, "log_index does not count the appends", String.valueOf(wrong));
        for (CrashLedger.Arrival arrival : ledger.arrivals) {
            require(
                    arrival.number() > ledger.acknowledgedInRun(arrival.control(), arrival.changes() - 1),
                    "handed out again after its acknowledgement",
                    arrival);
            DeclaredGap gap = arrival.gap();
            if (gap != null && !gap.ranges().isEmpty()) {
                int appended = truth.appended(arrival.run(), arrival.number());
                int until = Math.min(appended, arrival.changes());
                Map<AcknowledgedPosition.RunStream, BitSet> acknowledged =
                        CrashBefore.acknowledged(ledger, ledger.acknowledgedSinceKill(until), until);
                require(
                        mayBeMistaken(gap, truth) || !intersects(gap, acknowledged),
                        "declared although Kafka had it",
                        arrival);
            }
        }
    }

    /**
     * What is destroyed is named by its neighbours, which may fit to another destroyed batch, one that Kafka had; and
     * after damage to control records, every jump in a stream's sequences is declared (ADR 18).
     */
    private static boolean mayBeMistaken(DeclaredGap gap, CrashTruth truth) {
        return gap.cause().equals("damage") && truth.anythingDestroyed();
    }

    private static boolean intersects(DeclaredGap gap, Map<AcknowledgedPosition.RunStream, BitSet> sequences) {
        return gap.ranges().stream().anyMatch(range -> {
            int at = sequences.getOrDefault(range.owner(), new BitSet()).nextSetBit((int) range.first());
            return at >= 0 && at < range.next();
        });
    }

    /**
     * An image, and the run that recovered it.
     *
     * @param stored the position in the image; null = none
     */
    void recovered(
            CrashImages.Image image, SpoolCheckpoint.@Nullable Values stored, CrashSpool spool, CrashLedger after)
            throws IOException {
        require(
                before.arrivals.isEmpty() || spool.run.streamEpoch() > before.lastEpoch,
                "the epoch does not rise",
                spool.run);
        require(
                spool.foundButNotDeclared() == null,
                "red after the start",
                String.valueOf(spool.foundButNotDeclared()));
        CrashLedger.Known least = new CrashLedger.Known(before.least);
        CrashLedger.Known most = new CrashLedger.Known(before.most);
        after.arrivals.forEach(least::add);
        after.arrivals.forEach(most::add);
        unlinkedBeforeHandover(image);
        inOrder(after);
        numbersAreUsedOnce(after);
        declaredIsNotHandedOut(after);
        nothingOfKafkaIsDeclared(stored, spool, after);
        complete(least);
        complete(most);
        lostTailsAreDeclared(least, after);
        if (!truth.anythingDestroyed()) { // a GAP with a destroyed body still gives up what its header says (ADR 18)
            positionIsBelieved(image, stored, after);
        }
        nothingIsLeft(spool);
        if (after.proof != null) {
            List<CrashLedger.Arrival> all = new ArrayList<>(before.arrivals);
            all.addAll(after.arrivals);
            String wrong = CrashProof.wrong(all);
            require(wrong == null, "the log does not verify", String.valueOf(wrong));
        }
    }

    /** The segment of a GAP is gone, durably, before the publisher has the GAP (ADR 18, GAP first). */
    private void unlinkedBeforeHandover(CrashImages.Image image) {
        for (CrashLedger.Arrival arrival : before.arrivals) {
            MissingBatches givesUp = arrival.envelope().givesUp();
            if (arrival.gap() == null || !arrival.gap().cause().equals(SPOOL) || givesUp == null) {
                continue;
            }
            image.files().forEach((path, content) -> {
                if (path.indexOf('/') < 0 && path.endsWith(".segment")) {
                    for (FrameScan.Frame frame : content.frames()) {
                        long number = frame.envelope().number();
                        require(
                                !frame.isBatch()
                                        || truth.failedNumbers.contains(number) // ADR 18: stays where it is
                                        || number < givesUp.first().number()
                                        || number >= givesUp.next().number(),
                                "handed over before its segment was gone",
                                arrival);
                    }
                }
            });
        }
    }

    private static void inOrder(CrashLedger after) {
        long[] last = new long[2];
        Map<AcknowledgedPosition.RunStream, Long> next = new HashMap<>();
        for (CrashLedger.Arrival arrival : after.arrivals) {
            int chain = arrival.control() ? 1 : 0;
            require(arrival.number() > last[chain], "out of order", arrival);
            last[chain] = arrival.number();
            Long expected = next.put(arrival.stream(), arrival.envelope().nextSequence());
            require(expected == null || arrival.envelope().firstSequence() >= expected, "sequence again", arrival);
        }
    }

    private record LogIndex(long epoch, long number) {}

    private record First(AcknowledgedPosition.RunStream stream, long sequence) {}

    private void numbersAreUsedOnce(CrashLedger after) {
        Map<LogIndex, Integer> contents = new HashMap<>();
        Map<First, Integer> sequences = new HashMap<>();
        for (List<CrashLedger.Arrival> arrivals : List.of(before.arrivals, after.arrivals)) {
            for (CrashLedger.Arrival arrival : arrivals) {
                BatchEnvelope envelope = arrival.envelope();
                Integer other = contents.put(
                        new LogIndex(arrival.run().streamEpoch(), envelope.logIndex()), arrival.contents());
                require(other == null || other == arrival.contents(), "log_index stands for two records", arrival);
                other = sequences.put(new First(arrival.stream(), envelope.firstSequence()), arrival.contents());
                require(other == null || other == arrival.contents(), "sequence stands for two records", arrival);
            }
        }
    }

    /** Its GAP was destroyed, with what that gave up (ADR 18). */
    private boolean mayComeAgain(CrashLedger.Arrival arrival) {
        BitSet destroyed = truth.destroyed.getOrDefault(arrival.stream(), new BitSet());
        int at = destroyed.nextSetBit((int) arrival.envelope().firstSequence());
        return at >= 0 && at < arrival.envelope().nextSequence();
    }

    /**
     * A GAP of several records, of which the last gives up what all declare, was never synced as a whole, so nothing was
     * deleted for it (ADR 18, events before a GAP): the first records alone declare what still comes.
     */
    private boolean isTorn(CrashLedger.Arrival given, CrashLedger after) {
        long givesUp = given.control() ? truth.givesUpWith(given.run(), given.number()) : 0;
        return givesUp > given.number()
                && Stream.of(before.arrivals, after.arrivals)
                        .flatMap(List::stream)
                        .noneMatch(arrival ->
                                arrival.control() && arrival.run().equals(given.run()) && arrival.number() == givesUp);
    }

    private void declaredIsNotHandedOut(CrashLedger after) {
        for (List<CrashLedger.Arrival> arrivals : List.of(before.arrivals, after.arrivals)) {
            for (CrashLedger.Arrival given : arrivals) {
                DeclaredGap gap = given.gap();
                if (gap == null || isTorn(given, after)) {
                    continue;
                }
                for (CrashLedger.Arrival arrival : after.arrivals) {
                    require(
                            arrival.control()
                                    || mayComeAgain(arrival)
                                    || gap.ranges().stream()
                                            .noneMatch(range -> range.owner().equals(arrival.stream())
                                                    && range.first()
                                                            < arrival.envelope().nextSequence()
                                                    && range.next()
                                                            > arrival.envelope().firstSequence()),
                            "declared as lost, and is handed out",
                            arrival);
                }
            }
        }
    }

    /**
     * Recovery declares nothing that Kafka has, but for cases of ADR 18: a tail that no sync has reached, and that
     * Kafka had before the position was stored (neither frames nor position are left to tell); and damage, see below.
     */
    private void nothingOfKafkaIsDeclared(
            SpoolCheckpoint.@Nullable Values stored, CrashSpool spool, CrashLedger after) {
        Map<AcknowledgedPosition.RunStream, BitSet> sure = new HashMap<>();
        before.acknowledged.forEach((stream, sequences) -> {
            BitSet known = (BitSet) sequences.clone();
            known.and(before.durable.getOrDefault(stream, new BitSet()));
            sure.put(stream, known);
        });
        for (CrashLedger.Arrival arrival : before.arrivals) {
            if (!arrival.control()
                    && stored != null
                    && arrival.number() < stored.events().acknowledged().number()) {
                sure.computeIfAbsent(arrival.stream(), key -> new BitSet())
                        .set((int) arrival.envelope().firstSequence(), (int)
                                arrival.envelope().nextSequence());
            }
        }
        for (CrashLedger.Arrival arrival : after.arrivals) {
            DeclaredGap gap = arrival.gap();
            if (gap != null && arrival.run().equals(spool.run) && !mayBeMistaken(gap, truth)) {
                require(!intersects(gap, sure), "declared although Kafka had it", arrival);
            }
        }
    }

    /**
     * What is below the highest sequence that arrived or is declared, what a report counts, and what was durable, has
     * arrived or is declared by name. Exceptions, all of ADR 18: what somebody has destroyed, and what no sync has
     * reached, may be declared by its number alone.
     */
    private void complete(CrashLedger.Known known) {
        long unnamed = 0;
        Set<AcknowledgedPosition.RunStream> streams = new HashSet<>(known.sequences.keySet());
        streams.addAll(known.reported.keySet());
        streams.addAll(before.durable.keySet());
        for (AcknowledgedPosition.RunStream stream : streams) {
            BitSet there = known.of(stream);
            BitSet durable = before.durable.getOrDefault(stream, new BitSet());
            BitSet destroyed = truth.destroyed.getOrDefault(stream, new BitSet());
            BitSet unknown = (BitSet) durable.clone();
            unknown.andNot(there);
            unknown.andNot(destroyed);
            require(unknown.isEmpty(), "was durable, and is neither there nor declared by name", stream, unknown);
            BitSet below = new BitSet();
            below.set(
                    0,
                    Math.max(
                            there.length(),
                            known.reported.getOrDefault(stream, 0L).intValue()));
            below.andNot(there);
            below.andNot(destroyed);
            unnamed += below.cardinality();
            require(unnamed <= known.unnamed, "neither there nor declared", stream, below);
            Long stopped = known.stopped.get(stream);
            require(
                    stopped == null || there.length() <= stopped,
                    "STOPPED counts less than there are",
                    stream,
                    String.valueOf(stopped));
        }
    }

    /**
     * Events that were numbered and did not reach the disk are in the window of a GAP of cause restart; after a clean end
     * there are none. A GAP that somebody has destroyed had such a window: what it said of a run's end is lost with it (ADR
     * 18).
     */
    private void lostTailsAreDeclared(CrashLedger.Known known, CrashLedger after) {
        TreeMap<Long, Long> restarts = new TreeMap<>(known.restarts);
        truth.destroyedRestarts.forEach((epoch, begin) -> restarts.merge(epoch, begin, Math::min));
        for (CrashLedger.Offered batch : before.offered) {
            BitSet there = known.of(batch.stream());
            BitSet destroyed = truth.destroyed.getOrDefault(batch.stream(), new BitSet());
            int lost = there.nextClearBit((int) batch.first());
            if (lost >= batch.next() || destroyed.get(lost)) {
                continue;
            }
            Long since = CrashLedger.restartSince(restarts, batch.stream().run().streamEpoch());
            if (since == null) {
                throw new Broken("lost, and its run has no GAP of cause restart: " + batch);
            }
            require(since <= batch.nanos(), "lost before the window of its GAP of cause restart", batch, since);
        }
        require(!after.starts.isEmpty(), "no start", after);
    }

    /** What the position knew of, and no segment has, is counted by GAP records. */
    private static void positionIsBelieved(
            CrashImages.Image image, SpoolCheckpoint.@Nullable Values stored, CrashLedger after) {
        if (stored == null) {
            return;
        }
        long end = stored.events().acknowledged().number();
        long eventsBefore = stored.events().acknowledged().eventsBefore();
        for (Map.Entry<String, CrashImages.Content> file : image.files().entrySet()) {
            for (FrameScan.Frame frame : file.getValue().frames()) {
                boolean control = file.getKey().indexOf('/') >= 0;
                MissingBatches givesUp = frame.envelope().givesUp();
                if (control && givesUp != null && givesUp.next().number() > end) {
                    end = givesUp.next().number();
                    eventsBefore = givesUp.next().eventsBefore();
                } else if (!control
                        && frame.isBatch()
                        && frame.envelope().next().number() > end) {
                    end = frame.envelope().next().number();
                    eventsBefore = frame.envelope().next().eventsBefore();
                }
            }
        }
        long declared = after.arrivals.stream()
                .filter(arrival ->
                        arrival.gap() != null && arrival.gap().cause().equals("damage"))
                .mapToLong(arrival -> arrival.gap().events())
                .sum();
        require(
                stored.events().next().number() <= end
                        || declared >= stored.events().next().eventsBefore() - eventsBefore,
                "the position knew of more than is there or declared: next, and the end of the segments",
                stored.events().next(),
                end);
    }

    /** When Kafka has everything, files and memory are as small as at the first start. */
    private static void nothingIsLeft(CrashSpool spool) {
        List<?> events = spool.files.list(MemoryFiles.ROOT, ".segment");
        List<?> control = spool.files.list(MemoryFiles.ROOT.resolve(ChainDirectory.CONTROL), ".segment");
        require(events.size() <= 1, "segments of events stay", events);
        require(control.size() <= CONTROL_SEGMENTS_MOST, "segments of control records stay", control);
        require(spool.spool.unacknowledged() == 0 && spool.spool.owedEvents() == 0, "something is left", spool.run);
    }
}
