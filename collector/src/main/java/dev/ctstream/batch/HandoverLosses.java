package dev.ctstream.batch;

import dev.ctstream.record.GapCause;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * Batches that the sink refused, until a GAP of cause handover has declared them.
 *
 * <p>Invariant: a stream with an undeclared loss hands over no batch. So its loss is one range of sequences, stored in
 * the stream itself, and the GAP precedes the stream's next batch. No loss is forgotten, and memory does not grow.
 *
 * <p>Threads: confined to the receive thread.
 */
final class HandoverLosses {
    private final ControlChannel control;
    private final InstantSource clock;
    private @Nullable StreamState first;
    private @Nullable StreamState last;

    HandoverLosses(ControlChannel control, InstantSource clock) {
        this.control = control;
        this.clock = clock;
    }

    /** Whether a loss is still undeclared. */
    boolean pending() {
        return first != null;
    }

    void add(StreamState stream, EncodedBatch batch) {
        if (stream.lostCount == 0) {
            stream.lostFirst = batch.firstSequence();
            stream.lostFromNanos = batch.firstReceivedNanos();
            list(stream);
        }
        stream.lostCount += batch.count();
        stream.lostBatches++;
        stream.lostToNanos = batch.lastReceivedNanos();
        stream.namespace.addDropped(batch.count());
    }

    private void list(StreamState stream) {
        if (stream.listedLossy) {
            return; // it was declared out of turn and is still in the list
        }
        stream.listedLossy = true;
        if (last == null) {
            first = stream;
        } else {
            last.nextLossy = stream;
        }
        last = stream;
    }

    /** Declares the stream's loss if it has one; returns false when the sink refuses the declaration. */
    boolean declare(StreamState stream) {
        if (stream.lostCount == 0) {
            return true;
        }
        ControlRecord gap = new ControlRecord.Gap(
                GapCause.HANDOVER,
                ControlRecord.Lost.events(stream.id.zone(), stream.lostFirst, stream.lostCount, stream.lostBatches),
                new ControlRecord.Window(stream.lostFromNanos, stream.lostToNanos),
                null);
        if (!control.send(stream.namespace, gap, clock.millis())) {
            return false;
        }
        stream.lostCount = 0;
        stream.lostBatches = 0;
        return true;
    }

    /** Declares the losses of all streams until the sink refuses a declaration. */
    void declareAll() {
        while (first != null && declare(first)) {
            StreamState declared = first;
            first = declared.nextLossy;
            if (first == null) {
                last = null;
            }
            declared.nextLossy = null;
            declared.listedLossy = false;
        }
    }
}
