package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.batch.StreamId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Appends frames to one segment file. Frames are gathered in a buffer; they are appended when {@link #flush} has
 * returned, which is when write(2) has taken them.
 *
 * <p>Ownership: owns the file and its buffer. Threads: confined to the spool thread.
 *
 * <p>Errors: an {@link IOException} from {@link #flush} or {@link #sync} leaves the file at an unknown length; the owner
 * calls {@link #cutBack} before it goes on.
 */
final class SegmentWriter implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Path file;
    private final FileChannel channel;
    private final FrameCodec codec = new FrameCodec();
    private final StreamRanges ranges;
    private final Map<String, byte[]> names = new HashMap<>();
    private final ByteBuffer buffer;
    /** Holds the one frame that is gathered when that is larger than the buffer. */
    private @Nullable ByteBuffer large;

    private long appendedBytes;
    private boolean unsynced;

    private SegmentWriter(Path file, FileChannel channel, ByteBuffer buffer, StreamRanges ranges) {
        this.file = file;
        this.channel = channel;
        this.ranges = ranges;
        this.buffer = buffer;
    }

    /** A buffer that serves one writer after the other. */
    static ByteBuffer newBuffer() {
        return ByteBuffer.allocateDirect(BUFFER_BYTES);
    }

    /** Creates the file, which must not exist, and writes its header. */
    static SegmentWriter create(
            Path file, ByteBuffer buffer, long id, long firstNumber, RunIdentity identity, long nowNanos, long before)
            throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        SegmentWriter writer = new SegmentWriter(file, channel, buffer, new StreamRanges());
        try {
            buffer.clear();
            ByteBuffer header = SegmentHeader.encode(id, firstNumber, identity, nowNanos, before);
            writer.writeFully(header);
            return writer;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Cuts the torn tail of a segment that an earlier run left open, and seals it. */
    static void sealRecovered(Path file, StreamRanges present, SegmentInspection.Result result) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                SegmentWriter writer = new SegmentWriter(file, channel, ByteBuffer.allocate(BUFFER_BYTES), present)) {
            writer.appendedBytes = result.goodBytes();
            writer.cutBack();
            writer.seal(result.nextNumber(), result.nextEventsBefore(), 0);
        }
    }

    /** Writes a sealed segment of a single batch. */
    static void writeOne(Path file, QueuedBatch batch, RunIdentity identity, long nowNanos) throws IOException {
        BatchEnvelope envelope = batch.envelope();
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        try (SegmentWriter writer =
                create(file, buffer, 0, envelope.number(), identity, nowNanos, envelope.eventsBefore())) {
            byte[] netns = envelope.stream().netns().getBytes(UTF_8);
            writer.gather(envelope, netns, batch.array(), batch.offset(), batch.lengthBytes());
            writer.flush();
            writer.appended(envelope);
            writer.seal(envelope.number() + 1, envelope.eventsBefore() + envelope.count(), nowNanos);
        }
    }

    Path file() {
        return file;
    }

    /** Whether the frame fits behind what is gathered; a frame larger than the buffer fits into the empty one. */
    boolean hasRoom(EncodedBatch batch) {
        return buffer.position() == 0 || buffer.remaining() >= frameBytes(batch);
    }

    long frameBytes(EncodedBatch batch) {
        return FrameCodec.frameBytes(name(batch.stream()).length, batch.lengthBytes());
    }

    /** Gathers one frame. */
    void add(BatchEnvelope envelope, EncodedBatch batch) {
        gather(envelope, name(batch.stream()), batch.array(), batch.offset(), batch.lengthBytes());
    }

    private void gather(BatchEnvelope envelope, byte[] netns, byte[] body, int offset, int length) {
        long bytes = FrameCodec.frameBytes(netns.length, length);
        if (bytes > buffer.capacity()) {
            ByteBuffer one = ByteBuffer.allocate((int) bytes);
            large = one;
            codec.write(one, envelope, netns, body, offset, length);
        } else {
            codec.write(buffer, envelope, netns, body, offset, length);
        }
    }

    /** Bytes gathered and not yet written. */
    int gatheredBytes() {
        return buffer.position() + (large == null ? 0 : large.position());
    }

    /** Forgets what was gathered. */
    void discard() {
        buffer.clear();
        large = null;
    }

    /** Writes what was gathered; afterwards it is appended. */
    void flush() throws IOException {
        ByteBuffer out = large == null ? buffer : large;
        out.flip();
        writeFully(out);
        discard();
    }

    /** Notes a batch that {@link #flush} has appended, for the index. */
    void appended(BatchEnvelope envelope) {
        ranges.add(envelope);
    }

    /** What was appended so far. */
    StreamRanges ranges() {
        return ranges;
    }

    /** Bytes of the file that are whole frames. */
    long appendedBytes() {
        return appendedBytes;
    }

    boolean unsynced() {
        return unsynced;
    }

    /** Asks the disk to keep what was appended: fdatasync(2). */
    void sync() throws IOException {
        channel.force(false);
        unsynced = false;
    }

    /** Removes what a failed write may have left behind the last whole frame. */
    void cutBack() throws IOException {
        discard();
        channel.truncate(appendedBytes);
        channel.position(appendedBytes);
    }

    /** Writes the index and the trailer, and syncs. The segment takes no more batches. */
    void seal(long nextNumber, long eventsBefore, long nowNanos) throws IOException {
        long indexOffset = appendedBytes;
        byte[] index = ranges.encode();
        BatchEnvelope envelope = new BatchEnvelope(
                nextNumber, eventsBefore, SegmentFormat.KIND_INDEX, new StreamId("", -1), 0, 0, nowNanos, nowNanos);
        gather(envelope, new byte[0], index, 0, index.length);
        flush();
        writeFully(SegmentTrailer.encode(indexOffset));
        sync();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private byte[] name(StreamId stream) {
        return names.computeIfAbsent(stream.netns(), netns -> netns.getBytes(UTF_8));
    }

    private void writeFully(ByteBuffer out) throws IOException {
        int bytes = out.remaining();
        while (out.hasRemaining()) {
            channel.write(out);
        }
        appendedBytes += bytes;
        unsynced = true;
    }
}
