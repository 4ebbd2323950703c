package dev.ctstream.batch;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keeps the batches that it accepts, up to a number. */
final class TestSink implements BatchSink {
    final List<EncodedBatch> batches = new ArrayList<>();
    long waitingSinceNanos = Long.MAX_VALUE;
    int capacity = Integer.MAX_VALUE;
    int room = Integer.MAX_VALUE; // batches for which it has room without being asked to refuse one

    @Override
    public boolean offer(EncodedBatch batch) {
        if (capacity == 0) {
            return false;
        }
        capacity--;
        batches.add(batch);
        return true;
    }

    @Override
    public boolean accepting() {
        return capacity > 0;
    }

    @Override
    public boolean fits(EncodedBatch batch) {
        return capacity > 0 && batches.size() < room;
    }

    @Override
    public void waitingSince(long receivedNanos) {
        waitingSinceNanos = receivedNanos;
    }

    @Override
    public @Nullable EncodedBatch reclaim() {
        return null;
    }
}
