package dev.ctstream.spool;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.ControlKind;
import dev.ctstream.record.IntervalSet;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.CompactRange;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.LeafBytes;
import dev.ctstream.record.proof.LogOrigin;
import dev.ctstream.record.proof.SignedNote;
import dev.ctstream.record.proof.TreeWindow;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The log of the run that is proven: what is appended becomes leaves of a tree, whose root is signed now and then. Each
 * CHECKPOINT carries the hashes of the leaves since the one before, and the compact range before these.
 *
 * <p>Rule: no segment is deleted or given up before a durable CHECKPOINT has its leaves. If none can be appended, the
 * leaves are folded into the compact range ({@link #fold}): then no CHECKPOINT lists them, and only all of them together
 * can be checked.
 *
 * <p>A WITHDRAWN counts when it is proven, and of folded leaves that cannot be told once one of them is missing. So what it
 * says is kept until a CHECKPOINT lists it; if it is folded, it is to be appended once more ({@link #sayAgain}).
 *
 * <p>Bounds: {@value #MOST_PENDING} hashes wait for a CHECKPOINT, 64 bytes each; beyond that the older half is folded.
 * {@value #MOST_WITHDRAWN} withdrawn ranges of each run; beyond that the first holes between them are withdrawn, too,
 * which excuses nothing that no GAP declares.
 *
 * <p>Threads: confined to the spool thread.
 */
final class ProofLog {
    static final int MOST_PENDING = 1 << 16;
    static final int MOST_WITHDRAWN = 4096;
    private static final int MOST_UNLISTED = 64;
    private static final int MOST_RANGES = 500;
    private static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final Parts parts;
    private final MessageDigest digest = Hash.digest();
    private final Withdrawals withdrawn = new Withdrawals(); // in no durable WITHDRAWN
    private final Withdrawals folded = new Withdrawals(); // in one that no CHECKPOINT will list
    /** By log_index: no CHECKPOINT lists them yet. */
    private final NavigableMap<Long, ControlRecord.Withdrawn> unlisted = new TreeMap<>();

    private CompactRange covered = new CompactRange();
    private List<Hash> pending = new ArrayList<>();
    private long settled; // size of the tree after the last CHECKPOINT, that one included
    private boolean changed;
    private boolean ended;
    private boolean urgent;
    private boolean keysAppended;
    private long lastNanos;

    /**
     * What it works with.
     *
     * @param most hashes in one CHECKPOINT
     * @param preceding the end of the log of the run before; null = there is none, or it was not proven
     * @param toWithdraw appends of earlier runs that are signed and gone
     */
    record Parts(
            ProofKeyFile keys,
            long intervalNanos,
            RunIdentity run,
            String hostName,
            int most,
            @Nullable RunIdentity precedingRun,
            @Nullable TreeWindow preceding,
            List<SignedAppends.Range> toWithdraw,
            StageClock clock) {}

    ProofLog(Parts parts) {
        this.parts = parts;
        lastNanos = parts.clock().nanoTime();
        parts.toWithdraw().forEach(range -> withdraw(range.run(), range.first(), range.next()));
    }

    /** Appends that may be missing from the topics, by run. */
    private static final class Withdrawals {
        private final Map<RunIdentity, IntervalSet> ranges = new LinkedHashMap<>();
        private @Nullable List<ControlRecord.Withdrawn> records; // null = to be made

        void add(RunIdentity run, long first, long next) {
            IntervalSet of = ranges.computeIfAbsent(run, added -> new IntervalSet());
            of.addRange(first, next);
            if (of.intervals() > MOST_WITHDRAWN) {
                of.fillLowestHole((from, to) -> {});
            }
            records = null;
        }

        void add(ControlRecord.Withdrawn record) {
            List<Long> bounds = record.logIndexes();
            for (int i = 0; i < bounds.size(); i += 2) {
                add(record.run(), bounds.get(i), bounds.get(i + 1));
            }
        }

        boolean isEmpty() {
            return ranges.isEmpty();
        }

        void clear() {
            ranges.clear();
            records = null;
        }

        /** One record for each run, and {@value #MOST_RANGES} ranges. */
        List<ControlRecord.Withdrawn> records() {
            List<ControlRecord.Withdrawn> made = records;
            if (made == null) {
                made = new ArrayList<>();
                for (Map.Entry<RunIdentity, IntervalSet> of : ranges.entrySet()) {
                    List<Long> bounds = new ArrayList<>();
                    of.getValue().forEach((first, next) -> bounds.addAll(List.of(first, next)));
                    for (int from = 0; from < bounds.size(); from += 2 * MOST_RANGES) {
                        made.add(new ControlRecord.Withdrawn(
                                of.getKey(), bounds.subList(from, Math.min(bounds.size(), from + 2 * MOST_RANGES))));
                    }
                }
                records = made;
            }
            return made;
        }
    }

    /** The leaf of a batch. */
    Hash leaf(EncodedBatch batch) {
        int from = batch.eventOffset(0);
        digest.reset();
        digest.update(batch.array(), from, batch.eventOffset(batch.count()) - from);
        return Hash.ofLeaf(
                digest,
                LeafBytes.ofEvents(
                        names(batch.stream()),
                        batch.stream().zone(),
                        batch.firstSequence(),
                        batch.count(),
                        batch.lostTotal(),
                        digest.digest()));
    }

    /** The leaf of a control record. */
    Hash leaf(StreamId namespace, long controlSequence, byte[] datum) {
        digest.reset();
        return Hash.ofLeaf(digest, LeafBytes.ofControl(names(namespace), controlSequence, digest.digest(datum)));
    }

    private LeafBytes.Names names(StreamId stream) {
        return new LeafBytes.Names(stream.netnsId(), stream.netns(), parts.hostName());
    }

    /** A batch was appended; in the order of {@code log_index}. */
    void appended(@Nullable Hash leaf) {
        appended(leaf, null);
    }

    /** A control record was appended. */
    void appended(@Nullable Hash leaf, @Nullable ControlRecord record) {
        if (leaf == null) {
            throw new IllegalArgumentException("an append without a leaf");
        }
        if (pending.size() >= MOST_PENDING) {
            foldTo(MOST_PENDING / 2);
        }
        if (record instanceof ControlRecord.Withdrawn said) {
            unlisted.put(size(), said);
            if (unlisted.size() > MOST_UNLISTED) {
                folded.add(unlisted.pollFirstEntry().getValue()); // to say it once too often is harmless
            }
            urgent = true; // it counts when it is signed
        }
        pending.add(leaf);
        ControlKind kind = record == null ? null : record.kind();
        changed |= kind != ControlKind.HEARTBEAT && kind != ControlKind.CHECKPOINT;
    }

    /** The run's last record is appended. */
    void ended() {
        ended = true;
    }

    /** Number of leaves. */
    long size() {
        return covered.size() + pending.size();
    }

    /** The tree that CHECKPOINT records list, or that is folded. */
    CompactRange covered() {
        return covered;
    }

    /** Whether every leaf but the last CHECKPOINT's is in one, or folded. */
    boolean isCovered() {
        return size() == settled || pending.isEmpty();
    }

    /** How long no CHECKPOINT is due. */
    long untilDueNanos() {
        if (pending.isEmpty() && folded.isEmpty()) {
            return Long.MAX_VALUE;
        }
        if (pending.size() >= parts.most() || ended || urgent) {
            return 0;
        }
        long wait = changed || !folded.isEmpty() ? parts.intervalNanos() : IDLE_NANOS;
        return Math.max(0, wait - (parts.clock().nanoTime() - lastNanos));
    }

    /** The next CHECKPOINT: of the leaves that no other one has, at most as many as a record holds. */
    ControlRecord.Checkpoint next() {
        TreeWindow window = new TreeWindow(covered, pending.subList(0, Math.min(pending.size(), parts.most())));
        return checkpoint(window, parts.run());
    }

    private ControlRecord.Checkpoint checkpoint(TreeWindow window, RunIdentity run) {
        Checkpoint signed =
                new Checkpoint(LogOrigin.of(run), window.end(), window.after().root());
        return new ControlRecord.Checkpoint(
                signed.sign(parts.keys().signer()).format(), window.before().hashes(), window.leaves());
    }

    /** A CHECKPOINT is durable; its own leaf was {@link #appended} already. */
    void durable(ControlRecord.Checkpoint checkpoint) {
        unlisted.headMap(covered.size() + checkpoint.leafHashes().size()).clear();
        foldTo(checkpoint.leafHashes().size());
        settled = size();
        changed = false;
        ended = false;
        urgent = false;
        lastNanos = parts.clock().nanoTime();
    }

    /** It was not possible to append a CHECKPOINT: the next attempt follows after a while. */
    void postponed() {
        lastNanos = parts.clock().nanoTime();
        ended = false;
        urgent = false;
    }

    /** Counts every leaf as covered, although no CHECKPOINT lists it. */
    void fold() {
        foldTo(pending.size());
        settled = size();
        changed = false;
        postponed();
    }

    private void foldTo(int leaves) {
        SortedMap<Long, ControlRecord.Withdrawn> said = unlisted.headMap(covered.size() + leaves);
        said.values().forEach(folded::add);
        said.clear();
        covered.append(pending.subList(0, leaves));
        pending = new ArrayList<>(pending.subList(leaves, pending.size()));
    }

    /** The end of the log of the run before, signed anew; null when it is not known. */
    ControlRecord.@Nullable Checkpoint preceding() {
        TreeWindow window = parts.preceding();
        RunIdentity run = parts.precedingRun();
        if (window == null || run == null) {
            return null;
        }
        int more = Math.max(0, window.leaves().size() - parts.most());
        CompactRange before = window.before().copy(); // the window stays: STARTED may be tried again
        before.append(window.leaves().subList(0, more));
        return checkpoint(
                new TreeWindow(
                        before, window.leaves().subList(more, window.leaves().size())),
                run);
    }

    /** The KEY records of this run, once: how its key followed earlier ones. */
    List<ControlRecord> takeKeys() {
        List<ControlRecord> records = new ArrayList<>();
        if (!keysAppended) {
            keysAppended = true;
            for (SignedNote note : parts.keys().successions()) {
                List<String> lines = note.text().lines().toList();
                records.add(new ControlRecord.Key(lines.get(2), note.format()));
            }
        }
        return records;
    }

    /** The KEY records could not be appended. */
    void keysNotAppended() {
        keysAppended = false;
    }

    /** Appends of a run may be missing from the topics, from a log_index to before another one. */
    void withdraw(RunIdentity run, long first, long next) {
        withdrawn.add(run, first, next);
    }

    /** One append of a run may be missing from the topics. */
    void withdraw(RunIdentity run, long index) {
        withdraw(run, index, index + 1);
    }

    /** The WITHDRAWN records that are not durable yet. */
    List<ControlRecord.Withdrawn> withdrawn() {
        return withdrawn.records();
    }

    /** They are durable. */
    void withdrawnDurable() {
        withdrawn.clear();
    }

    /** Whether {@link #folded} has any. */
    boolean mustSayAgain() {
        return !folded.isEmpty();
    }

    /** WITHDRAWN records whose leaves are folded, so that they have to be appended once more. */
    List<ControlRecord.Withdrawn> folded() {
        return folded.records();
    }

    /** What they say is to be appended now, since a CHECKPOINT can follow: {@link #withdrawn} has it. */
    void sayAgain() {
        folded.records().forEach(withdrawn::add);
        folded.clear();
    }
}
