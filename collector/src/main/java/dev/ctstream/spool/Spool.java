package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.ControlEncoder;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord.StreamPart;
import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.ProcessControl;
import dev.ctstream.netlink.Signal;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentVersionException;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The durable queue between the receive thread and Kafka: two chains of segments, one for batches of events, one for
 * control records. The package documentation lists its guarantees.
 *
 * <p>Ownership: owns the directory and all files in it from {@link #open} to {@link #close}.
 *
 * <p>Threads: {@link #run} is the spool thread; the {@link Backlog} methods belong to the publisher's thread; any thread
 * may call {@link #stop}. Call {@link #close} after both threads have ended. Do not interrupt either thread: an
 * interrupt closes the file that it works on.
 */
public final class Spool implements Backlog, Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long STATE_INTERVAL_NANOS = SECOND_NANOS;
    /** While nothing changes, the time at which this run was alive is stored at this interval. */
    private static final long IDLE_INTERVAL_NANOS = 10 * SECOND_NANOS;
    /** Most bytes of batches that wait in memory for the publisher. */
    private static final long RECENT_EVENTS_BYTES = 8 << 20;

    private static final long RECENT_CONTROL_BYTES = 1 << 20;
    static final int MAX_BATCHES_PER_PASS = 4096;
    /** A pass that takes longer than this is not finished: the disk does not answer. */
    private static final long PASS_MOST_NANOS = 5 * SECOND_NANOS;

    private static final long PASS_NEVER_ENDS_NANOS = 600 * SECOND_NANOS;
    /** A loss that is owed for longer than this is a trouble of its own. */
    private static final long OWED_MOST_NANOS = 60 * SECOND_NANOS;
    /** A hand-over that has dropped batches within this time is not healthy. */
    private static final long REFUSED_WITHIN_NANOS = 60 * SECOND_NANOS;

    /** A range or a stream in a control record takes at most this much. */
    private static final int RANGE_MOST_BYTES = 48;

    /** What a control record has beside its ranges or streams, at most. */
    private static final int RECORD_MOST_BYTES = 8 << 10;
    /**
     * While batches arrive more often than this, the spool thread lets them gather. From here to Kafka's response, the
     * CPU cost is waking three threads and making one request, not the data itself. At 100 000 events/s one pause
     * gathers four batches.
     */
    public static final long PAUSE_NANOS = 20_000_000;
    /** With more batches than this in the ring, the spool thread does not wait. */
    static final int MAX_GATHERED = 1024;

    private final Parts parts;
    private final SpoolConfig config;
    private final SpoolFileSystem files;
    private final RunIdentity identity;
    private final SpoolDirectory directory;
    private final SpoolCheckpoint state;
    private final StageClock clock;
    private final Signal signal;
    private final GivenUp givenUp;
    private final GivenUp givenUpControl = new GivenUp();
    private final Owed owed;
    private final LossRequests requests;
    private final Chain events;
    private final Chain control;
    private final StreamTable table;
    private final @Nullable ProofLog proof;
    private final SpoolHealth health;
    private final ControlAppender records;
    private final SpoolAppender appender;
    private final DeadLetters deadLetters;
    private final TopicsFile topics;
    private final @Nullable PreviousRun previousRun;
    private final List<Loss> waiting;
    private final long replayedBatches;
    private volatile boolean stopping;
    private volatile boolean controlBlocked;
    private volatile long passBeganNanos; // 0 = no pass is in progress
    private long savedNanos;
    private long checkedNanos;
    private long roundNanos;
    private long roundBeforeNanos;

    /**
     * What the directory records about the run before this one.
     *
     * @param clean whether it ended cleanly
     * @param aliveNanos everything that it received before this time was appended or declared as lost, ns since the
     *     epoch. Subtract the time that a batch may stay open
     * @param open control streams of the namespaces without a STOPPED, as far as their records are still in the chain
     */
    public record PreviousRun(RunIdentity identity, boolean clean, long aliveNanos, List<StreamId> open) {}

    /**
     * The host whose run it is.
     *
     * @param name the kernel's node name, for people
     */
    public record Host(String id, String bootId, String name) {}

    /**
     * The collaborators of a spool.
     *
     * @param ring source of closed batches; used buffers are returned to it
     * @param outbox source of control records
     * @param own control stream of the collector's own namespace: it takes the losses of earlier runs, after its STARTED
     */
    public record Parts(
            SpoolConfig config,
            Host host,
            BatchRing ring,
            ControlOutbox outbox,
            StreamId own,
            SpoolMetrics metrics,
            Health health) {}

    private Spool(
            Parts parts,
            SpoolFileSystem files,
            LongSupplier epoch,
            StageClock clock,
            SpoolDirectory directory,
            SpoolCheckpoint state)
            throws IOException {
        this.parts = parts;
        this.files = files;
        this.clock = clock;
        signal = new Signal(clock);
        roundNanos = clock.nanoTime();
        roundBeforeNanos = roundNanos - PAUSE_NANOS;
        this.directory = directory;
        this.state = state;
        config = parts.config().on(files.totalBytes(directory.path()));
        ProofConfig proving = config.proof();
        ProofKeyFile keys = proving == null
                ? null
                : ProofKeyFile.read(proving.keyFile(), parts.host().id());
        SpoolRecovery recovery = SpoolRecovery.recover(files, directory, state.last(), keys != null);
        givenUp = recovery.givenUp();
        owed = recovery.owed();
        previousRun = recovery.previousRun();
        waiting = Stream.concat(recovery.events().waiting().stream(), recovery.control().waiting().stream())
                .toList();
        identity = new RunIdentity(
                parts.host().id(), parts.host().bootId(), Math.max(epoch.getAsLong(), recovery.lastEpoch() + 1));
        requests = new LossRequests(parts.ring(), clock);
        Chain.Shared shared = new Chain.Shared(files, identity, parts.ring(), signal, parts.metrics(), requests, clock);
        control = new Chain(
                directory.control(),
                recovery.control(),
                shared,
                new Chain.Own(
                        givenUpControl,
                        DeclaredLosses::new,
                        range -> true,
                        this::controlAcknowledged,
                        config.controlSegmentBytes(),
                        RECENT_CONTROL_BYTES));
        events = new Chain(
                directory.events(),
                recovery.events(),
                shared,
                new Chain.Own(
                        givenUp,
                        () -> ControlScan.declared(files, control.catalog.list()),
                        this::mayPass,
                        number -> {},
                        0,
                        RECENT_EVENTS_BYTES));
        replayedBatches = events.unacknowledged();
        table = new StreamTable(identity);
        health = new SpoolHealth(parts.metrics(), parts.health());
        ControlAppender.LogIndex logIndex = new ControlAppender.LogIndex();
        int most = (int)
                Math.min(StreamPart.MAX_STREAMS, (config.controlSegmentBytes() - RECORD_MOST_BYTES) / RANGE_MOST_BYTES);
        proof = proving == null || keys == null
                ? null
                : new ProofLog(new ProofLog.Parts(
                        keys,
                        TimeUnit.SECONDS.toNanos(proving.intervalSeconds()),
                        identity,
                        parts.host().name(),
                        most,
                        previousRun == null ? null : previousRun.identity(),
                        recovery.precedingLog(),
                        recovery.toWithdraw(),
                        clock));
        records = new ControlAppender(new ControlAppender.Parts(
                config,
                control,
                events,
                table,
                identity,
                new ControlEncoder(identity, parts.host().name()),
                owed,
                health,
                logIndex,
                proof,
                files,
                clock));
        GapRecords gaps = new GapRecords(
                identity, parts.own(), table, Math.min(most, dev.ctstream.batch.ControlRecord.Lost.MAX_RANGES));
        appender = new SpoolAppender(
                new SpoolAppender.Parts(
                        config,
                        parts.ring(),
                        parts.outbox(),
                        events,
                        control,
                        records,
                        gaps,
                        givenUp,
                        givenUpControl,
                        requests,
                        table,
                        owed,
                        health,
                        parts.metrics(),
                        identity,
                        parts.own(),
                        most,
                        logIndex,
                        proof),
                shared,
                recovery.missing(),
                this::store);
        deadLetters = new DeadLetters(files, directory.path(), config.segmentBytes(), parts.metrics(), clock);
        topics = TopicsFile.open(files, directory.path());
        parts.metrics().watch(this);
        watchHealth(parts.health());
    }

    private boolean mayPass(GivenUp.Range range) {
        return range.controlNumber() <= control.acknowledged.number()
                || (controlBlocked && range.controlNumber() != GivenUp.NOT_APPENDED);
    }

    private void controlAcknowledged(long number) {
        owed.acknowledged(number);
        signal.signal(); // events may wait for a GAP
    }

    private void watchHealth(Health to) {
        to.watch("spool-thread", () -> {
            long began = passBeganNanos;
            long nanos = clock.nanoTime() - began;
            return began == 0 || nanos < PASS_MOST_NANOS
                    ? null
                    : "the spool thread has not finished a pass for " + nanos / SECOND_NANOS + " s: the disk of "
                            + directory.path() + " does not answer";
        });
        // A disk may freeze for minutes and go on; what waits in memory would be lost with the process.
        to.watchStage("spool-thread", () -> {
            long began = passBeganNanos;
            return began != 0 && clock.nanoTime() - began > PASS_NEVER_ENDS_NANOS;
        });
        to.watch("losses", () -> {
            long nanos = owed.waitingNanos(System.nanoTime());
            return nanos < OWED_MOST_NANOS
                    ? null
                    : "Kafka has not acknowledged the GAP of a loss for " + nanos / SECOND_NANOS + " s; lost events="
                            + owed.events();
        });
        to.watch("handover", () -> {
            long refused = parts.ring().lastRefusedNanos();
            return refused == 0 || System.nanoTime() - refused > REFUSED_WITHIN_NANOS
                    ? null
                    : "the ring to the spool thread was full within the last minute; events were dropped and are"
                            + " declared as lost";
        });
    }

    /** Opens the spool; creates the directory when it is missing. */
    public static Spool open(Parts parts) throws IOException {
        return open(parts, SpoolFileSystem.HOST, StageClock.HOST::realtimeNanos, StageClock.HOST);
    }

    /**
     * As {@link #open(Parts)}, for a run that has begun already.
     *
     * @param epoch later than that of every run that the directory knows
     * @throws IllegalArgumentException when it is not
     */
    public static Spool open(Parts parts, long epoch) throws IOException {
        Spool opened = open(parts, SpoolFileSystem.HOST, () -> epoch, StageClock.HOST);
        if (opened.identity.streamEpoch() != epoch) {
            opened.close();
            throw new IllegalArgumentException("the spool knows a later run than " + epoch);
        }
        return opened;
    }

    /**
     * As {@link #open(Parts)}, on another file system and with other clocks.
     *
     * @param epoch the time that the run begins, ns since 1970-01-01 UTC
     */
    static Spool open(Parts parts, SpoolFileSystem files, LongSupplier epoch, StageClock clock) throws IOException {
        Path path = parts.config().directory();
        SpoolDirectory directory = SpoolDirectory.open(files, path);
        SpoolCheckpoint state = null;
        try {
            Path stateFile = SpoolDirectory.stateFile(path);
            try {
                state = SpoolCheckpoint.open(files, stateFile);
            } catch (SegmentVersionException e) {
                throw new IOException("spool file " + stateFile + " cannot be used: " + e.getMessage(), e);
            }
            return new Spool(parts, files, epoch, clock, directory, state);
        } catch (IOException | RuntimeException e) {
            directory.close();
            if (state != null) {
                state.close();
            }
            throw e;
        }
    }

    @Override
    public @Nullable RunTopics topics(RunIdentity run) {
        return topics.of(run.streamEpoch());
    }

    @Override
    public @Nullable RunTopics topicsBefore() {
        return topics.before(identity.streamEpoch());
    }

    @Override
    public void keepTopics(RunTopics now) {
        long oldest = Stream.of(events, control)
                .flatMap(chain -> chain.catalog.list().stream())
                .mapToLong(segment -> segment.identity().streamEpoch())
                .min()
                .orElse(identity.streamEpoch());
        topics.keep(identity.streamEpoch(), now, oldest);
    }

    /** This run. Its epoch is later than that of every run that the directory knows, whatever the clock says. */
    @Override
    public RunIdentity identity() {
        return identity;
    }

    /** The run before this one; null when there was none. */
    public @Nullable PreviousRun previousRun() {
        return previousRun;
    }

    /** Number of batches from earlier runs that still have to be published. */
    public long replayedBatches() {
        return replayedBatches;
    }

    /** Events of this run that were lost after they had been numbered; all are declared. Any thread. */
    public long lostEvents() {
        return table.droppedEvents();
    }

    /** Namespaces and streams of this run that are kept in memory: of those that are there, and that Kafka lacks records of. */
    int keptStreams() {
        return table.kept();
    }

    /** Whether each namespace's STOPPED is in the spool. Call it when the spool's thread has ended. */
    public boolean endedCleanly() {
        return table.allStopped();
    }

    @Override
    public void run() {
        ProcessControl.preferThread(); // as the receive thread, whose batches must not wait in the ring
        begin();
        boolean ended = false;
        while (!ended) {
            ended = pass(waitNanos());
            if (!ended) {
                gather(clock.nanoTime());
            }
        }
        finish();
    }

    private void gather(long nowNanos) {
        long pauseNanos = pauseNanos(
                roundNanos - roundBeforeNanos,
                nowNanos - roundNanos,
                parts.ring().size());
        if (pauseNanos > 0 && !stopping) {
            clock.park(this, pauseNanos);
        }
    }

    /**
     * How long to let batches gather after a round; 0 = do not wait.
     *
     * @param sinceLastNanos from the start of the previous round to the start of this one
     * @param tookNanos duration of this round
     * @param waiting batches in the ring
     */
    static long pauseNanos(long sinceLastNanos, long tookNanos, int waiting) {
        boolean soon = sinceLastNanos < 2 * PAUSE_NANOS;
        return soon && waiting < MAX_GATHERED ? Math.max(PAUSE_NANOS - tookNanos, 0) : 0;
    }

    /** Stores on disk that this run has started. */
    void begin() {
        records.prepare();
        save(true);
    }

    /** Runs one round of the spool thread; waits for a batch at most this long. Returns true after the last round. */
    boolean pass(long waitNanos) {
        boolean last = stopping; // nothing is added to the ring and the outbox after that
        parts.ring().await(last ? 0 : waitNanos);
        roundBeforeNanos = roundNanos;
        roundNanos = clock.nanoTime();
        passBeganNanos = roundNanos == 0 ? 1 : roundNanos;
        Thread.interrupted(); // an interrupt would close the segment
        checkDirectory();
        boolean owed = appender.owesWhatVanished();
        int taken = appender.pass(MAX_BATCHES_PER_PASS);
        if (owed && !appender.owesWhatVanished() && save(true)) {
            events.deleteForgotten();
            control.deleteForgotten();
        }
        housekeeping();
        passBeganNanos = 0;
        return last && taken < MAX_BATCHES_PER_PASS && !appender.hasMore();
    }

    /**
     * Ends {@link #run} after everything in the ring and the outbox is appended; nobody may add to them any more.
     */
    public void stop() {
        stopping = true;
        parts.ring().wake();
    }

    /** Whether everything that was offered is appended or declared. Any thread, roughly. */
    public boolean hasAppendedEverything() {
        return parts.ring().size() == 0 && parts.outbox().size() == 0 && passBeganNanos == 0;
    }

    /** How long the next pass may wait. */
    long waitNanos() {
        return Math.min(appender.idleNanos(), stateChanged() ? STATE_INTERVAL_NANOS : IDLE_INTERVAL_NANOS);
    }

    /** Begins anew in a new directory if the old one was removed, or a file that is in use. */
    private void checkDirectory() {
        long now = clock.nanoTime();
        if (now - checkedNanos < SECOND_NANOS && requests.peek() == null) {
            return;
        }
        checkedNanos = now;
        checkDirectoryNow();
    }

    /** See {@link #checkDirectory}; at once. */
    void checkDirectoryNow() {
        try {
            List<Path> required = new ArrayList<>(List.of(SpoolDirectory.stateFile(directory.path())));
            for (Path file : new Path[] {events.active.file(), control.active.file()}) {
                if (file != null) {
                    required.add(file);
                }
            }
            if (!directory.hasGone(required)) {
                health.directory(null);
                return;
            }
            health.directory("the spool directory " + directory.path() + " was removed, or files in it;"
                    + " it is made again, and what was in it and not in Kafka is declared as lost");
            directory.makeAgain();
            state.makeAgain();
            topics.store();
            appender.filesAreGone(waiting);
        } catch (IOException e) {
            health.directory("the spool directory " + directory.path() + " was removed and cannot be made again: "
                    + ErrorText.reason(e));
        }
    }

    private void housekeeping() {
        long now = clock.nanoTime();
        appender.syncIfDue(now);
        long since = now - savedNanos;
        if (since >= IDLE_INTERVAL_NANOS || (since >= STATE_INTERVAL_NANOS && stateChanged())) {
            storeNow();
        }
    }

    /** Stores the position, and deletes the segments that it makes needless. */
    void storeNow() {
        boolean deletable = events.catalog.acknowledged(events.acknowledged.number()) != null
                || (control.catalog.count() > 1 && control.catalog.acknowledged(control.acknowledged.number()) != null);
        if (deletable) {
            appender.cover();
        }
        if (save(deletable) && deletable) {
            deleteAcknowledged();
            appender.sayAgain();
        }
    }

    /** Deletes the acknowledged segments up to the position that is synced. */
    private void deleteAcknowledged() {
        SpoolCheckpoint.Values stored = state.last();
        if (stored == null) {
            return;
        }
        try {
            delete(events, stored.events());
            givenUp.forgetBefore(stored.events().acknowledged().number());
            delete(control, stored.control());
        } catch (IOException e) {
            LOG.warn("acknowledged segment cannot be deleted: {}", ErrorText.reason(e));
        }
    }

    /**
     * Deletes segments of one chain. A segment of control records stays until the stored position of events has passed
     * what it gives up; the newest one stays, since it says whether its run ended cleanly.
     */
    private void delete(Chain chain, SpoolCheckpoint.Positions stored) throws IOException {
        long number = stored.acknowledged().number() - 1;
        boolean ofControl = chain == control;
        boolean deleted = false;
        for (Segment oldest = chain.catalog.acknowledged(number);
                oldest != null && !(ofControl && isNeeded(oldest));
                oldest = chain.catalog.acknowledged(number)) {
            chain.catalog.delete(oldest);
            deleted = true;
        }
        if (deleted) {
            files.syncDirectory(chain.directory.path());
        }
    }

    private boolean isNeeded(Segment ofControl) {
        return control.catalog.count() == 1 || givenUp.needsControlBefore(ofControl.nextNumber());
    }

    private boolean stateChanged() {
        SpoolCheckpoint.Values last = state.last();
        return last == null
                || !last.events().equals(positions(events))
                || !last.control().equals(positions(control));
    }

    private static SpoolCheckpoint.Positions positions(Chain chain) {
        return new SpoolCheckpoint.Positions(chain.acknowledged.position(), chain.end());
    }

    /** See {@link SpoolQuota.Store}. */
    private boolean store() {
        appender.cover();
        return save(true);
    }

    /**
     * Stores the position.
     *
     * @param sync whether to sync the control records first, and then the position
     * @return whether that is done. If the control records cannot be synced the position is stored, as it is without
     *     {@code sync}, but nothing may be deleted
     */
    private boolean save(boolean sync) {
        savedNanos = clock.nanoTime();
        if (appender.owesWhatVanished()) {
            return false; // the position is after what a crash must still find missing
        }
        boolean controlSynced = sync && records.sync();
        long taken = Math.min(appender.takenNanos(), clock.realtimeNanos()) - SECOND_NANOS;
        long alive = Math.min(Math.min(table.oldestLossNanos(), appender.syncedNanos()), taken);
        PreviousRun before = previousRun;
        if (before != null && !before.clean() && !appender.restartDeclared()) {
            alive = Math.min(alive, before.aliveNanos()); // whoever comes next declares that run's end, too
        }
        try {
            SpoolCheckpoint.Values values = new SpoolCheckpoint.Values(
                    positions(events),
                    positions(control),
                    identity,
                    alive,
                    proof == null ? null : proof.covered().copy());
            appender.forgetEnded(); // after the positions: what is acknowledged later leads to another save
            state.save(values);
            if (controlSynced) {
                state.sync();
            }
            health.position(null);
            return controlSynced || !sync;
        } catch (IOException e) {
            health.position("the acknowledged position cannot be stored in "
                    + SpoolDirectory.stateFile(directory.path()) + ": " + ErrorText.reason(e)
                    + "; no segment is deleted until it can, and new events are dropped when the spool is full");
            return false;
        }
    }

    private void finish() {
        passBeganNanos = clock.nanoTime();
        appender.finish();
        requests.end();
        save(false);
        passBeganNanos = 0;
    }

    @Override
    public BatchQueue control() {
        return control;
    }

    @Override
    public BatchQueue events() {
        return events;
    }

    @Override
    public void await(long waitNanos) {
        signal.await(waitNanos);
    }

    @Override
    public void wake() {
        signal.signal();
    }

    @Override
    public boolean setAside(QueuedBatch batch, String reason) {
        BatchEnvelope envelope = batch.envelope();
        if (givenUp.contains(envelope.number())) {
            return true; // it was handed out again after a rewind
        }
        deadLetters.add(batch, reason);
        SpoolPosition first = new SpoolPosition(envelope.number(), envelope.eventsBefore());
        return requests.declare(new LossRequests.Request(
                BatchEnvelope.EVENTS,
                List.of(Loss.of(GapCause.REJECTED, batch.identity(), envelope)),
                List.of(new MissingBatches(first, envelope.next())),
                envelope.logIndex()));
    }

    @Override
    public void controlBlocked(boolean blocked) {
        controlBlocked = blocked;
        signal.signal();
    }

    /** Bytes in the segments of events. */
    public long sizeBytes() {
        return events.catalog.sizeBytes();
    }

    /** Most bytes of the segments of events. */
    public long limitBytes() {
        return config.maxBytes();
    }

    /** Bytes of the segments of control records. */
    public long controlSizeBytes() {
        return control.catalog.sizeBytes();
    }

    /** Bytes that are reserved for the segments of control records. */
    public long controlLimitBytes() {
        return config.controlBytes();
    }

    /** Number of segments of events. */
    int segments() {
        return events.catalog.count();
    }

    /** Age of the oldest event that is handed out but not acknowledged; 0 = there is none. */
    public double ageSeconds() {
        long oldest = events.acknowledged.oldestReceivedNanos();
        return oldest == 0 ? 0 : (clock.realtimeNanos() - oldest) / (double) SECOND_NANOS;
    }

    /** The last control records of this run. Any thread. */
    public RecentRecords recentRecords() {
        return records.recent();
    }

    /** Lost events whose GAP Kafka has not acknowledged. */
    public long owedEvents() {
        return owed.events();
    }

    /** For how long Kafka has not acknowledged the oldest GAP that waits; 0 = none waits. */
    public double owedSeconds() {
        return owed.waitingNanos(System.nanoTime()) / (double) SECOND_NANOS;
    }

    /** Appends the last declarations, stores the position and unlocks the directory; both threads must have ended. */
    @Override
    public void close() throws IOException {
        try (directory;
                state) {
            finish();
            events.active.seal();
            control.active.seal();
            if (save(true) && (proof == null || (proof.isCovered() && !proof.mustSayAgain()))) {
                deleteAcknowledged(); // else the next run needs them for the end of this one's log, or to say it again
            }
            events.close();
            control.close();
        }
        if (unacknowledged() > 0) {
            LOG.warn(
                    "unpublished batches stay in the spool batches={} control_records={} directory={}",
                    events.unacknowledged(),
                    control.unacknowledged(),
                    directory.path());
        }
    }
}
