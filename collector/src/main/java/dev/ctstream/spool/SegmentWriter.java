package dev.ctstream.spool;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.batch.StreamId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Appends frames to one segment file. They are appended when {@link #append} has returned, which is when write(2) has
 * taken them.
 *
 * <p>Ownership: owns the file. Threads: confined to one thread.
 *
 * <p>Errors: an {@link IOException} leaves the file at an unknown length; the owner calls {@link #cutBack} before it goes
 * on, or gives the file up: what is behind {@link #appendedBytes} counts for nothing.
 */
final class SegmentWriter implements AutoCloseable {
    /** In place of the time in an index that recovery has written: batches may have been lost before it. */
    static final long REBUILT = 0;

    private static final StreamId NO_STREAM = StreamId.control("", "");

    private final FrameCodec codec = new FrameCodec();
    private final Path file;
    private final FileChannel channel;
    private final StreamRanges ranges;
    private long appendedBytes;
    private boolean unsynced;

    private SegmentWriter(Path file, FileChannel channel, StreamRanges ranges, long appendedBytes) {
        this.file = file;
        this.channel = channel;
        this.ranges = ranges;
        this.appendedBytes = appendedBytes;
    }

    /** Creates the file, which must not exist, and writes its header. */
    static SegmentWriter create(Path file, SegmentHeader header) throws IOException {
        ByteBuffer head = header.encode();
        SegmentWriter writer = new SegmentWriter(file, SpoolFiles.createNew(file), new StreamRanges(), 0);
        try {
            writer.append(head);
            return writer;
        } catch (IOException e) {
            writer.close();
            throw e;
        }
    }

    /** Cuts the torn tail of a segment that an earlier run left open, and seals it; returns its length. */
    static long sealRecovered(Path file, StreamRanges present, SegmentInspection.Result result) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                SegmentWriter writer = new SegmentWriter(file, channel, present, result.goodBytes())) {
            writer.cutBack();
            writer.seal(result.next(), REBUILT);
            return writer.appendedBytes;
        }
    }

    /** Writes a sealed segment of a single batch. */
    static void writeOne(Path file, QueuedBatch batch, RunIdentity identity, long nowNanos) throws IOException {
        BatchEnvelope envelope = batch.envelope();
        Mark first = new Mark(envelope.number(), envelope.eventsBefore());
        try (SegmentWriter writer = create(file, new SegmentHeader(0, first, identity, nowNanos))) {
            FrameCodec codec = new FrameCodec();
            long bytes = codec.frameBytes(envelope.stream(), batch.lengthBytes());
            ByteBuffer frame = ByteBuffer.allocate(Math.toIntExact(bytes));
            codec.write(frame, envelope, batch.array(), batch.offset(), batch.lengthBytes());
            writer.append(frame.flip());
            writer.noteAppended(envelope);
            writer.seal(envelope.next(), nowNanos);
        }
    }

    Path file() {
        return file;
    }

    /** Writes whole frames behind the others. */
    void append(ByteBuffer frames) throws IOException {
        int bytes = frames.remaining();
        unsynced = true;
        while (frames.hasRemaining()) {
            channel.write(frames);
        }
        appendedBytes += bytes;
    }

    /** Notes a batch that {@link #append} has written, for the index. */
    void noteAppended(BatchEnvelope envelope) {
        ranges.add(envelope);
    }

    /** Bytes of the file that are whole frames. */
    long appendedBytes() {
        return appendedBytes;
    }

    /** Bytes that {@link #seal} will add. */
    long sealBytes() {
        return codec.frameBytes(NO_STREAM, ranges.encodedBytes()) + SegmentFormat.TRAILER_BYTES;
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
        channel.truncate(appendedBytes);
        channel.position(appendedBytes);
    }

    /** Writes the index and the trailer, and syncs. The segment takes no more batches. */
    void seal(Mark next, long nowNanos) throws IOException {
        byte[] index = ranges.encode();
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(sealBytes()));
        BatchEnvelope envelope = new BatchEnvelope(
                next.number(),
                next.eventsBefore(),
                EncodedBatch.NO_LOG_INDEX,
                SegmentFormat.KIND_INDEX,
                NO_STREAM,
                0,
                0,
                nowNanos,
                nowNanos);
        codec.write(out, envelope, index, 0, index.length);
        out.put(SegmentTrailer.encode(appendedBytes));
        append(out.flip());
        sync();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
