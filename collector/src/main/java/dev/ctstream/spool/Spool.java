package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.Clock;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The durable first-in-first-out between the receive thread and Kafka. What it promises is in the package's
 * documentation.
 *
 * <p>Ownership: owns the directory and all files in it from {@link #open} to {@link #close}.
 *
 * <p>Threads: {@link #run} is the spool thread; the {@link BatchQueue} methods are the publisher's; {@link #stop} may
 * come from any. {@link #close} comes when both have ended.
 */
public final class Spool implements BatchQueue, Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
    private static final long STATE_INTERVAL_NANOS = 1_000_000_000L;
    /** What may wait in memory for the publisher. */
    private static final long RECENT_MAX_BYTES = 16 << 20;

    private static final int MOST_BATCHES_A_PASS = 4096;

    private final RunIdentity identity;
    private final SpoolDirectory directory;
    private final SpoolState state;
    private final SegmentCatalog catalog = new SegmentCatalog();
    private final BatchRing ring;
    private final RecentBatches recent;
    private final SpoolAppender appender;
    private final SpoolCursor cursor;
    private final DeadLetters deadLetters;
    private final Consumer<Loss> losses;
    private final PreviousRun previousRun;
    private final long replayedBatches;
    private volatile long acknowledgedNumber;
    private volatile boolean stopping;
    private long savedNanos;

    /**
     * What the directory tells of the run before.
     *
     * @param identity null when there was none, or nothing of it is left
     * @param epoch its stream epoch; 0 = there was none
     * @param clean whether it ended in order
     * @param aliveNanos when it was last known to be alive, ns since the epoch
     */
    public record PreviousRun(@Nullable RunIdentity identity, long epoch, boolean clean, long aliveNanos) {}

    private Spool(Parts parts, SpoolDirectory directory, SpoolState state) throws IOException {
        this.identity = parts.identity();
        this.directory = directory;
        this.state = state;
        this.losses = parts.losses();
        this.ring = parts.ring();
        SpoolState.Values last = state.last();
        long acknowledged = last == null ? 0 : last.acknowledgedNumber();
        List<SpoolDirectory.Recovered> left = directory.recover(acknowledged, losses);
        left.forEach(recovered -> catalog.add(recovered.segment()));
        catalog.deleteAcknowledged(acknowledged);
        SpoolStart start = start(left, acknowledged, last);
        acknowledgedNumber = start.acknowledgedNumber();
        replayedBatches = start.nextNumber() - 1 - start.acknowledgedNumber();
        previousRun = last == null
                ? new PreviousRun(null, 0, true, 0)
                : new PreviousRun(SpoolDirectory.lastRun(left), last.epoch(), last.clean(), last.aliveNanos());
        recent = new RecentBatches(parts.ring(), RECENT_MAX_BYTES, start.nextNumber());
        SpoolLosses dropped = new SpoolLosses(losses, parts.metrics(), parts.health());
        appender = new SpoolAppender(
                parts.config(), directory, catalog, recent, parts.ring(), dropped, parts.metrics(), start);
        cursor = new SpoolCursor(catalog, recent, parts.ring(), losses, acknowledgedNumber + 1);
        deadLetters = new DeadLetters(directory.path(), parts.config().segmentBytes(), parts.metrics());
        parts.metrics().watch(catalog, this);
    }

    /**
     * What a spool works with.
     *
     * @param ring where closed batches come from; empty ones are given back to it
     * @param losses is told of each loss once, on the spool thread or the publisher's; must not wait
     */
    public record Parts(
            SpoolConfig config,
            RunIdentity identity,
            BatchRing ring,
            Consumer<Loss> losses,
            SpoolMetrics metrics,
            Health health) {}

    /**
     * Locks the directory and brings in order what an earlier run left.
     *
     * @throws IOException when the directory cannot be used, or another collector uses it; the message names the remedy
     */
    public static Spool open(Parts parts) throws IOException {
        SpoolDirectory directory = SpoolDirectory.open(parts.config().directory());
        try {
            SpoolState state = SpoolState.open(directory.stateFile());
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

    private SpoolStart start(List<SpoolDirectory.Recovered> left, long acknowledged, SpoolState.@Nullable Values last) {
        long nextNumber = Math.max(acknowledged + 1, last == null ? 1 : last.nextNumber());
        long nextId = 1;
        long eventsBefore = 0;
        for (SpoolDirectory.Recovered recovered : left) {
            nextNumber = Math.max(nextNumber, recovered.segment().nextNumber());
            nextId = recovered.segment().id() + 1;
            eventsBefore = recovered.nextEventsBefore();
        }
        return new SpoolStart(identity, Math.max(nextId, nextNumber), nextNumber, eventsBefore, acknowledged);
    }

    /** The run before. */
    public PreviousRun previousRun() {
        return previousRun;
    }

    /** Batches of earlier runs that are still to be published. */
    public long replayedBatches() {
        return replayedBatches;
    }

    @Override
    public void run() {
        saveState(false);
        while (true) {
            boolean last = stopping;
            appender.pass(last ? 0 : waitNanos(), MOST_BATCHES_A_PASS);
            housekeeping();
            if (last) {
                appender.sync();
                saveState(false);
                return;
            }
        }
    }

    /** Ends {@link #run} when all that was handed over is appended; the receive thread must have stopped before. */
    public void stop() {
        stopping = true;
        ring.wake();
    }

    private long waitNanos() {
        if (appender.unsynced() || unacknowledged() > 0 || stateChanged()) {
            return STATE_INTERVAL_NANOS;
        }
        return Long.MAX_VALUE / 4;
    }

    private void housekeeping() {
        long now = System.nanoTime();
        appender.syncIfDue(now);
        if (stateChanged() && now - savedNanos >= STATE_INTERVAL_NANOS) {
            saveState(false);
            try {
                catalog.deleteAcknowledged(acknowledgedNumber);
            } catch (IOException e) {
                LOG.warn("acknowledged segment cannot be deleted: {}", SpoolDirectory.reason(e));
            }
        }
    }

    private boolean stateChanged() {
        SpoolState.Values last = state.last();
        return last == null
                || last.acknowledgedNumber() != acknowledgedNumber
                || last.nextNumber() != appender.nextNumber();
    }

    private void saveState(boolean clean) {
        savedNanos = System.nanoTime();
        try {
            state.save(new SpoolState.Values(
                    acknowledgedNumber, appender.nextNumber(), identity.streamEpoch(), Clock.realtimeNanos(), clean));
        } catch (IOException e) {
            LOG.warn("acknowledged position cannot be stored file={}: {}", directory.stateFile(), e.getMessage());
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
        cursor.moveTo(acknowledgedNumber + 1);
    }

    @Override
    public void acknowledge(long number) {
        if (number > acknowledgedNumber) {
            acknowledgedNumber = number;
        }
    }

    @Override
    public void setAside(QueuedBatch batch, String reason) {
        RunIdentity origin = batch.identity() == null ? identity : batch.identity();
        deadLetters.add(batch, origin, reason);
        losses.accept(Loss.of(Loss.Cause.REJECTED, origin, batch.envelope()));
    }

    @Override
    public long unacknowledged() {
        return recent.appendedNext() - 1 - acknowledgedNumber;
    }

    /** Stores the position and frees the directory; both threads must have ended. */
    @Override
    public void close() throws IOException {
        cursor.close();
        appender.seal();
        catalog.deleteAcknowledged(acknowledgedNumber);
        saveState(true);
        state.close();
        deadLetters.close();
        directory.close();
        if (unacknowledged() > 0) {
            LOG.warn(
                    "batches are not published yet and stay in the spool batches={} directory={}",
                    unacknowledged(),
                    directory.path());
        }
    }
}
