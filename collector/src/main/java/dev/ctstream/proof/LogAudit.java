package dev.ctstream.proof;

import dev.ctstream.record.IntervalSet;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.CompactRange;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.Leaf;
import dev.ctstream.record.proof.LeafGatherer;
import dev.ctstream.record.proof.TreeWindow;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The account of one log: the leaves that its records make, and those that its checkpoints list.
 *
 * <p>Threads: confined to one.
 */
final class LogAudit {
    /** More findings of a log are only counted. */
    static final int MOST_FINDINGS = 100;

    private static final int MOST_CONFLICTS = 1000;
    private static final int MOST_TIMES = 1 << 16;

    final RunIdentity run;
    private final LeafStore store;
    private final Streams streams;
    private final LeafStore.Log leaves = new LeafStore.Log();
    private final IntervalSet listed = new IntervalSet();
    private final IntervalSet withdrawn = new IntervalSet();
    private final List<Span> spans = new ArrayList<>();
    private final Map<Long, Conflict> conflicts = new HashMap<>();
    private final Map<Lane, Long> newest = new HashMap<>(); // by topic and partition
    private final Map<Lane, Long> first = new HashMap<>();
    private final List<Tampering> findings = new ArrayList<>();
    private final List<Tampering> inexact = new ArrayList<>(); // what follows from others, perhaps
    private long findingsCount;
    private CompactRange end = new CompactRange(); // after the last checkpoint
    private long seenEnd; // after the greatest one
    private @Nullable Place firstPlace;
    private final Deque<Time> times = new ArrayDeque<>(); // of control records that are not signed yet
    private final List<LeafGatherer.Unfinished<Place>> unfinished = new ArrayList<>();
    private long expiredBelow; // retention has removed what is missing and has a smaller log_index
    private boolean emptied; // some partition begins later, and has nothing of this log

    private final List<Checkpoint> kept = new ArrayList<>(); // elsewhere, and not reached yet

    // Facts for who puts logs together.
    boolean keyDamaged; // a KEY record says nothing
    long settledBelow; // what is missing and has a smaller log_index can no longer come
    long checkpoints;
    long provenUntilMillis;
    long sizeAtEnd = -1; // as the next run says
    boolean stopped;
    boolean started; // its STARTED is there
    boolean controlThere; // some control record of it is there
    boolean notProvenBySuccessor; // the next run says that nothing of this one was signed
    long leastMillis = Long.MAX_VALUE;
    long greatestMillis;

    // Results of finish().
    long proven;
    long unproven;
    long givenUp;
    long expired;
    long inSpool;
    long doubtful; // of the expired ones: only a partition that has nothing of this log explains it
    long keptNotCompared;

    /** When a control record was written, as it says. */
    private record Time(long index, long millis) {}

    /** A partition of a topic. */
    record Lane(boolean control, int partition) {}

    /** Leaves between two checkpoints that neither lists. */
    private record Span(CompactRange before, CompactRange after) {}

    /** A second record with a log_index; the checkpoint will tell which is right. */
    private record Conflict(Hash hash, Place place, String stream) {}

    /** Names of streams by number. */
    static final class Streams {
        private final List<String> names = new ArrayList<>();
        private final Map<String, Integer> numbers = new HashMap<>();

        int number(String name) {
            Integer known = numbers.putIfAbsent(name, names.size());
            if (known != null) {
                return known;
            }
            names.add(name);
            return names.size() - 1;
        }

        String name(int number) {
            return names.get(number);
        }
    }

    LogAudit(RunIdentity run, LeafStore store, Streams streams) {
        this.run = run;
        this.store = store;
        this.streams = streams;
    }

    /** Takes note of a finding. */
    void found(Manipulation manipulation, long index, @Nullable Place place, String stream, String what) {
        add(findings, new Tampering(manipulation, run, index, place, stream, what));
    }

    private void add(List<Tampering> to, Tampering finding) {
        findingsCount++;
        if (to.size() < MOST_FINDINGS) {
            to.add(finding);
        }
    }

    /** In the order of the log. */
    List<Tampering> findings() {
        Stream<Tampering> exact = findings.stream()
                .sorted(Comparator.comparingLong(
                        finding -> finding.index() == Tampering.NO_INDEX || finding.manipulation() == Manipulation.CUT
                                ? Long.MAX_VALUE // a record says more
                                : finding.index()));
        return Stream.concat(exact, inexact.stream()).toList();
    }

    long findingsCount() {
        return findingsCount;
    }

    /** Where the first of its records lies that was read; null = none was. */
    @Nullable
    Place firstPlace() {
        return firstPlace;
    }

    private static String streamText(String stream, long firstSequence, int count) {
        return stream
                + (count == 1
                        ? ", sequence " + firstSequence
                        : ", sequences " + firstSequence + ".." + (firstSequence + count - 1));
    }

    private static String stream(Leaf leaf) {
        return "namespace " + leaf.names().netns() + " (" + leaf.names().netnsId() + "), "
                + (leaf.zone() < 0 ? "control records" : "zone " + leaf.zone());
    }

    private String streamText(LeafStore.Entry entry) {
        return streamText(streams.name(entry.stream()), entry.firstSequence(), entry.count());
    }

    /** Takes a record that is in no leaf, or not yet. */
    void present(Place place) {
        if (firstPlace == null) {
            firstPlace = place;
        }
    }

    /** Takes when a control record was written, as it says; counts when it is signed. */
    void time(long index, long millis) throws IOException {
        if (store.read(leaves, index).state() == LeafStore.State.GOOD) {
            provenUntilMillis = Math.max(provenUntilMillis, millis);
        } else if (index >= end.size() && times.size() < MOST_TIMES) {
            times.add(new Time(index, millis));
        }
    }

    private void settleTimes() throws IOException {
        for (int i = times.size(); i > 0; i--) {
            Time time = times.remove();
            if (time.index < end.size()) {
                time(time.index, time.millis);
            } else {
                times.add(time);
            }
        }
    }

    /** Takes a batch of which pieces are missing. */
    void unfinished(LeafGatherer.Unfinished<Place> batch) {
        unfinished.add(batch);
    }

    /** Takes the leaf that a record makes. */
    void record(Leaf leaf, Place place) throws IOException {
        long index = leaf.index();
        if (index < 0) {
            found(Manipulation.CHANGED, index, place, stream(leaf), "its log_index is negative");
            return;
        }
        seenEnd = Math.max(seenEnd, index + 1);
        LeafStore.Entry known = store.read(leaves, index);
        String named = stream(leaf);
        String text = streamText(named, leaf.firstSequence(), leaf.count());
        if (known.state() == LeafStore.State.NONE || known.state() == LeafStore.State.LISTED) {
            order(leaf, place, text);
            boolean listedBefore = known.state() == LeafStore.State.LISTED;
            boolean good = listedBefore && known.hash().equals(leaf.hash());
            LeafStore.State state =
                    !listedBefore ? LeafStore.State.SEEN : good ? LeafStore.State.GOOD : LeafStore.State.BAD;
            store.write(
                    leaves,
                    index,
                    new LeafStore.Entry(
                            state,
                            listedBefore ? known.hash() : leaf.hash(),
                            place,
                            leaf.firstSequence(),
                            leaf.count(),
                            streams.number(named)));
            if (state == LeafStore.State.BAD) {
                changed(index, place, text);
            }
            return;
        }
        if (known.hash().equals(leaf.hash())) {
            return; // once more, as after a failure
        }
        if (known.state() != LeafStore.State.SEEN) {
            inserted(index, place, text);
        } else if (conflicts.size() < MOST_CONFLICTS) {
            conflicts.putIfAbsent(index, new Conflict(leaf.hash(), place, text));
        }
    }

    /** First occurrences rise on a partition, since the spool is a queue. */
    private void order(Leaf leaf, Place place, String text) {
        Lane lane = new Lane(place.control(), place.partition());
        Long before = newest.put(lane, leaf.index());
        first.merge(lane, leaf.index(), Math::min);
        if (before != null && before > leaf.index()) {
            newest.put(lane, before);
        }
        if (before != null && before > leaf.index() && !place.isFile()) {
            found(
                    Manipulation.MOVED,
                    leaf.index(),
                    place,
                    text,
                    "it comes after log_index " + before + " on its partition");
        }
    }

    private void changed(long index, Place place, String text) {
        found(Manipulation.CHANGED, index, place, text, "it is not the record that its host has signed");
    }

    private void inserted(long index, Place place, String text) {
        found(
                Manipulation.INSERTED,
                index,
                place,
                text,
                "another record has its log_index, and that is the one that its host has signed");
    }

    /** Takes a checkpoint of this log that somebody kept elsewhere. Before any other. */
    void kept(Checkpoint checkpoint) {
        kept.add(checkpoint);
    }

    boolean isKept() {
        return !kept.isEmpty();
    }

    private void compareKept(TreeWindow window, @Nullable Place place) {
        kept.removeIf(checkpoint -> {
            if (checkpoint.size() < window.start() || checkpoint.size() > window.end()) {
                return false;
            }
            CompactRange tree = window.before().copy();
            tree.append(window.leaves().subList(0, Math.toIntExact(checkpoint.size() - window.start())));
            compareKept(checkpoint, tree, place);
            return true;
        });
    }

    private void compareKept(Checkpoint checkpoint, CompactRange tree, @Nullable Place place) {
        if (!tree.root().equals(checkpoint.root())) {
            found(
                    Manipulation.FORKED,
                    tree.size(),
                    place,
                    "",
                    "a checkpoint of size " + checkpoint.size() + " that was kept elsewhere has another root");
        }
    }

    /** Takes what a good checkpoint lists. */
    void checkpoint(TreeWindow window, @Nullable Place place) throws IOException {
        compareKept(window, place);
        for (int i = 0; i < window.leaves().size(); i++) {
            list(window.start() + i, window.leaves().get(i), place);
        }
        if (!window.leaves().isEmpty()) {
            listed.addRange(window.start(), window.end());
        }
        if (window.start() == end.size()) {
            if (!window.before().hashes().equals(end.hashes())) {
                forked(window, place);
            }
        } else if (window.start() > end.size()) {
            spans.add(new Span(end.copy(), window.before()));
        } else if (window.end() >= end.size()) {
            CompactRange tree = window.before().copy();
            tree.append(window.leaves().subList(0, Math.toIntExact(end.size() - window.start())));
            if (!tree.hashes().equals(end.hashes())) {
                forked(window, place);
            }
        }
        if (window.end() > end.size()) {
            end = window.after();
            settleTimes();
        }
    }

    private void forked(TreeWindow window, @Nullable Place place) {
        found(
                Manipulation.FORKED,
                window.end(),
                place,
                "",
                "the checkpoint of size " + window.end() + " does not go together with the one before it");
    }

    private void list(long index, Hash hash, @Nullable Place place) throws IOException {
        LeafStore.Entry known = store.read(leaves, index);
        switch (known.state()) {
            case NONE -> store.write(leaves, index, new LeafStore.Entry(LeafStore.State.LISTED, hash, null, 0, 0, 0));
            case SEEN -> settle(index, hash, known);
            default -> {
                if (!known.hash().equals(hash)) {
                    found(
                            Manipulation.FORKED,
                            index,
                            place,
                            "",
                            "two checkpoints list different hashes of one leaf: there are two logs of this name");
                }
            }
        }
    }

    /** A record was there before the checkpoint that lists it. */
    private void settle(long index, Hash hash, LeafStore.Entry known) throws IOException {
        Place place = known.place();
        boolean good = known.hash().equals(hash);
        Conflict second = conflicts.remove(index);
        store.write(
                leaves,
                index,
                new LeafStore.Entry(
                        good ? LeafStore.State.GOOD : LeafStore.State.BAD,
                        hash,
                        place,
                        known.firstSequence(),
                        known.count(),
                        known.stream()));
        if (good && second != null) {
            inserted(index, second.place, second.stream);
        } else if (!good && place != null) {
            if (second != null && second.hash.equals(hash)) {
                inserted(index, place, streamText(known));
            } else {
                changed(index, place, streamText(known));
            }
        }
    }

    /**
     * Takes leaves between checkpoints that neither lists, because one is gone: if all of them are there, the checkpoints prove
     * them together, as if they were listed. To be called when everything was read, for all logs before {@link #finish}.
     */
    void joinSpans() throws IOException {
        for (Span span : spans) {
            CompactRange tree = span.before.copy();
            LeafStore.Entry first = store.read(leaves, tree.size());
            for (LeafStore.Entry entry = first;
                    entry.place() != null && tree.size() < span.after.size();
                    entry = store.read(leaves, tree.size())) {
                tree.append(entry.hash());
                kept.removeIf(checkpoint -> {
                    boolean here = checkpoint.size() == tree.size();
                    if (here) {
                        compareKept(checkpoint, tree, null);
                    }
                    return here;
                });
            }
            if (tree.size() < span.after.size()) {
                continue; // it cannot be told
            }
            if (tree.hashes().equals(span.after.hashes())) {
                for (long index = span.before.size(); index < span.after.size(); index++) {
                    list(index, store.read(leaves, index).hash(), null);
                }
                listed.addRange(span.before.size(), span.after.size());
            } else {
                add(
                        inexact,
                        new Tampering(
                                Manipulation.CHANGED,
                                run,
                                span.before.size(),
                                first.place(),
                                streamText(first),
                                "it or one of the " + (span.after.size() - span.before.size() - 1)
                                        + " after it is not the record that its host has signed; no checkpoint tells which"));
            }
        }
    }

    /** Whether a record of this log is the one that its host has signed. */
    boolean isGood(long index) throws IOException {
        return store.read(leaves, index).state() == LeafStore.State.GOOD;
    }

    /** Takes that appends were given up. */
    void withdrawn(long from, long to) {
        if (from >= 0 && to > from) {
            withdrawn.addRange(from, to);
        }
    }

    /** Size that the checkpoints reach. */
    long end() {
        return end.size();
    }

    boolean present() {
        return firstPlace != null;
    }

    /**
     * Compares everything.
     *
     * @param trimmed partitions that no longer begin with their first record
     * @param olderThere whether control records of this log or of an earlier one of the host are there: then this one has not
     *     expired
     */
    void finish(List<Lane> trimmed, boolean olderThere) throws IOException {
        for (Lane lane : trimmed) {
            Long begin = first.get(lane);
            emptied |= begin == null;
            expiredBelow = Math.max(expiredBelow, begin == null ? 0 : begin);
        }
        for (boolean control : new boolean[] {true, false}) { // files
            first.entrySet().stream()
                    .filter(lane -> lane.getKey().partition < 0 && lane.getKey().control == control)
                    .mapToLong(Map.Entry::getValue)
                    .min()
                    .ifPresent(begin -> expiredBelow = Math.max(expiredBelow, begin));
        }
        long at = 0;
        while (at < end.size()) {
            long next = listed.nextFrom(at);
            if (next == at) {
                leaf(at);
                at++;
            } else {
                notListed(at, Math.min(next, end.size()));
                at = next;
            }
        }
        if (seenEnd > end.size()) {
            tail();
        }
        for (LeafGatherer.Unfinished<Place> batch : unfinished) {
            pieces(batch);
        }
        for (Checkpoint checkpoint : kept) {
            boolean mayHaveExpired = end.size() == 0
                    && !olderThere
                    && trimmed.stream().anyMatch(Lane::control); // with the rest of the log
            if (checkpoint.size() > end.size() && !mayHaveExpired) {
                found(
                        Manipulation.CUT,
                        end.size(),
                        null,
                        "",
                        "a checkpoint of size " + checkpoint.size()
                                + " was kept elsewhere; what is here reaches no further than " + end.size());
            } else {
                keptNotCompared++;
            }
        }
        conflicts.forEach((index, second) -> {
            if (listed.countIn(index, index + 1) == 0) {
                found(
                        Manipulation.INSERTED,
                        index,
                        second.place,
                        second.stream,
                        "two different records have this log_index, and no checkpoint tells which is right");
            }
        });
    }

    private void leaf(long index) throws IOException {
        LeafStore.Entry entry = store.read(leaves, index);
        switch (entry.state()) {
            case GOOD -> proven++;
            case LISTED -> missing(index, index + 1, findings);
            default -> unproven++; // BAD is a finding
        }
    }

    /** Leaves of which no checkpoint gives the hash: what is there cannot be proven, but all must be there. */
    private void notListed(long from, long to) throws IOException {
        long[] next = {from};
        store.forEachPresent(leaves, from, to, (index, entry) -> {
            missing(next[0], index, inexact);
            unproven++;
            next[0] = index + 1;
        });
        missing(next[0], to, inexact);
    }

    /** No record is there of the leaves in [from, to). */
    private void missing(long from, long to, List<Tampering> named) {
        if (from < to) {
            givenUp += withdrawn.countIn(from, to);
            withdrawn.forEachHole(from, to, (first, next) -> notGivenUp(first, next, named));
        }
    }

    private void notGivenUp(long from, long to, List<Tampering> named) {
        long begin = Math.min(to, Math.max(from, expiredBelow));
        expired += begin - from;
        if (emptied) {
            expired += to - begin;
            doubtful += to - begin;
            return;
        }
        long settled = Math.min(to, Math.max(begin, settledBelow));
        inSpool += to - settled; // control records are published first
        for (long index = begin; index < settled; index++) {
            if (named.size() == MOST_FINDINGS) {
                findingsCount += settled - index;
                return;
            }
            add(
                    named,
                    new Tampering(
                            Manipulation.REMOVED,
                            run,
                            index,
                            null,
                            "",
                            "its host has signed it, it was not given up, and no record is there" + neighbours(index)));
        }
    }

    /** Where a missing record was, as far as its neighbours tell. */
    private String neighbours(long index) {
        StringBuilder text = new StringBuilder();
        try {
            for (long other : new long[] {index - 1, index + 1}) {
                LeafStore.Entry entry = other < 0 ? null : store.read(leaves, other);
                Place place = entry == null ? null : entry.place();
                if (entry != null && place != null) {
                    text.append(other < index ? "; before it: " : "; after it: ")
                            .append(streamText(entry))
                            .append(" (")
                            .append(place.text())
                            .append(')');
                }
            }
        } catch (IOException e) {
            return "";
        }
        return text.toString();
    }

    /** A batch of which pieces are missing: given up, still to come, or never written so. */
    private void pieces(LeafGatherer.Unfinished<Place> batch) throws IOException {
        long index = batch.index();
        LeafStore.State state = store.read(leaves, index).state();
        boolean toCome = index >= settledBelow || (index >= end.size() && !stopped);
        if (state == LeafStore.State.LISTED || withdrawn.countIn(index, index + 1) > 0 || toCome) {
            unproven++; // a listed one is missing, and is named as such
        } else {
            found(
                    Manipulation.INSERTED,
                    index,
                    batch.place(),
                    "",
                    "its batch ends without its last pieces, and was not begun anew");
        }
    }

    /** Records after the last checkpoint. */
    private void tail() throws IOException {
        boolean ended = sizeAtEnd >= 0 && stopped;
        store.forEachPresent(leaves, end.size(), Long.MAX_VALUE, (index, entry) -> {
            unproven++;
            if (ended) {
                found(
                        Manipulation.INSERTED,
                        index,
                        entry.place(),
                        streamText(entry),
                        "the next run of the host has signed that this log ended before it");
            }
        });
    }
}
