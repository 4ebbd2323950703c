package dev.ctstream.batch;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keeps what it is given, as many batches of events as it has room for, and one control record more. */
final class TestSink implements BatchSink {
    final List<EncodedBatch> batches = new ArrayList<>();
    int room = Integer.MAX_VALUE;
    int controlRoom = Integer.MAX_VALUE;

    @Override
    public boolean offer(EncodedBatch batch) {
        if (batch.kind() == EncodedBatch.EVENTS ? room == 0 : controlRoom == 0) {
            return false;
        }
        if (batch.kind() == EncodedBatch.EVENTS) {
            room--;
        } else {
            controlRoom--;
        }
        batches.add(batch);
        return true;
    }

    @Override
    public boolean accepting() {
        return room > 0;
    }

    @Override
    public @Nullable EncodedBatch reclaim() {
        return null;
    }
}
