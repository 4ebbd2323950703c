package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.StreamId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Batches that are numbered and encoded as frames and wait for one write(2). They stay until {@link #clear}, so that a
 * write that failed can be repeated, also into another segment.
 *
 * <p>Ownership: owns the batches in it and its buffer. Threads: confined to one thread.
 */
final class PendingFrames {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int NAMES_MAX = 4096;

    private final FrameCodec codec = new FrameCodec();
    private final Map<String, byte[]> names = new HashMap<>();
    private final List<RecentBatches.Entry> entries = new ArrayList<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private @Nullable ByteBuffer large;

    boolean isEmpty() {
        return entries.isEmpty();
    }

    /** Whether a batch fits behind the others; one that is larger than the buffer fits when there are no others. */
    boolean hasRoom(EncodedBatch batch) {
        return entries.isEmpty() || (large == null && buffer.remaining() >= frameBytes(batch));
    }

    /** Bytes that the batch will take. */
    long frameBytes(EncodedBatch batch) {
        return FrameCodec.frameBytes(name(batch.stream()).length, batch.lengthBytes());
    }

    /** Adds a batch for which there is room. */
    void add(BatchEnvelope envelope, EncodedBatch batch) {
        long bytes = frameBytes(batch);
        if (bytes > buffer.capacity()) {
            large = ByteBuffer.allocate(Math.toIntExact(bytes));
        }
        byte[] name = name(batch.stream());
        codec.write(used(), envelope, name, batch.array(), batch.offset(), batch.lengthBytes());
        entries.add(new RecentBatches.Entry(envelope, batch));
    }

    /** The place before the first batch. */
    Mark first() {
        BatchEnvelope first = entries.get(0).envelope();
        return new Mark(first.number(), first.eventsBefore());
    }

    List<RecentBatches.Entry> entries() {
        return entries;
    }

    /** Length of all frames. */
    int bytes() {
        return used().position();
    }

    /** All frames, to be written; borrowed. */
    ByteBuffer frames() {
        return used().duplicate().flip();
    }

    /** Forgets all batches; the caller has taken over those that matter. */
    void clear() {
        entries.clear();
        buffer.clear();
        large = null;
    }

    private ByteBuffer used() {
        return large == null ? buffer : large;
    }

    private byte[] name(StreamId stream) {
        byte[] name = names.get(stream.netns());
        if (name == null) {
            if (names.size() >= NAMES_MAX) {
                names.clear();
            }
            name = stream.netns().getBytes(UTF_8);
            names.put(stream.netns(), name);
        }
        return name;
    }
}
