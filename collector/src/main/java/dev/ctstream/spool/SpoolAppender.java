package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.ControlKind;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One pass of the spool thread: takes what is due from the outbox, then batches from the ring, and appends both. Control
 * records are written first, and synced if one is a GAP, then events; only then the publisher sees either. So what
 * explains a hole is durable before anything that follows it can reach Kafka.
 *
 * <p>It never leaves batches in the ring for lack of space. When the disk takes no more, events are dropped as {@code
 * spool.when-full} says, merged per stream, and declared before the stream's next batch, before the namespace's next
 * report, and a second after the last drop.
 *
 * <p>Ownership: owns each batch after it leaves the ring, until it goes to {@link RecentBatches}.
 *
 * <p>Threads: confined to the spool thread.
 *
 * <p>Errors: no disk failure throws out of this class; it is counted, reported and retried.
 */
final class SpoolAppender {
    /** Pause after a failed write. */
    static final long RETRY_NANOS = 100_000_000;

    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int DUE_MAX = 256;
    private static final String DISK_FULL = "the disk of the spool is full";

    private final SpoolConfig config;
    private final BatchRing ring;
    private final ControlOutbox outbox;
    private final Chain events;
    private final Chain control;
    private final ControlAppender records;
    private final GapRecords gaps;
    private final GivenUp givenUp;
    private final GivenUp givenUpControl;
    private final SpoolFileSystem files;
    private final StageClock clock;
    private final LossRequests requests;
    private final StreamTable table;
    private final Owed owed;
    private final SpoolQuota quota;
    private final SpoolHealth health;
    private final SpoolMetrics metrics;
    private final RunIdentity identity;
    private final StreamId own;
    private final int mostStreams;
    private final ControlAppender.LogIndex logIndex;
    private final @Nullable ProofLog proof; // null = the log is not proven
    private final PendingFrames frames;
    private final Deque<ControlOutbox.Entry> due = new ArrayDeque<>();
    private final Deque<ControlOutbox.Waiting> postponed = new ArrayDeque<>();
    private final List<EncodedBatch> gathered = new ArrayList<>();
    private final List<LossRequests.Request> recovered;
    /** Numbers of batches that could neither be written nor taken back, and that no GAP gives up yet. */
    private final List<MissingBatches> usedUp = new ArrayList<>();
    /** Records that have vanished with the directory and that Kafka does not have. */
    private final List<ControlItem> again = new ArrayList<>();

    private long gatheredBytes;
    private long taken; // batches taken from the ring since the start
    private boolean started;
    private boolean restartDeclared;
    private boolean failing;
    private long retryAtNanos;
    private boolean syncFailing;
    private long syncAgainNanos;
    private @Nullable Segment
            withdrawnLast; // it was read for what is given up with it; nothing is appended to it any more
    private boolean vanished; // what was in the directory before is not declared yet
    private long droppedNanos;
    private long lastSyncNanos;
    private long syncedNanos;
    private long markPosition; // of the ring: when all before it is taken, takenNanos becomes markNanos
    private long markNanos;
    private long takenNanos;

    /** What the appender works with. */
    record Parts(
            SpoolConfig config,
            BatchRing ring,
            ControlOutbox outbox,
            Chain events,
            Chain control,
            ControlAppender records,
            GapRecords gaps,
            GivenUp givenUp,
            GivenUp givenUpControl,
            LossRequests requests,
            StreamTable table,
            Owed owed,
            SpoolHealth health,
            SpoolMetrics metrics,
            RunIdentity identity,
            StreamId own,
            int mostStreams,
            ControlAppender.LogIndex logIndex,
            @Nullable ProofLog proof) {}

    /**
     * Appends nothing yet.
     *
     * @param recovered losses that recovery has found; declared after STARTED
     * @param store see {@link SpoolQuota.Store}
     */
    SpoolAppender(Parts parts, Chain.Shared shared, List<LossRequests.Request> recovered, SpoolQuota.Store store) {
        config = parts.config();
        ring = parts.ring();
        outbox = parts.outbox();
        events = parts.events();
        control = parts.control();
        records = parts.records();
        gaps = parts.gaps();
        givenUp = parts.givenUp();
        givenUpControl = parts.givenUpControl();
        files = shared.files();
        frames = new PendingFrames(files);
        clock = shared.clock();
        lastSyncNanos = clock.nanoTime();
        syncedNanos = clock.realtimeNanos();
        markNanos = syncedNanos;
        takenNanos = syncedNanos;
        requests = parts.requests();
        table = parts.table();
        owed = parts.owed();
        health = parts.health();
        metrics = parts.metrics();
        identity = parts.identity();
        own = parts.own();
        mostStreams = parts.mostStreams();
        logIndex = parts.logIndex();
        proof = parts.proof();
        this.recovered = new ArrayList<>(recovered);
        health.found(
                recovered.isEmpty()
                        ? null
                        : "what the start has found to be lost is not declared yet; lost events="
                                + recovered.stream()
                                        .flatMap(request -> request.losses().stream())
                                        .mapToLong(Loss::events)
                                        .sum());
        quota = new SpoolQuota(config, shared, events, givenUp, health, store, this::declareGivenUp);
    }

    /** Whether the next pass can take something without waiting: each pass ends at an entry that follows its batches. */
    boolean hasMore() {
        ControlOutbox.Entry entry = outbox.peek();
        return due.isEmpty() && entry != null && (entry.ringPosition() <= taken || ring.size() > 0);
    }

    /** How long there is nothing to do, unless batches or control records come. */
    long idleNanos() {
        if (hasMore()) {
            return 0;
        }
        if (failing || records.failing() || !due.isEmpty() || table.hasLosses() || requests.peek() != null) {
            return RETRY_NANOS;
        }
        return Math.min(Math.min(records.unpreparedNanos(), untilSyncNanos()), untilCheckpointNanos());
    }

    private long untilCheckpointNanos() {
        return proof == null || !started ? Long.MAX_VALUE : Math.max(RETRY_NANOS, proof.untilDueNanos());
    }

    private long untilSyncNanos() {
        boolean unsynced = events.active.unsynced() || control.active.unsynced();
        return unsynced
                ? Math.max(
                        0,
                        lastSyncNanos + TimeUnit.MILLISECONDS.toNanos(config.syncIntervalMillis()) - clock.nanoTime())
                : Long.MAX_VALUE;
    }

    /**
     * Appends what is available.
     *
     * @param most batches to take from the ring
     * @return number of batches taken from the ring
     */
    int pass(int most) {
        long waiting = ring.waitingSinceNanos();
        long offered = ring.offeredBatches(); // first: what was offered to the outbox before these batches is due
        mark(offered, Math.min(waiting, clock.realtimeNanos()));
        long end = Math.min(offered, takeControl());
        if (vanished) {
            declareVanished();
        }
        int count = 0;
        while (count < most && taken < end) {
            EncodedBatch batch = ring.poll();
            if (batch == null) {
                break;
            }
            taken++;
            count++;
            take(batch);
        }
        flush();
        if (table.hasLosses() && clock.nanoTime() - droppedNanos >= SECOND_NANOS) {
            declareLosses();
        }
        declareRecovered();
        declareRequested();
        if (proof != null && started) {
            prove(proof);
        }
        control.handOver();
        events.handOver();
        records.prepare();
        if (health.isFull() && quota.plenty()) {
            health.hasSpace();
        }
        if (failing && count == 0 && !isPaused()) {
            tryDisk();
        }
        settleMark();
        return count;
    }

    /** Appends what the proof of the log needs now. */
    private void prove(ProofLog log) {
        List<ControlItem> keys = log.takeKeys().stream().map(this::ofOwn).toList();
        if (!keys.isEmpty() && records.append(keys) < keys.size()) {
            log.keysNotAppended();
        }
        if (!withdrawn(log) || (log.untilDueNanos() == 0 && !(syncAppended() && checkpoint(log)))) {
            log.postponed();
        }
    }

    /** Says what was given up once more if no CHECKPOINT lists that it was said, and one fits now. */
    private boolean sayAgain(ProofLog log) {
        if (!log.mustSayAgain()) {
            return true;
        }
        List<ControlItem> items =
                new ArrayList<>(log.folded().stream().map(this::ofOwn).toList());
        items.add(ofOwn(log.next()));
        if (!records.haveSpace(items)) {
            return false;
        }
        log.sayAgain();
        return withdrawn(log);
    }

    /** After segments were deleted: there may be space for what is to be said again. */
    void sayAgain() {
        if (proof != null && started && proof.mustSayAgain() && !(syncAppended() && checkpoint(proof))) {
            proof.postponed();
        }
    }

    /** Says what was given up and no WITHDRAWN has said yet; it is durable then, or false. */
    private boolean withdrawn(ProofLog log) {
        List<ControlItem> items = log.withdrawn().stream().map(this::ofOwn).toList();
        if (!items.isEmpty() && records.append(items) < items.size()) {
            return false;
        }
        log.withdrawnDurable();
        return true;
    }

    private ControlItem ofOwn(ControlRecord record) {
        return new ControlItem(own, nowMillis(), record, null, null, 0, List.of());
    }

    /**
     * Signs the log as it is, in as many records as it takes. The events must be synced: a root never has leaves that a
     * power loss takes back.
     */
    private boolean checkpoint(ProofLog log) {
        if (!withdrawn(log) || !sayAgain(log)) {
            return false; // it would list what is not there
        }
        long end = log.size();
        while (log.covered().size() < end) {
            ControlRecord.Checkpoint next = log.next();
            List<ControlItem> items = List.of(ofOwn(next));
            if (!records.haveSpace(items) || records.append(items) == 0) {
                return false;
            }
            log.durable(next);
        }
        return true;
    }

    /**
     * Sees to it that a CHECKPOINT has all leaves, because a segment may be deleted now. The files come first: where none
     * can be appended, no CHECKPOINT lists these leaves.
     */
    void cover() {
        if (proof != null && started && !proof.isCovered() && !(syncAppended() && checkpoint(proof))) {
            proof.fold();
        }
    }

    /** Notes what has been offered so far, unless some of what was noted before is not taken yet. */
    private void mark(long offered, long nanos) {
        if (taken >= markPosition) {
            settleMark();
            markPosition = offered;
            markNanos = nanos;
        }
    }

    private void settleMark() {
        ControlOutbox.Entry next = outbox.peek();
        boolean lossesWait = (next != null && next.ringPosition() <= markPosition)
                || due.stream().anyMatch(ControlOutbox.Refused.class::isInstance);
        if (taken >= markPosition && !lossesWait) {
            takenNanos = markNanos;
        }
    }

    /**
     * Everything received a second before this time has been taken, to be appended or declared, ns since the epoch. It
     * stands still while batches wait before the ring or in it.
     */
    long takenNanos() {
        return takenNanos;
    }

    /** Finds out whether the disk takes events again while there are none. */
    private void tryDisk() {
        try {
            events.active.tryWrite(events.end());
            failing = false;
            health.worked();
        } catch (IOException e) {
            if (!(files.isFull(e, config.directory()) && quota.freeAcknowledged())) {
                failed(e);
            }
        }
    }

    /** Appends the entries that are due; returns the position up to which batches may be taken from the ring. */
    private long takeControl() {
        while (true) {
            ControlOutbox.Entry entry = outbox.peek();
            while (entry != null && entry.ringPosition() <= taken && due.size() < DUE_MAX) {
                outbox.remove();
                due.addLast(entry);
                entry = outbox.peek();
            }
            appendDue();
            if (entry == null) {
                return Long.MAX_VALUE;
            }
            if (entry.ringPosition() > taken) {
                return entry.ringPosition();
            }
            if (!due.isEmpty()) {
                return Long.MAX_VALUE; // the control records cannot be appended now; events do not wait for them
            }
        }
    }

    private void appendDue() {
        while (!postponed.isEmpty() && appendPostponed(postponed.getFirst())) {
            postponed.removeFirst();
        }
        while (!due.isEmpty() && appendOldest()) {
            // until none is left, or the disk takes none
        }
    }

    private boolean appendPostponed(ControlOutbox.Waiting entry) {
        if (!records.haveSpace(items(entry)) || !declareLosses() || !syncEvents()) {
            return false;
        }
        List<ControlItem> items = items(entry);
        return records.append(items) == items.size();
    }

    /** Appends, drops or postpones the oldest entry, and perhaps the ones after it; false when that is impossible now. */
    private boolean appendOldest() {
        ControlOutbox.Entry oldest = due.getFirst();
        if (oldest instanceof ControlOutbox.Refused refused) {
            refused(refused);
            due.removeFirst();
            return true;
        }
        if (oldest instanceof ControlOutbox.Waiting waiting) {
            if (isPostponed(waiting)) {
                postponed.addLast(waiting);
                due.removeFirst();
                return true;
            }
            return countsStreams(waiting) ? appendReport(waiting) : appendOthers();
        }
        return true;
    }

    /**
     * Whether a record about a snapshot or the delivery mode has no space in its share: it must not hold up a GAP or
     * STOPPED, which have. Later ones wait behind it.
     */
    private boolean isPostponed(ControlOutbox.Waiting entry) {
        return switch (entry.record().kind()) {
            case SNAPSHOT_BEGIN, SNAPSHOT_END, MODE ->
                postponed.size() < DUE_MAX && (!postponed.isEmpty() || !records.haveSpace(items(entry)));
            default -> false;
        };
    }

    private List<ControlItem> items(ControlOutbox.Waiting entry) {
        return countsStreams(entry) ? report(entry) : List.of(ControlItem.of(entry, null));
    }

    private void refused(ControlOutbox.Refused mark) {
        droppedNanos = clock.nanoTime();
        table.stream(mark.stream())
                .lost(GapCause.HANDOVER, mark.nextSequence(), mark.batches(), mark.firstNanos(), mark.lastNanos());
    }

    /** Whether the record counts sequences: HEARTBEAT, STOPPED, SNAPSHOT_END. */
    private static boolean countsStreams(ControlOutbox.Waiting entry) {
        ControlRecord record = entry.record();
        return record instanceof ControlRecord.Heartbeat
                || record instanceof ControlRecord.Stopped
                || record instanceof ControlRecord.SnapshotEnd;
    }

    /**
     * Appends the oldest entry, a report. What it counts is declared before it, and on disk, so that not even a power
     * loss takes it back.
     */
    private boolean appendReport(ControlOutbox.Waiting entry) {
        if (!declareLosses() || !syncEvents()) {
            return false;
        }
        List<ControlItem> items = report(entry);
        if (entry.record() instanceof ControlRecord.Heartbeat && !records.haveSpace(items)) {
            due.removeFirst(); // left out; the next one has its counts
            return true;
        }
        if (records.append(items) < items.size()) {
            return false;
        }
        if (!(entry.record() instanceof ControlRecord.SnapshotEnd)) {
            table.namespace(entry.namespace()).reported();
        }
        due.removeFirst();
        return true;
    }

    private List<ControlItem> report(ControlOutbox.Waiting entry) {
        StreamTable.Namespace namespace = table.namespace(entry.namespace());
        List<ControlRecord.StreamPart> parts = entry.record() instanceof ControlRecord.SnapshotEnd end
                ? namespace.snapshot(end.existing(), mostStreams)
                : namespace.report(
                        entry.record() instanceof ControlRecord.Stopped, owed.events(entry.namespace()), mostStreams);
        return parts.stream().map(part -> ControlItem.of(entry, part)).toList();
    }

    /** Appends the oldest entries up to the next report. */
    private boolean appendOthers() {
        List<ControlItem> items = new ArrayList<>();
        for (ControlOutbox.Entry entry : due) {
            if (!(entry instanceof ControlOutbox.Waiting waiting) || countsStreams(waiting) || isPostponed(waiting)) {
                break;
            }
            items.add(ControlItem.of(begun(waiting), null));
        }
        int appended = records.append(items);
        for (ControlItem item : items.subList(0, appended)) {
            due.removeFirst();
            started |= item.record().kind() == ControlKind.STARTED
                    && item.namespace().equals(own);
            restartDeclared |= item.record() instanceof ControlRecord.Gap gap && gap.cause() == GapCause.RESTART;
        }
        return appended == items.size();
    }

    /** The run's first record has the end of the log of the run before. */
    private ControlOutbox.Waiting begun(ControlOutbox.Waiting entry) {
        return proof != null
                        && entry.record() instanceof ControlRecord.Started begin
                        && !started
                        && entry.namespace().equals(own)
                ? new ControlOutbox.Waiting(
                        entry.namespace(), begin.after(proof.preceding()), entry.timeMillis(), entry.ringPosition())
                : entry;
    }

    /** Whether a GAP of cause restart is appended. */
    boolean restartDeclared() {
        return restartDeclared;
    }

    /** Gathers a batch for the next write, or drops it. */
    private void take(EncodedBatch batch) {
        StreamTable.Stream stream = table.stream(batch.stream());
        if (batch.firstSequence() > stream.expected()) {
            flush();
            droppedNanos = clock.nanoTime();
            stream.lost(
                    GapCause.HANDOVER,
                    batch.firstSequence(),
                    batch.refusedBatches(),
                    batch.refusedFirstNanos(),
                    batch.refusedLastNanos());
        }
        long bytes = frames.frameBytes(batch.stream(), batch.maxLengthBytes());
        if (gatheredBytes + bytes > PendingFrames.BUFFER_BYTES) {
            flush();
        }
        if (isPaused() || vanished || !quota.make(gatheredBytes + bytes)) {
            flush();
            drop(stream, batch);
            return;
        }
        if (stream.hasLoss()) {
            flush();
            if (!declareLosses()) {
                drop(stream, batch);
                return;
            }
        }
        gathered.add(batch);
        gatheredBytes += bytes;
        stream.gathered(batch.firstSequence() + batch.count());
    }

    private boolean isPaused() {
        return failing && clock.nanoTime() - retryAtNanos < 0;
    }

    private void drop(StreamTable.Stream stream, EncodedBatch batch) {
        droppedNanos = clock.nanoTime();
        metrics.lost(batch.count(), 1);
        stream.lost(GapCause.SPOOL, batch);
        ring.release(batch);
    }

    /** Numbers and writes the gathered batches. When the disk refuses them, they are dropped. */
    private void flush() {
        while (!gathered.isEmpty()) {
            try {
                write();
            } catch (IOException e) {
                // This thread ignores interrupts. An interrupt closes the file; a new segment is begun.
                boolean again = e instanceof ClosedByInterruptException && Thread.interrupted();
                boolean taken = !(e instanceof NotTakenBackException);
                if (!again && !(taken && files.isFull(e, config.directory()) && quota.free(DISK_FULL))) {
                    failed(e);
                }
            }
        }
        if (events.active.appendedBytes() >= config.segmentBytes()) {
            events.active.seal();
        }
    }

    private void write() throws IOException {
        SpoolPosition end = events.end();
        long log = logIndex.next();
        frames.clear();
        for (EncodedBatch batch : gathered) {
            batch.number(log++);
            BatchEnvelope envelope = BatchEnvelope.of(end, batch, proof == null ? null : proof.leaf(batch));
            frames.add(QueuedBatch.inMemory(envelope, identity, batch));
            end = envelope.next();
        }
        try {
            events.append(frames, end, false);
        } catch (NotTakenBackException e) {
            useUp(new MissingBatches(events.end(), end), log);
            throw e;
        }
        leaves();
        logIndex.next(log);
        for (EncodedBatch batch : gathered) {
            table.stream(batch.stream()).appended(batch.firstSequence() + batch.count());
        }
        metrics.written(gathered.size(), frames.bytes());
        gathered.clear();
        gatheredBytes = 0;
        failing = false;
        health.worked();
    }

    private void leaves() {
        if (proof != null) {
            for (QueuedBatch batch : frames.batches()) {
                proof.appended(batch.envelope().leaf());
            }
        }
    }

    /**
     * A restart may find the batches that could not be written, so their numbers are not used again: the GAP of their loss
     * gives them up.
     */
    private void useUp(MissingBatches numbers, long nextLogIndex) {
        leaves();
        if (proof != null) {
            proof.withdraw(identity, logIndex.next(), nextLogIndex);
        }
        logIndex.next(nextLogIndex);
        events.useUp(numbers.next());
        givenUp.add(numbers, GivenUp.NOT_APPENDED);
        usedUp.add(numbers);
    }

    private void failed(IOException e) {
        failing = true;
        retryAtNanos = clock.nanoTime() + RETRY_NANOS;
        if (files.isFull(e, config.directory())) {
            health.diskFull(DISK_FULL);
        } else {
            health.failed(config.directory(), e);
        }
        for (EncodedBatch batch : gathered) {
            drop(table.stream(batch.stream()), batch);
        }
        gathered.clear();
        gatheredBytes = 0;
    }

    /** Declares what has vanished, and the losses that are merged in memory; false when no GAP can be appended now. */
    private boolean declareLosses() {
        if (vanished && !declareVanished()) {
            return false;
        }
        if (!table.hasLosses()) {
            return true;
        }
        long firstGap = records.lastNumber() + 1;
        if (!append(gaps.of(table.losses(), usedUp, nowMillis()))) {
            return false;
        }
        givenUp.lostBefore(events.end(), firstGap, records.lastNumber());
        usedUp.forEach(numbers -> givenUp.appended(numbers, records.lastNumber()));
        usedUp.clear();
        table.declared();
        return true;
    }

    /**
     * Appends GAP records. The events before are synced first: a GAP that outlives the sequences below its own would make
     * a hole of them that nothing declares. So is WITHDRAWN: where a torn write leaves the GAP alone, it gives up what is
     * signed.
     */
    private boolean append(List<ControlItem> gaps) {
        return syncAppended() && (proof == null || withdrawn(proof)) && records.append(gaps) == gaps.size();
    }

    /** Declares what a segment holds before it is given up. */
    private boolean declareGivenUp(Supplier<List<Loss>> read, MissingBatches givesUp, Segment segment) {
        Loss least = Loss.unnamed(
                GapCause.SPOOL, segment.identity(), BatchEnvelope.EVENTS, givesUp.events(), givesUp.batches());
        if (!started || !records.takes(gaps.of(List.of(least), List.of(givesUp), nowMillis()))) {
            return false; // before the segment is read: each batch asks again while no GAP can be appended
        }
        List<Loss> losses = read.get();
        List<ControlItem> items = gaps.of(losses, List.of(givesUp), nowMillis());
        if (!records.takes(items)) {
            return false;
        }
        if (proof != null && !segment.equals(withdrawnLast)) {
            withdraw(proof, segment);
            withdrawnLast = segment;
        }
        if (!append(items)) {
            return false;
        }
        table.givenUp(losses);
        givenUp.add(givesUp, records.lastNumber());
        return true;
    }

    /** The batches in a segment are given up; if it cannot be read, any of its run may be. */
    private void withdraw(ProofLog log, Segment segment) {
        long end = segment.identity().equals(identity) ? logIndex.next() : Long.MAX_VALUE;
        try (SegmentReader frames = SegmentReader.open(files, segment.file(), true)) {
            frames.limit(segment.extent().sizeBytes());
            while (frames.next() && frames.envelope().number() < segment.nextNumber()) {
                log.withdraw(segment.identity(), frames.envelope().logIndex());
            }
            if (frames.skippedBytes() > 0) {
                log.withdraw(segment.identity(), 0, end);
            }
        } catch (IOException e) {
            log.withdraw(segment.identity(), 0, end);
        }
    }

    /** What is lost is known by its sequences; of its appends no more than their run, but for a single batch. */
    private void withdraw(ProofLog log, LossRequests.Request request) {
        for (Loss loss : request.losses()) {
            if (request.logIndex() != LossRequests.Request.UNKNOWN) {
                log.withdraw(loss.identity(), request.logIndex(), request.logIndex() + 1);
            } else if (!loss.identity().equals(ChainRecovery.UNKNOWN_RUN)) { // else the start has found what it can
                log.withdraw(loss.identity(), 0, loss.identity().equals(identity) ? logIndex.next() : Long.MAX_VALUE);
            }
        }
    }

    private void declareRecovered() {
        while (started && !recovered.isEmpty() && declare(recovered.get(0))) {
            recovered.remove(0);
        }
        if (started && recovered.isEmpty()) {
            health.found(null);
        }
    }

    /** Declares what has vanished with the directory, before anything else is appended to the new one. */
    private boolean declareVanished() {
        declareRecovered();
        if (!recovered.isEmpty() || !(started || again.isEmpty())) {
            return false;
        }
        int done = records.append(again);
        again.subList(0, done).clear();
        vanished = !again.isEmpty();
        if (!vanished) {
            records.declaredWhatIsGone();
        }
        return !vanished;
    }

    /** Whether the directory has vanished, and what was in it is not declared yet. */
    boolean owesWhatVanished() {
        return vanished;
    }

    private void declareRequested() {
        for (LossRequests.Request request = requests.peek();
                started && request != null && declare(request);
                request = requests.peek()) {
            requests.declared();
        }
    }

    private boolean declare(LossRequests.Request request) {
        boolean ofEvents = request.kind() == BatchEnvelope.EVENTS;
        List<MissingBatches> holes = request.holes();
        if (proof != null) {
            withdraw(proof, request);
        }
        long firstGap = records.lastNumber() + 1;
        if (!append(gaps.of(request.losses(), ofEvents ? holes : List.of(), nowMillis()))) {
            return false;
        }
        table.givenUp(request.losses());
        if (ofEvents && holes.isEmpty()) {
            givenUp.lostBefore(events.end(), firstGap, records.lastNumber());
        }
        GivenUp of = ofEvents ? givenUp : givenUpControl;
        for (MissingBatches hole : holes) {
            of.appended(hole, records.lastNumber());
            of.add(hole, records.lastNumber());
        }
        return true;
    }

    /**
     * Declares everything that the chains held and Kafka has not acknowledged, and begins both anew: their files have
     * gone. {@code waiting} is what earlier runs had left.
     */
    void filesAreGone(List<Loss> waiting) {
        records.filesAreGone();
        vanished = true;
        syncFailing = false; // what could not be synced is lost
        usedUp.clear();
        List<Loss> lost = new ArrayList<>();
        for (Owed.Entry entry : owed.takeBack()) {
            lost.addAll(entry.losses());
            if (entry.unnamed() != null) {
                again.add(again(entry.namespace(), entry.unnamed()));
            }
        }
        lost.addAll(unacknowledged(events, table.everything(GapCause.DAMAGE)));
        lost.addAll(unacknowledged(control, table.everyControlRecord(GapCause.DAMAGE)));
        waiting.forEach(loss ->
                lost.addAll(unacknowledged(loss.kind() == BatchEnvelope.EVENTS ? events : control, List.of(loss))));
        for (Chain chain : List.of(events, control)) {
            chain.restart();
        }
        givenUp.forgetBefore(events.end().number());
        givenUpControl.forgetBefore(control.end().number());
        while (requests.peek() != null) {
            requests.declared(); // everything is declared now
        }
        if (!lost.isEmpty()) {
            recovered.add(new LossRequests.Request(BatchEnvelope.EVENTS, lost, List.of()));
        }
    }

    /** A GAP that names no stream, to be appended once more. */
    private ControlItem again(StreamId namespace, ControlRecord.Gap gap) {
        Long events = gap.lost().count().events();
        ControlRecord.Gap named = gap.lost().owner() != null
                ? gap
                : gap.of(new ControlRecord.Owner(identity, namespace.netns(), namespace.netnsId()));
        boolean here = table.observes(namespace);
        return new ControlItem(
                here ? namespace : own,
                nowMillis(),
                here ? gap : named,
                null,
                null,
                events == null ? 0 : events,
                List.of());
    }

    /** Forgets the streams of namespaces that have ended, as soon as Kafka has all of them. */
    void forgetEnded() {
        table.forgetEnded(own, events.acknowledged.number(), control.acknowledged.number(), stream -> {
            AcknowledgedPosition.RunStream gone = new AcknowledgedPosition.RunStream(identity, stream);
            events.acknowledged.forget(gone);
            control.acknowledged.forget(gone);
        });
    }

    private static List<Loss> unacknowledged(Chain chain, List<Loss> losses) {
        List<Loss> rest = new ArrayList<>();
        for (Loss loss : losses) {
            StreamId stream = loss.stream();
            Long next = stream == null
                    ? null
                    : chain.acknowledged.nextSequence(new AcknowledgedPosition.RunStream(loss.identity(), stream));
            if (next == null) {
                rest.add(loss);
            } else if (next < loss.nextSequence()) {
                rest.add(loss.from(Math.max(next, loss.firstSequence())));
            }
        }
        return rest;
    }

    private long nowMillis() {
        return TimeUnit.NANOSECONDS.toMillis(clock.realtimeNanos());
    }

    /** Syncs both chains when the interval has passed. */
    void syncIfDue(long nowNanos) {
        boolean unsynced = events.active.unsynced() || control.active.unsynced();
        if (unsynced && nowNanos - lastSyncNanos >= TimeUnit.MILLISECONDS.toNanos(config.syncIntervalMillis())) {
            sync();
        }
    }

    private void sync() {
        long began = clock.realtimeNanos();
        syncAgainNanos = clock.nanoTime();
        if (syncEvents()) {
            syncedNanos = began;
        }
        records.sync();
        lastSyncNanos = clock.nanoTime();
    }

    /** Everything received before this time is on disk, unless it is lost, ns since the epoch. */
    long syncedNanos() {
        return events.active.unsynced() ? syncedNanos : Long.MAX_VALUE;
    }

    private boolean syncEvents() {
        flush();
        return syncAppended();
    }

    private boolean syncAppended() {
        if (syncFailing && clock.nanoTime() - syncAgainNanos < 0) {
            return false;
        }
        try {
            events.active.sync();
            syncFailing = false;
            health.synced();
            return true;
        } catch (IOException e) {
            syncFailing = true;
            syncAgainNanos = clock.nanoTime() + SECOND_NANOS;
            if (!(e instanceof ClosedByInterruptException && Thread.interrupted())) {
                health.syncFailed(config.directory(), e); // the written data stays
            }
            return false;
        }
    }

    /** Appends and declares the rest, if the disk takes it now, and syncs. */
    void finish() {
        failing = false; // try at once, one last time
        records.retryNow();
        pass(Integer.MAX_VALUE);
        declareLosses();
        control.handOver();
        sync();
    }
}
