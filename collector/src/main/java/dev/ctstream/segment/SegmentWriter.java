package dev.ctstream.segment;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.StreamId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

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

    private static final int AGAIN_BYTES = 1 << 16;

    private static final StreamId NO_STREAM = StreamId.control("", "");

    private final FrameCodec codec = new FrameCodec();
    private final Path file;
    private final FileChannel channel;
    private final StreamRanges ranges;
    private final long reservedBytes;
    private long appendedBytes;
    /** End of what may have been written, also by a failed write. */
    private long writtenBytes;

    private boolean unsynced;
    /** Everything before this offset is on disk. */
    private long syncedBytes;

    private SegmentWriter(Path file, FileChannel channel, StreamRanges ranges, long reservedBytes, long appendedBytes) {
        this.file = file;
        this.channel = channel;
        this.ranges = ranges;
        this.reservedBytes = reservedBytes;
        this.appendedBytes = appendedBytes;
    }

    /**
     * Writes the header of a new segment.
     *
     * @param channel the file, open for writing; owned by the writer from now on
     * @param reservedBytes length of the file, whose bytes are all 0; 0 = the file is empty and grows
     */
    public static SegmentWriter create(Path file, FileChannel channel, SegmentHeader header, long reservedBytes)
            throws IOException {
        ByteBuffer head = header.encode();
        SegmentWriter writer = new SegmentWriter(file, channel, new StreamRanges(), reservedBytes, 0);
        try {
            writer.append(head);
            return writer;
        } catch (IOException e) {
            writer.close();
            throw e;
        }
    }

    /** Cuts the torn tail of a segment that an earlier run left open, seals it, and returns the file's length. */
    public static long sealRecovered(
            SegmentFiles files, Path file, StreamRanges present, SegmentInspection.Result result) throws IOException {
        try (FileChannel channel = files.openWrite(file);
                SegmentWriter writer = new SegmentWriter(file, channel, present, 0, result.goodBytes())) {
            writer.seal(result.next(), REBUILT);
            return writer.appendedBytes;
        }
    }

    /**
     * Writes a part of a file once more, with the bytes that it has now, and syncs it. After a failed sync the kernel may
     * have discarded pages that it could not write, and counts them as written: only then another sync says something.
     */
    public static void writeAgain(SegmentFiles files, Path file, long from, long to) throws IOException {
        try (FileChannel in = files.openRead(file);
                FileChannel out = files.openWrite(file)) {
            ByteBuffer part = ByteBuffer.allocate(AGAIN_BYTES);
            for (long at = from; at < to; at += part.limit()) {
                part.clear().limit((int) Math.min(part.capacity(), to - at));
                FileWindow.readFully(in, part, at, false);
                part.flip();
                if (!part.hasRemaining()) {
                    break; // the file has become shorter: a reader will find what is missing
                }
                while (part.hasRemaining()) {
                    out.write(part, at + part.position());
                }
            }
            out.force(false);
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
        writtenBytes = Math.max(writtenBytes, appendedBytes + bytes);
        write(frames, appendedBytes);
        appendedBytes += bytes;
    }

    private void write(ByteBuffer bytes, long offset) throws IOException {
        long end = offset + bytes.remaining();
        while (bytes.hasRemaining()) {
            channel.write(bytes, end - bytes.remaining());
        }
    }

    /** Bytes of frames that still fit into a reserved file; no limit for a file that grows. */
    public long roomBytes() {
        return reservedBytes == 0 ? Long.MAX_VALUE : reservedBytes - appendedBytes;
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
        syncedBytes = appendedBytes;
    }

    /** Offset up to which the last {@link #sync} has put everything on disk. */
    public long syncedBytes() {
        return syncedBytes;
    }

    /** Removes the rest of a failed write after the last complete frame; a reserved file gets its zeros back. */
    public void cutBack() throws IOException {
        if (reservedBytes == 0) {
            channel.truncate(appendedBytes);
        } else {
            write(ByteBuffer.allocate(Math.toIntExact(writtenBytes - appendedBytes)), appendedBytes);
        }
        writtenBytes = appendedBytes;
    }

    /** Takes back the frames that were appended after an offset. */
    public void takeBack(long offset) throws IOException {
        appendedBytes = offset;
        cutBack();
    }

    /** Writes the index and the trailer, and syncs. No batch may be appended afterwards. */
    public void seal(SpoolPosition next, long nowNanos) throws IOException {
        channel.truncate(appendedBytes);
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
                nowNanos,
                null);
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
