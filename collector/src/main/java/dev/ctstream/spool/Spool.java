package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.Clock;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The durable queue between the receive thread and Kafka. The package documentation lists its guarantees.
 *
 * <p>Ownership: owns the directory and all files in it from {@link #open} to {@link #close}.
 *
 * <p>Threads: {@link #run} is the spool thread; the {@link BatchQueue} methods belong to the publisher's thread; any
 * thread may call {@link #stop}. Call {@link #close} after both threads have ended. Do not interrupt either thread: an
 * interrupt closes the file that it works on.
 */
public final class Spool implements BatchQueue, Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final long STATE_INTERVAL_NANOS = SECOND_NANOS;
    /** While nothing changes, the time at which this run was alive is stored at this interval. */
    private static final long IDLE_INTERVAL_NANOS = 10 * SECOND_NANOS;
    /** Most bytes of batches that wait in memory for the publisher. */
    private static final long RECENT_MAX_BYTES = 8 << 20;

    private static final int MAX_BATCHES_PER_PASS = 4096;
    /**
     * While batches arrive more often than this, the spool thread lets them gather. From here to Kafka's response, the
     * CPU cost is waking three threads and making one request, not the data itself. At 100 000 events/s one pause
     * gathers four batches.
     */
    static final long PAUSE_NANOS = 20_000_000;
    /** With more batches than this in the ring, the spool thread does not wait. */
    static final int MAX_GATHERED = 1024;

    private final Parts parts;
    private final SpoolDirectory directory;
    private final SpoolCheckpoint state;
    private final SegmentCatalog catalog = new SegmentCatalog();
    private final RecentBatches recent;
    private final LossReports reports;
    private final SpoolLosses dropped;
    private final SpoolAppender appender;
    private final SpoolCursor cursor;
    private final DeadLetters deadLetters;
    private final AcknowledgedPosition acknowledged;
    private final DeclaredLosses holes;
    private final @Nullable PreviousRun previousRun;
    private final long replayedBatches;
    private volatile boolean stopping;
    private long savedNanos;
    private long roundNanos = System.nanoTime();
    private long roundBeforeNanos = roundNanos - PAUSE_NANOS;
    private Settled settled;
    /**
     * When the previous run was last known to be alive. Set until this run has declared that the previous one ended
     * uncleanly.
     */
    private long undeclaredRunNanos = Long.MAX_VALUE;

    /** The state that a restart may rely on, because all earlier losses are declared on disk. */
    private record Settled(SpoolPosition acknowledged, List<MissingBatches> holes) {}

    /**
     * What the directory records about the previous run.
     *
     * @param identity of that run
     * @param clean whether it ended cleanly
     * @param aliveNanos everything that it received before this time was appended or declared as lost, ns since the
     *     epoch. Subtract the time that a batch may stay open
     */
    public record PreviousRun(RunIdentity identity, boolean clean, long aliveNanos) {}

    /**
     * The collaborators of a spool.
     *
     * @param ring source of closed batches and control records; used buffers are returned to it
     * @param losses called once for each loss, on the opening thread, the spool thread or the publisher's thread. It
     *     must not block. The loss has to come back through the ring as a control record
     */
    public record Parts(
            SpoolConfig config,
            RunIdentity identity,
            BatchRing ring,
            Consumer<Loss> losses,
            SpoolMetrics metrics,
            Health health) {}

    private Spool(Parts parts, SpoolDirectory directory, SpoolCheckpoint state) throws IOException {
        this.parts = parts;
        this.directory = directory;
        this.state = state;
        reports = new LossReports(parts.losses());
        SpoolCheckpoint.Values last = state.last();
        SpoolRecovery.Left left = SpoolRecovery.recover(directory, last, reports);
        left.segments().forEach(catalog::add);
        catalog.end(left.next());
        holes = left.holes();
        settled = new Settled(left.acknowledged(), last == null ? List.of() : last.holes());
        acknowledged = new AcknowledgedPosition(left.acknowledged());
        replayedBatches = left.next().number() - left.acknowledged().number();
        previousRun = previousRun(last, left.segments());
        if (previousRun != null && !previousRun.clean()) {
            undeclaredRunNanos = previousRun.aliveNanos();
        }
        recent = new RecentBatches(parts.ring(), RECENT_MAX_BYTES, left.next().number());
        dropped = new SpoolLosses(reports, parts.metrics(), parts.health(), parts.identity());
        appender = appender(left.next());
        cursor = new SpoolCursor(catalog, recent, parts.ring(), acknowledged, holes, reports);
        deadLetters = new DeadLetters(directory.path(), parts.config().segmentBytes(), parts.metrics());
        parts.metrics().watch(catalog, this);
    }

    private SpoolAppender appender(SpoolPosition next) throws IOException {
        long nextId = Math.max(directory.nextId(), next.number());
        ActiveSegment active = new ActiveSegment(directory, catalog, parts.identity(), parts.metrics(), nextId);
        SpoolQuota.Acknowledged position = new SpoolQuota.Acknowledged() {
            @Override
            public long number() {
                return acknowledged.number();
            }

            @Override
            public void store() {
                settled = new Settled(acknowledged.position(), settled.holes());
                saveState(false, true);
            }
        };
        SpoolQuota quota = new SpoolQuota(parts.config(), catalog, active, dropped, holes, position);
        return new SpoolAppender(parts.config(), active, quota, recent, parts.ring(), dropped, parts.metrics(), next);
    }

    private static @Nullable PreviousRun previousRun(SpoolCheckpoint.@Nullable Values last, List<Segment> segments)
            throws IOException {
        if (last != null) {
            return new PreviousRun(last.identity(), last.clean(), last.aliveNanos());
        }
        if (segments.isEmpty()) {
            return null;
        }
        Segment newest = segments.get(segments.size() - 1); // the state file was lost
        long written = Files.getLastModifiedTime(newest.file()).toMillis() * 1_000_000;
        return new PreviousRun(newest.identity(), false, written - SECOND_NANOS);
    }

    /**
     * Locks the directory and recovers what an earlier run left.
     *
     * @throws IOException when the directory cannot be used or another collector uses it; the message names the remedy
     */
    public static Spool open(Parts parts) throws IOException {
        SpoolDirectory directory = SpoolDirectory.open(parts.config().directory());
        try {
            SpoolCheckpoint state = SpoolCheckpoint.open(SpoolDirectory.stateFile(directory.path()));
            try {
                return new Spool(parts, directory, state);
            } catch (IOException | RuntimeException e) {
                state.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            directory.close();
            throw e;
        }
    }

    /** The previous run; null when there was none. */
    public @Nullable PreviousRun previousRun() {
        return previousRun;
    }

    /** Number of batches from earlier runs that still have to be published. */
    public long replayedBatches() {
        return replayedBatches;
    }

    @Override
    public void run() {
        begin();
        boolean ended = false;
        while (!ended) {
            ended = pass(waitNanos());
            if (!ended) {
                gather(System.nanoTime());
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
            LockSupport.parkNanos(this, pauseNanos);
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

    /** Stores on disk that this run has started and has not ended. */
    void begin() {
        saveState(false, true);
    }

    /** Runs one round of the spool thread; waits for a batch at most this long. Returns true after the last round. */
    boolean pass(long waitNanos) {
        boolean last = stopping; // nothing is added to the ring after that
        EncodedBatch first = parts.ring().take(last ? 0 : waitNanos);
        roundBeforeNanos = roundNanos;
        roundNanos = System.nanoTime();
        Thread.interrupted(); // an interrupt would close the segment
        int taken = appender.pass(first, MAX_BATCHES_PER_PASS);
        settle();
        housekeeping();
        return last && taken < MAX_BATCHES_PER_PASS;
    }

    /** Ends {@link #run} after everything in the ring is appended; the receive thread must have stopped before. */
    public void stop() {
        stopping = true;
        parts.ring().wake();
    }

    private long waitNanos() {
        boolean changed = stateChanged() || dropped.oldestNanos() != Long.MAX_VALUE;
        return Math.min(appender.idleNanos(), changed ? STATE_INTERVAL_NANOS : IDLE_INTERVAL_NANOS);
    }

    private void settle() {
        Settled now = new Settled(acknowledged.position(), holes.list()); // read before checking the declarations
        long time = System.nanoTime();
        long control = appender.appendedControl();
        if (!appender.nothingHeld()) {
            return;
        }
        if (reports.declaredNumbered(time, control)) {
            settled = now;
        }
        if (reports.declared(time, control)) {
            dropped.settled();
            undeclaredRunNanos = control > 0 ? Long.MAX_VALUE : undeclaredRunNanos;
        }
    }

    private void finish() {
        appender.finish();
        settle();
        saveState(false, false);
    }

    private void housekeeping() {
        long now = System.nanoTime();
        appender.syncIfDue(now);
        long since = now - savedNanos;
        if (since >= IDLE_INTERVAL_NANOS || (since >= STATE_INTERVAL_NANOS && stateChanged())) {
            saveState(false, false);
            deleteAcknowledged();
        }
    }

    private void deleteAcknowledged() {
        long number = settled.acknowledged().number() - 1;
        try {
            if (catalog.hasAcknowledged(number)) {
                saveState(false, true); // otherwise a power loss would make the deleted segments look lost
                boolean deleted = true;
                while (deleted) {
                    deleted = catalog.deleteAcknowledged(number);
                }
                SpoolFileSystem.syncDirectory(directory.path());
            }
            holes.forgetBefore(settled.acknowledged().number());
        } catch (IOException e) {
            LOG.warn("acknowledged segment cannot be deleted: {}", SpoolFileSystem.reason(e));
        }
    }

    private boolean stateChanged() {
        SpoolCheckpoint.Values last = state.last();
        return last == null
                || !last.acknowledged().equals(acknowledged.position())
                || !last.next().equals(appender.next());
    }

    private void saveState(boolean clean, boolean sync) {
        savedNanos = System.nanoTime();
        long alive = Math.min(dropped.oldestNanos(), undeclaredRunNanos);
        try {
            state.save(new SpoolCheckpoint.Values(
                    settled.acknowledged(),
                    appender.next(),
                    settled.holes(),
                    parts.identity(),
                    Math.min(alive, Clock.realtimeNanos() - SECOND_NANOS),
                    clean));
            if (sync) {
                state.sync();
            }
        } catch (IOException e) {
            LOG.warn(
                    "acknowledged position cannot be stored file={}: {}",
                    SpoolDirectory.stateFile(directory.path()),
                    SpoolFileSystem.reason(e));
        }
    }

    @Override
    public @Nullable QueuedBatch next(long waitNanos) throws IOException {
        return cursor.next(waitNanos);
    }

    @Override
    public void wake() {
        recent.wake();
    }

    @Override
    public void rewind() {
        cursor.rewind();
    }

    @Override
    public void acknowledge(long number) {
        if (number >= recent.appendedNext()) {
            throw new IllegalArgumentException("batch " + number + " was never handed out");
        }
        acknowledged.acknowledge(number);
    }

    @Override
    public void setAside(QueuedBatch batch, String reason) {
        BatchEnvelope envelope = batch.envelope();
        if (holes.contains(envelope.number())) {
            return; // it was handed out again after a rewind
        }
        RunIdentity identity = batch.identity();
        RunIdentity origin = identity == null ? parts.identity() : identity;
        deadLetters.add(batch, origin, reason);
        holes.add(new MissingBatches(new SpoolPosition(envelope.number(), envelope.eventsBefore()), envelope.next()));
        reports.reportNumbered(Loss.of(GapCause.REJECTED, origin, envelope));
    }

    @Override
    public long unacknowledged() {
        return recent.appendedNext() - 1 - acknowledged.number();
    }

    /** Every batch up to this one is acknowledged. */
    long acknowledgedNumber() {
        return acknowledged.number();
    }

    /** Age of the oldest event that is handed out but not acknowledged; 0 = there is none. */
    double ageSeconds() {
        long oldest = acknowledged.oldestReceivedNanos();
        return oldest == 0 ? 0 : (Clock.realtimeNanos() - oldest) / (double) SECOND_NANOS;
    }

    /** Appends the last declarations, stores the position and unlocks the directory; both threads must have ended. */
    @Override
    public void close() throws IOException {
        try (directory;
                state;
                cursor) {
            finish();
            appender.seal();
            deleteAcknowledged();
            boolean clean = appender.nothingHeld()
                    && dropped.oldestNanos() == Long.MAX_VALUE
                    && undeclaredRunNanos == Long.MAX_VALUE;
            saveState(clean, true);
        }
        if (unacknowledged() > 0) {
            LOG.warn(
                    "unpublished batches stay in the spool batches={} directory={}",
                    unacknowledged(),
                    directory.path());
        }
    }
}
