package dev.ctstream.spool;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.FrameCodec;
import dev.ctstream.segment.SpoolPosition;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Numbered batches, encoded as frames, that wait for one write(2). They stay until {@link #clear}, so that a failed
 * write can be repeated, also into another segment.
 *
 * <p>Ownership: owns the batches in it and its buffer. Threads: confined to one thread.
 */
final class PendingFrames {
    private static final int BUFFER_BYTES = 1 << 20;

    private final FrameCodec codec = new FrameCodec();
    private final List<QueuedBatch> batches = new ArrayList<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private @Nullable ByteBuffer large;

    boolean isEmpty() {
        return batches.isEmpty();
    }

    /** Whether a batch still fits. A batch larger than the buffer fits only alone. */
    boolean hasRoom(EncodedBatch batch) {
        return batches.isEmpty() || (large == null && buffer.remaining() >= frameBytes(batch));
    }

    /** Length of the batch as a frame. */
    long frameBytes(EncodedBatch batch) {
        return codec.frameBytes(batch.stream(), batch.lengthBytes());
    }

    /** Adds a batch; {@link #hasRoom} must be true for it. */
    void add(BatchEnvelope envelope, EncodedBatch batch) {
        long bytes = frameBytes(batch);
        if (bytes > buffer.capacity()) {
            large = ByteBuffer.allocate(Math.toIntExact(bytes));
        }
        codec.write(used(), envelope, batch.array(), batch.offset(), batch.lengthBytes());
        batches.add(QueuedBatch.inMemory(envelope, batch));
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

    /** Forgets all batches; the caller must have taken over those that it still needs. */
    void clear() {
        batches.clear();
        buffer.clear();
        large = null;
    }

    private ByteBuffer used() {
        return large == null ? buffer : large;
    }
}
