package dev.ctstream.spool;

import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.FrameCodec;
import dev.ctstream.segment.SpoolPosition;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Numbered batches, encoded as frames, for one write(2).
 *
 * <p>Ownership: owns its buffer, borrows the batches. Threads: confined to one thread.
 */
final class PendingFrames {
    static final int BUFFER_BYTES = 1 << 20;

    private final FrameCodec codec = new FrameCodec();
    private final List<QueuedBatch> batches = new ArrayList<>();
    private final ByteBuffer buffer;
    private @Nullable ByteBuffer large;

    /** No frames yet, for a file of this file system. */
    PendingFrames(SpoolFileSystem files) {
        buffer = files.writeBuffer(BUFFER_BYTES);
    }

    boolean isEmpty() {
        return batches.isEmpty();
    }

    /** Length of a datum as a frame of this stream. */
    long frameBytes(StreamId stream, int lengthBytes) {
        return codec.frameBytes(stream, lengthBytes);
    }

    /** Adds a batch. All together have at most {@link #BUFFER_BYTES}, unless there is only one. */
    void add(QueuedBatch batch) {
        long bytes = frameBytes(batch.envelope().stream(), batch.lengthBytes());
        if (bytes > buffer.capacity()) {
            large = ByteBuffer.allocate(Math.toIntExact(bytes));
        }
        codec.write(used(), batch.envelope(), batch.array(), batch.offset(), batch.lengthBytes());
        batches.add(batch);
    }

    /** The position of the first batch. */
    SpoolPosition first() {
        BatchEnvelope first = batches.get(0).envelope();
        return new SpoolPosition(first.number(), first.eventsBefore());
    }

    List<QueuedBatch> batches() {
        return batches;
    }

    /** Length of all frames. */
    int bytes() {
        return used().position();
    }

    /** All frames, ready for writing; borrowed. */
    ByteBuffer frames() {
        return used().duplicate().flip();
    }

    /** Forgets all batches. */
    void clear() {
        batches.clear();
        buffer.clear();
        large = null;
    }

    private ByteBuffer used() {
        return large == null ? buffer : large;
    }
}
