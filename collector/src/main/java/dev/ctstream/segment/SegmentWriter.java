package dev.ctstream.segment;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.StreamId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Appends frames to one segment file. A frame counts as appended when {@link #append} returns, that is, after write(2).
 *
 * <p>Ownership: owns the file. Threads: confined to one thread.
 *
 * <p>Errors: an {@link IOException} leaves the file at an unknown length. The owner then calls {@link #cutBack} before
 * the next write, or abandons the file. Bytes after {@link #appendedBytes} are void.
 */
public final class SegmentWriter implements AutoCloseable {
    /** Replaces the time in an index that recovery wrote: batches may have been lost before it. */
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

    /**
     * Writes the header of a new segment.
     *
     * @param channel the file, empty and open for writing; owned by the writer from now on
     */
    public static SegmentWriter create(Path file, FileChannel channel, SegmentHeader header) throws IOException {
        ByteBuffer head = header.encode();
        SegmentWriter writer = new SegmentWriter(file, channel, new StreamRanges(), 0);
        try {
            writer.append(head);
            return writer;
        } catch (IOException e) {
            writer.close();
            throw e;
        }
    }

    /** Cuts the torn tail of a segment that an earlier run left open, seals it, and returns the file's length. */
    public static long sealRecovered(Path file, StreamRanges present, SegmentInspection.Result result)
            throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                SegmentWriter writer = new SegmentWriter(file, channel, present, result.goodBytes())) {
            writer.cutBack();
            writer.seal(result.next(), REBUILT);
            return writer.appendedBytes;
        }
    }

    /** The file's path. */
    public Path file() {
        return file;
    }

    /** Writes complete frames at the end of the file. */
    public void append(ByteBuffer frames) throws IOException {
        int bytes = frames.remaining();
        unsynced = true;
        while (frames.hasRemaining()) {
            channel.write(frames);
        }
        appendedBytes += bytes;
    }

    /** Adds a batch that {@link #append} has written to the index. */
    public void noteAppended(BatchEnvelope envelope) {
        ranges.add(envelope);
    }

    /** Length of the header and the complete frames. */
    public long appendedBytes() {
        return appendedBytes;
    }

    /** Bytes that {@link #seal} will add. */
    public long sealBytes() {
        return codec.frameBytes(NO_STREAM, ranges.encodedBytes()) + SegmentFormat.TRAILER_BYTES;
    }

    /** Whether anything was appended since the last {@link #sync}. */
    public boolean unsynced() {
        return unsynced;
    }

    /** Forces the appended frames to disk: fdatasync(2). */
    public void sync() throws IOException {
        channel.force(false);
        unsynced = false;
    }

    /** Truncates the file after the last complete frame, to remove the rest of a failed write. */
    public void cutBack() throws IOException {
        channel.truncate(appendedBytes);
        channel.position(appendedBytes);
    }

    /** Writes the index and the trailer, and syncs. No batch may be appended afterwards. */
    public void seal(SpoolPosition next, long nowNanos) throws IOException {
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
