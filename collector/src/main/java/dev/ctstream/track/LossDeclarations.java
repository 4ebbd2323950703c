package dev.ctstream.track;

import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.batch.StreamId;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * Declares what later stages lost: GAP records of cause spool, damage and rejected, also of streams that an earlier run
 * had numbered.
 *
 * <p>Threads: any.
 */
public final class LossDeclarations {
    private final Batcher batcher;
    private final RunIdentity run;
    private final String ownNetns;
    private final Runnable wake;
    private final InstantSource clock = InstantSource.system();

    /**
     * Batches that were lost after they had been numbered.
     *
     * @param cause {@link ControlRecord#CAUSE_SPOOL}, {@link ControlRecord#CAUSE_DAMAGE} or
     *     {@link ControlRecord#CAUSE_REJECTED}
     * @param of the run that had numbered them
     * @param stream of zone {@link StreamId#CONTROL_ZONE} for control records; null when it is not known
     * @param firstSequence meaningless without a stream
     * @param nextSequence the sequence behind the last one
     * @param count events or control records; negative = unknown
     * @param firstNanos when the first was received, ns since 1970-01-01 UTC; 0 = unknown
     * @param lastNanos when the last was received
     */
    public record LostBatches(
            String cause,
            RunIdentity of,
            @Nullable StreamId stream,
            long firstSequence,
            long nextSequence,
            long count,
            long batches,
            long firstNanos,
            long lastNanos) {}

    /**
     * Declarations through this batcher.
     *
     * @param ownNetns the namespace under which a loss of an unknown stream is declared
     * @param wake ends an idle wait of the receive thread
     */
    public LossDeclarations(Batcher batcher, RunIdentity run, String ownNetns, Runnable wake) {
        this.batcher = batcher;
        this.run = run;
        this.ownNetns = ownNetns;
        this.wake = wake;
    }

    /** Declares a loss; false = too many records wait: keep it and come again. */
    public boolean declare(LostBatches lost) {
        StreamId stream = lost.stream;
        String netns = stream == null ? ownNetns : stream.netns();
        boolean submitted = batcher.submit(batcher.namespace(netns), gap(lost), clock.millis());
        wake.run();
        return submitted;
    }

    private ControlRecord gap(LostBatches lost) {
        StreamId stream = lost.stream;
        boolean control = stream != null && stream.zone() == StreamId.CONTROL_ZONE;
        ControlRecord.Range range = stream == null
                ? null
                : new ControlRecord.Range(control ? null : stream.zone(), lost.firstSequence, lost.nextSequence - 1);
        ControlRecord.Count count = new ControlRecord.Count(lost.count < 0 ? null : lost.count, lost.batches, null);
        ControlRecord.Window window =
                lost.firstNanos == 0 ? null : new ControlRecord.Window(lost.firstNanos, lost.lastNanos);
        return new ControlRecord.Gap(
                lost.cause,
                new ControlRecord.Lost(
                        lost.of.equals(run) ? null : lost.of, control ? "control" : "events", range, count),
                window,
                null);
    }
}
