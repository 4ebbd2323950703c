package dev.ctstream.batch;

import dev.ctstream.record.StreamId;

/** Marks of refused batches, for the tests of later packages. */
public final class OfferedMarks {
    private OfferedMarks() {}

    /** Offers a mark as the receive thread does. */
    public static boolean offer(ControlOutbox outbox, StreamId stream, long nextSequence, long batches) {
        return outbox.offerRefused(stream, nextSequence, batches, 1_000, 2_000);
    }
}
