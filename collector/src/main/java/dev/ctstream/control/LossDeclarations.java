package dev.ctstream.control;

import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.NamespaceStreams;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Declares the losses of later stages: GAP records of cause spool, damage and rejected. They may concern streams of an
 * earlier run.
 *
 * <p>Threads: any.
 */
public final class LossDeclarations {
    private final Batcher batcher;
    private final RunIdentity run;
    private final StreamId own;
    private final Runnable wake;
    private final InstantSource clock = InstantSource.system();

    /**
     * Batches that were lost after their events had been numbered.
     *
     * @param cause {@link GapCause#SPOOL}, {@link GapCause#DAMAGE} or
     *     {@link GapCause#REJECTED}
     * @param of the run that numbered them
     * @param stream has zone {@link StreamId#CONTROL_ZONE} for control records; null when it is unknown
     * @param firstSequence meaningless without a stream
     * @param nextSequence the sequence after the last one
     * @param count events or control records, for a loss without a stream; negative = unknown
     * @param firstNanos when the first event was received, ns since 1970-01-01 UTC; 0 = unknown
     * @param lastNanos when the last event was received
     */
    public record LostBatches(
            GapCause cause,
            RunIdentity of,
            @Nullable StreamId stream,
            long firstSequence,
            long nextSequence,
            long count,
            long batches,
            long firstNanos,
            long lastNanos) {}

    /**
     * Creates declarations that go through this batcher.
     *
     * @param own control stream of the collector's own namespace: it takes the losses of other runs, and losses that
     *     belong to no namespace of this run
     * @param wake ends an idle wait of the receive thread
     */
    public LossDeclarations(Batcher batcher, RunIdentity run, StreamId own, Runnable wake) {
        this.batcher = batcher;
        this.run = run;
        this.own = own;
        this.wake = wake;
    }

    /** Declares a loss; false = too many records are waiting: keep the loss and try again. */
    public boolean declare(LostBatches lost) {
        boolean submitted = batcher.submit(declaring(lost), gap(lost), clock.millis());
        wake.run();
        return submitted;
    }

    /** The namespace in whose control stream the loss is declared: the loss's own if this run observes it. */
    private NamespaceStreams declaring(LostBatches lost) {
        StreamId stream = lost.stream;
        if (stream != null && lost.of.equals(run)) {
            StreamId control = StreamId.control(stream.netns(), stream.netnsId());
            for (NamespaceStreams namespace : batcher.namespaces()) {
                if (namespace.control().equals(control)) {
                    return namespace;
                }
            }
        }
        return batcher.namespace(own);
    }

    private ControlRecord gap(LostBatches lost) {
        ControlRecord.Window window =
                lost.firstNanos == 0 ? null : new ControlRecord.Window(lost.firstNanos, lost.lastNanos);
        return new ControlRecord.Gap(lost.cause, lost(lost), window, null);
    }

    private ControlRecord.Lost lost(LostBatches lost) {
        StreamId stream = lost.stream;
        if (stream == null) {
            ControlRecord.Count count = new ControlRecord.Count(lost.count < 0 ? null : lost.count, lost.batches, null);
            ControlRecord.Owner owner = new ControlRecord.Owner(lost.of, own.netns(), own.netnsId());
            return new ControlRecord.Lost(owner, ControlRecord.Lost.EVENTS, List.of(), count);
        }
        boolean control = stream.zone() == StreamId.CONTROL_ZONE;
        ControlRecord.Range range =
                new ControlRecord.Range(control ? null : stream.zone(), lost.firstSequence, lost.nextSequence - 1);
        return ControlRecord.Lost.of(
                new ControlRecord.Owner(lost.of, stream.netns(), stream.netnsId()),
                control ? ControlRecord.Lost.CONTROL : ControlRecord.Lost.EVENTS,
                List.of(range),
                lost.batches);
    }
}
