package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.netlink.Signal;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One chain of segments: what is appended to it, what is in it, and how far Kafka has it. The chain of events and the
 * chain of control records work alike; each numbers its frames without a gap.
 *
 * <p>Threads: the spool thread appends; the {@link BatchQueue} methods belong to the publisher's thread, except
 * {@link #acknowledge} and {@link #unacknowledged}, which any thread may call.
 */
final class Chain implements BatchQueue {
    final ChainDirectory directory;
    final SegmentCatalog catalog;
    final RecentBatches recent;
    final AcknowledgedPosition acknowledged;
    final ActiveSegment active;
    private final Signal signal;
    private final SpoolCursor cursor;
    private final List<QueuedBatch> unhanded = new ArrayList<>();
    private final LongConsumer onAcknowledged;
    private SpoolPosition end;

    /**
     * Where a chain begins in this run, as recovery found it.
     *
     * @param oldestRun the run of the first batch that waits; null = none waits
     * @param waiting what waits, by stream, as losses
     */
    record Start(
            List<Segment> segments,
            SpoolPosition acknowledged,
            SpoolPosition next,
            long nextId,
            @Nullable RunIdentity oldestRun,
            List<Loss> waiting) {}

    /** What both chains share. */
    record Shared(
            SpoolFileSystem files,
            RunIdentity identity,
            BatchRing ring,
            Signal signal,
            SpoolMetrics metrics,
            LossRequests requests,
            StageClock clock) {}

    /**
     * What one of them has of its own.
     *
     * @param declared reads what GAP records declare of its streams
     */
    record Own(
            GivenUp givenUp,
            Supplier<DeclaredLosses> declared,
            Predicate<GivenUp.Range> mayPass,
            LongConsumer onAcknowledged,
            long reservedBytes,
            long recentBytes) {}

    Chain(ChainDirectory directory, Start start, Shared shared, Own own) {
        this.directory = directory;
        onAcknowledged = own.onAcknowledged();
        signal = shared.signal();
        catalog = new SegmentCatalog(shared.files());
        start.segments().forEach(catalog::add);
        catalog.end(start.next());
        recent = new RecentBatches(
                shared.ring(), signal, own.recentBytes(), start.next().number());
        acknowledged = new AcknowledgedPosition(start.acknowledged(), start.oldestRun());
        active = new ActiveSegment(
                shared.files(),
                directory,
                catalog,
                shared.identity(),
                shared.metrics(),
                own.reservedBytes(),
                Math.max(start.nextId(), start.next().number()),
                shared.clock());
        cursor = new SpoolCursor(this, shared, own);
        end = start.next();
    }

    /** The position of the next batch to append. Spool thread. */
    SpoolPosition end() {
        return end;
    }

    /**
     * Appends frames, which begin at {@link #end}. The publisher sees them after {@link #handOver}. Spool thread.
     *
     * @param after the position after them
     * @throws IOException when nothing is appended
     */
    void append(PendingFrames frames, SpoolPosition after, boolean sync) throws IOException {
        active.append(frames, after, sync);
        unhanded.addAll(frames.batches());
        end = after;
    }

    /** The numbers before a position are used up, although nothing is appended under them. Spool thread. */
    void useUp(SpoolPosition after) {
        end = after;
    }

    /** Lets the publisher see everything that is appended. Spool thread. */
    void handOver() {
        if (!unhanded.isEmpty()) {
            unhanded.forEach(recent::offer);
            unhanded.clear();
            recent.appended(end.number());
        }
    }

    /** The files are gone: forgets them and counts everything appended so far as acknowledged. Spool thread. */
    void restart() {
        handOver();
        active.forget();
        catalog.clear();
        catalog.end(end);
        acknowledged.restart(end);
        signal.signal();
    }

    /** Deletes the files that {@link #restart} has forgotten and that are still there; they are declared as lost. */
    void deleteForgotten() {
        active.deleteForgotten();
    }

    @Override
    public @Nullable QueuedBatch next() throws IOException {
        return cursor.next();
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
        onAcknowledged.accept(acknowledged.number());
    }

    @Override
    public long unacknowledged() {
        return recent.appendedNext() - 1 - acknowledged.number();
    }

    /** Closes the files that are open for reading; both threads must have ended. */
    void close() {
        cursor.close();
    }
}
