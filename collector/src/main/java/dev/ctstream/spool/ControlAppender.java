package dev.ctstream.spool;

import dev.ctstream.batch.ControlEncoder;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.ControlKind;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentFormat;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Numbers control records and appends them to their chain. A GAP, a CHECKPOINT and a WITHDRAWN are synced before this
 * returns; before a CHECKPOINT, so is every control record that it may list.
 *
 * <p>Bounds: {@code spool.control-bytes}; each kind may fill a share of it, see {@link ControlItem#shareSixteenths}.
 *
 * <p>Threads: confined to the spool thread.
 *
 * <p>Errors: no disk failure throws out of this class; it is counted, reported, and the append is tried again.
 */
final class ControlAppender {
    private static final int SIXTEENTHS = 16;
    private static final long PREPARE_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final SpoolConfig config;
    private final Chain control;
    private final Chain events;
    private final StreamTable table;
    private final RunIdentity identity;
    private final ControlEncoder encoder;
    private final Owed owed;
    private final SpoolHealth health;
    private final LogIndex logIndex;
    private final RecentRecords recent = new RecentRecords();
    private final @Nullable ProofLog proof;
    private final PendingFrames frames;
    private long retryAtNanos;
    private boolean failing;
    private int refusedShare = SIXTEENTHS;
    private boolean filesAreGone;
    private ControlRecord.@Nullable Acknowledged acknowledgedBefore;
    private final StageClock clock;
    private long preparedNanos;

    /** What the appender works with. */
    record Parts(
            SpoolConfig config,
            Chain control,
            Chain events,
            StreamTable table,
            RunIdentity identity,
            ControlEncoder encoder,
            Owed owed,
            SpoolHealth health,
            LogIndex logIndex,
            @Nullable ProofLog proof,
            SpoolFileSystem files,
            StageClock clock) {}

    /** The number of the next append of the run, over both chains. */
    static final class LogIndex {
        private long next;

        long next() {
            return next;
        }

        void next(long number) {
            next = number;
        }
    }

    ControlAppender(Parts parts) {
        config = parts.config();
        control = parts.control();
        events = parts.events();
        table = parts.table();
        identity = parts.identity();
        encoder = parts.encoder();
        owed = parts.owed();
        health = parts.health();
        logIndex = parts.logIndex();
        proof = parts.proof();
        clock = parts.clock();
        frames = new PendingFrames(parts.files());
        preparedNanos = clock.nanoTime() - PREPARE_INTERVAL_NANOS;
    }

    RecentRecords recent() {
        return recent;
    }

    /** Makes the next segment file, at most once a second while that fails. */
    void prepare() {
        long now = clock.nanoTime();
        if (now - preparedNanos < PREPARE_INTERVAL_NANOS) {
            return;
        }
        try {
            control.active.prepare();
            health.reserved(null);
        } catch (IOException e) {
            preparedNanos = now;
            health.reserved("the next segment of control records cannot be reserved in " + control.directory.path()
                    + ": " + ErrorText.reason(e) + "; free some space");
        }
    }

    /** How long the next segment may be missing; Long.MAX_VALUE = it is there. */
    long unpreparedNanos() {
        return control.active.prepared() ? Long.MAX_VALUE : PREPARE_INTERVAL_NANOS;
    }

    private long usedBytes() {
        return control.catalog.sizeBytes();
    }

    private long limitBytes(ControlItem item) {
        return config.controlBytes() / SIXTEENTHS * item.shareSixteenths();
    }

    /**
     * Appends the records in order, and syncs them if one is a GAP, a CHECKPOINT or a WITHDRAWN.
     *
     * @return how many were appended: all, none, or those before a failure of the disk
     */
    int append(List<ControlItem> items) {
        if (!takes(items)) {
            return 0;
        }
        if (leastShare(items) <= refusedShare) {
            health.controlHasSpace();
        }
        int done = 0;
        while (done < items.size()) {
            int written = write(items.subList(done, items.size()));
            if (written == 0) {
                return done;
            }
            done += written;
        }
        return done;
    }

    /** Whether {@link #append} would try the disk: it waits after a failure, and refuses what has no space. */
    boolean takes(List<ControlItem> items) {
        if (failing && clock.nanoTime() - retryAtNanos < 0) {
            return false;
        }
        if (!haveSpace(items)) {
            health.controlFull();
            refusedShare = leastShare(items);
            return false;
        }
        return true;
    }

    private static int leastShare(List<ControlItem> items) {
        return items.stream().mapToInt(ControlItem::shareSixteenths).min().orElse(SIXTEENTHS);
    }

    /** Whether there is space for all of the records, in the shares of their kinds. */
    boolean haveSpace(List<ControlItem> items) {
        long bytes = usedBytes();
        for (ControlItem item : items) {
            bytes += frames.frameBytes(item.namespace(), encode(item, 0, 0).length);
            if (bytes > limitBytes(item)) {
                return false;
            }
        }
        return true;
    }

    /** Appends as many of the records as fit into the active segment; returns their number, 0 when the disk failed. */
    private int write(List<ControlItem> items) {
        frames.clear();
        List<ControlItem> taken = new ArrayList<>();
        boolean sync = false;
        for (ControlItem item : items) {
            QueuedBatch numbered = number(item, taken.size());
            long bytes = frames.bytes() + frames.frameBytes(item.namespace(), numbered.lengthBytes());
            if (bytes > PendingFrames.BUFFER_BYTES || !control.active.fits(bytes) || exceedsNew(bytes)) {
                unnumber(item);
                break;
            }
            frames.add(numbered);
            taken.add(item);
            sync |= item.isSynced();
        }
        if (taken.isEmpty()) {
            if (control.active.file() == null) {
                throw new IllegalStateException("a control record is longer than a segment: " + items.get(0));
            }
            control.active.seal();
            return write(items);
        }
        return commit(taken, sync) ? taken.size() : 0;
    }

    /** Whether frames of this length are too long for a segment that is not begun yet. */
    private boolean exceedsNew(long bytes) {
        return control.active.file() == null && bytes > config.controlSegmentBytes() - SegmentFormat.FRAMES_OFFSET;
    }

    private boolean commit(List<ControlItem> taken, boolean sync) {
        List<QueuedBatch> batches = List.copyOf(frames.batches());
        try {
            if (taken.stream().anyMatch(item -> item.record().kind() == ControlKind.CHECKPOINT)) {
                control.active.syncAbandoned(); // it lists them; its own segment is synced with it
            }
            control.append(frames, batches.get(batches.size() - 1).envelope().next(), sync);
        } catch (IOException e) {
            taken.forEach(this::unnumber);
            if (e instanceof NotTakenBackException) {
                leaves(taken, batches); // a restart may find the records
                if (proof != null) {
                    proof.withdraw(identity, logIndex.next(), logIndex.next() + taken.size());
                }
                logIndex.next(logIndex.next() + taken.size());
            }
            failing = true;
            retryAtNanos = clock.nanoTime() + SpoolAppender.RETRY_NANOS;
            if (!(e instanceof ClosedByInterruptException && Thread.interrupted())) {
                health.controlFailed(control.directory.path(), e);
            }
            return false;
        }
        failing = false;
        health.controlWorked();
        leaves(taken, batches);
        logIndex.next(logIndex.next() + taken.size());
        for (int i = 0; i < taken.size(); i++) {
            appended(taken.get(i), batches.get(i).envelope().number());
        }
        return true;
    }

    private void leaves(List<ControlItem> taken, List<QueuedBatch> batches) {
        for (int i = 0; proof != null && i < taken.size(); i++) {
            proof.appended(batches.get(i).envelope().leaf(), taken.get(i).record());
        }
    }

    private void appended(ControlItem item, long number) {
        recent.add(item);
        StreamTable.Namespace namespace = table.namespace(item.namespace());
        ControlKind kind = item.record().kind();
        if (kind == ControlKind.STARTED) {
            namespace.started();
        } else if (kind == ControlKind.STOPPED) {
            namespace.stopped(number, events.end().number());
            if (proof != null && table.allStopped()) {
                proof.ended();
            }
        } else if (namespace.isStopped()) {
            namespace.stopped(number, events.end().number()); // a late record, such as the end of a dump
        }
        if (item.record() instanceof ControlRecord.Gap gap) {
            owed.add(number, item.namespace(), item.lostEvents(), item.losses(), gap);
        }
    }

    /** Gives a record its numbers; {@link #unnumber} takes them back. */
    private QueuedBatch number(ControlItem item, int index) {
        StreamTable.Namespace namespace = table.namespace(item.namespace());
        long sequence = namespace.nextControlSequence();
        namespace.nextControlSequence(sequence + 1);
        long log = logIndex.next() + index;
        byte[] datum = encode(item, sequence, log);
        long nanos = TimeUnit.MILLISECONDS.toNanos(item.timeMillis());
        BatchEnvelope envelope = new BatchEnvelope(
                control.end().number() + index,
                control.end().eventsBefore() + index,
                log,
                BatchEnvelope.CONTROL,
                item.namespace(),
                sequence,
                1,
                nanos,
                nanos,
                item.givesUp(),
                proof == null ? null : proof.leaf(item.namespace(), sequence, datum));
        return QueuedBatch.of(envelope, identity, datum);
    }

    private void unnumber(ControlItem item) {
        StreamTable.Namespace namespace = table.namespace(item.namespace());
        namespace.nextControlSequence(namespace.nextControlSequence() - 1);
    }

    private byte[] encode(ControlItem item, long sequence, long log) {
        ControlRecord.Numbers numbers = new ControlRecord.Numbers(sequence, log, acknowledged(log));
        return encoder.encode(item.namespace(), item.timeMillis(), item.record(), numbers, item.part());
    }

    /** What Kafka has of the events now, see {@link ControlRecord.Acknowledged}. */
    private ControlRecord.@Nullable Acknowledged acknowledged(long log) {
        if (filesAreGone) {
            return acknowledgedBefore;
        }
        boolean everything = events.acknowledged.number() >= events.end().number() - 1;
        return everything ? new ControlRecord.Acknowledged(identity.streamEpoch(), log) : events.acknowledged.last();
    }

    /**
     * The files are gone: until what was in them is declared, records say what Kafka has now, although the position is
     * after all of it.
     */
    void filesAreGone() {
        acknowledgedBefore = filesAreGone ? acknowledgedBefore : events.acknowledged.last();
        filesAreGone = true;
    }

    /** What was in the files is declared. */
    void declaredWhatIsGone() {
        filesAreGone = false;
    }

    /** Number of the last record that is appended. */
    long lastNumber() {
        return control.end().number() - 1;
    }

    /** Syncs the appended records; false when some of them may not be on disk. */
    boolean sync() {
        try {
            control.active.sync();
            health.controlSynced();
            return true;
        } catch (IOException e) {
            health.controlSyncFailed(control.directory.path(), e);
            return false;
        }
    }

    /** Whether the last attempt failed, so that another one is due soon. */
    boolean failing() {
        return failing;
    }

    /** Tries again at once. */
    void retryNow() {
        failing = false;
    }
}
