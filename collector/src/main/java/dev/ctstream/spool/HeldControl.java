package dev.ctstream.spool;

import dev.ctstream.batch.EncodedBatch;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Control records that could not be written to disk. They are kept in order, because they declare losses.
 *
 * <p>Bounds: {@value #MAX_BYTES} bytes; further records are dropped like a batch of events.
 *
 * <p>Ownership: owns the records in it. Threads: confined to the spool thread.
 */
final class HeldControl {
    private static final int MAX_BYTES = 4 << 20;

    private final Deque<EncodedBatch> records = new ArrayDeque<>();
    private int bytes;

    boolean isEmpty() {
        return records.isEmpty();
    }

    /** Adds a record at the end; false when there is no room. */
    boolean add(EncodedBatch record) {
        if (bytes + record.array().length > MAX_BYTES) {
            return false;
        }
        records.addLast(record);
        bytes += record.array().length;
        return true;
    }

    /** Puts removed records back at the front, in their order. */
    void putBack(Collection<EncodedBatch> taken) {
        Deque<EncodedBatch> all = new ArrayDeque<>(taken);
        all.addAll(records);
        records.clear();
        records.addAll(all);
        taken.forEach(record -> bytes += record.array().length);
    }

    @Nullable
    EncodedBatch peek() {
        return records.peekFirst();
    }

    /** Removes the record that {@link #peek} returned. */
    void remove() {
        bytes -= records.removeFirst().array().length;
    }
}
