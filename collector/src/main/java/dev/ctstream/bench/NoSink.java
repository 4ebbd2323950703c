package dev.ctstream.bench;

import dev.ctstream.batch.BatchSink;
import dev.ctstream.batch.EncodedBatch;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Discards closed batches: the batcher gets each one back when it asks for an empty batch. */
final class NoSink implements BatchSink {
    private final ArrayDeque<EncodedBatch> empty = new ArrayDeque<>();

    @Override
    public boolean offer(EncodedBatch batch) {
        empty.add(batch);
        return true;
    }

    @Override
    public boolean accepting() {
        return true;
    }

    @Override
    public boolean fits(EncodedBatch batch) {
        return true;
    }

    @Override
    public void waitingSince(long receivedNanos) {
        // nobody asks
    }

    @Override
    public @Nullable EncodedBatch reclaim() {
        return empty.poll();
    }
}
