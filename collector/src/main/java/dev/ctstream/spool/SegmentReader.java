package dev.ctstream.spool;

import static dev.ctstream.spool.SegmentFormat.ALIGNMENT_BYTES;
import static dev.ctstream.spool.SegmentFormat.FRAMES_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_HEADER_BYTES;
import static dev.ctstream.spool.SegmentFormat.NETNS_MAX_BYTES;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the frames of one segment file in order and steps over damage: a frame with a good header and a bad body is
 * skipped alone; behind a bad header the next good frame is searched.
 *
 * <p>Ownership: owns the file and its buffer; the {@link #body()} is valid until the next call.
 *
 * <p>Threads: confined to one thread. Another thread or process may append meanwhile: a frame that is not whole yet is
 * the end for now, and {@link #next()} may be called again.
 *
 * <p>Errors: {@link IOException} from the file system only; damage is reported by {@link #skippedBytes()} and
 * {@link #damaged()}.
 */
public final class SegmentReader implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Path file;
    private final FileChannel channel;
    private final SegmentHeader header;
    private final FrameCodec codec = new FrameCodec();
    private ByteBuffer window = ByteBuffer.allocate(BUFFER_BYTES).limit(0);
    /** Offset in the file of the window's first byte. */
    private long windowOffset;
    /** Offset in the file behind the last frame that was good. */
    private long position;

    private long skippedBytes;
    private final List<BatchEnvelope> damaged = new ArrayList<>();
    private @Nullable BatchEnvelope envelope;
    private ByteBuffer body = ByteBuffer.allocate(0);
    private List<StreamRanges.Range> index = List.of();
    private @Nullable BatchEnvelope indexEnvelope;

    private SegmentReader(Path file, FileChannel channel, SegmentHeader header) {
        this.file = file;
        this.channel = channel;
        this.header = header;
        this.position = FRAMES_OFFSET;
    }

    /**
     * Opens a segment before its first frame.
     *
     * @throws DamagedSegmentException when the file's header cannot be read
     */
    public static SegmentReader open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            ByteBuffer head = ByteBuffer.allocate(FRAMES_OFFSET);
            readFully(channel, head, 0);
            return new SegmentReader(file, channel, SegmentHeader.decode(head.flip()));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    SegmentHeader header() {
        return header;
    }

    /** The file that is read. */
    public Path file() {
        return file;
    }

    /**
     * Moves to the next good batch.
     *
     * @return false when there is none in what the file holds now; bytes behind {@link #position()} are then a torn or
     *     unfinished tail
     */
    public boolean next() throws IOException {
        skippedBytes = 0;
        damaged.clear();
        envelope = null;
        long at = position;
        while (true) {
            at = nextHeader(at);
            if (at < 0) {
                return false;
            }
            int offset = (int) (at - windowOffset);
            long frameBytes = FrameCodec.frameBytes(window, offset);
            if (!load(at, (int) frameBytes)) {
                return false; // the frame is not whole: an unfinished tail
            }
            offset = (int) (at - windowOffset);
            BatchEnvelope found = codec.envelope(window, offset);
            if (!codec.bodyIsGood(window, offset)) {
                skippedBytes += frameBytes;
                if (found.kind() != SegmentFormat.KIND_INDEX) {
                    damaged.add(found);
                }
                at += frameBytes;
                continue;
            }
            int from = offset + FRAME_HEADER_BYTES + FrameCodec.netnsBytes(window, offset);
            body = window.slice(from, FrameCodec.bodyBytes(window, offset)).asReadOnlyBuffer();
            position = at + frameBytes;
            if (found.kind() == SegmentFormat.KIND_INDEX) {
                index = List.copyOf(StreamRanges.decode(body));
                indexEnvelope = found;
                return false;
            }
            envelope = found;
            return true;
        }
    }

    /** Goes straight to the index, of which the trailer says that it begins there; false when it does not. */
    boolean seekIndex(long offset) throws IOException {
        if (offset < FRAMES_OFFSET || offset % ALIGNMENT_BYTES != 0 || offset >= channel.size()) {
            return false;
        }
        position = offset;
        return !next() && sealed() && skippedBytes == 0;
    }

    /** The batch that {@link #next()} moved to. */
    public BatchEnvelope envelope() {
        if (envelope == null) {
            throw new IllegalStateException("there is no batch: next() was not called or said false");
        }
        return envelope;
    }

    /** The batch's bare Avro datum; borrowed until the next call of {@link #next()}. */
    public ByteBuffer body() {
        return body.duplicate();
    }

    /** Damaged bytes that the last {@link #next()} passed over. */
    public long skippedBytes() {
        return skippedBytes;
    }

    /** The batches that the last {@link #next()} found with a good header and a damaged body. */
    public List<BatchEnvelope> damaged() {
        return List.copyOf(damaged);
    }

    /** Offset in the file behind the last good frame. */
    public long position() {
        return position;
    }

    /** Whether the end that {@link #next()} reached is the segment's index: nothing will be appended any more. */
    public boolean sealed() {
        return indexEnvelope != null;
    }

    /** The index frame's envelope, whose number is the one behind the segment's last; null before its end is reached. */
    @Nullable
    BatchEnvelope indexEnvelope() {
        return indexEnvelope;
    }

    /** What the whole segment held when it was sealed; empty before its end was reached. */
    List<StreamRanges.Range> index() {
        return index;
    }

    /** Bytes that the file holds now. */
    public long sizeBytes() throws IOException {
        return channel.size();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** Finds the next good frame header at or behind {@code at}; -1 when there is none. */
    private long nextHeader(long at) throws IOException {
        long from = at;
        while (true) {
            load(from, FRAME_HEADER_BYTES + NETNS_MAX_BYTES);
            int offset = (int) (from - windowOffset);
            while (window.limit() - offset >= FRAME_HEADER_BYTES) {
                if (codec.headerIsGood(window, offset)) {
                    long found = windowOffset + offset;
                    skippedBytes += found - at;
                    return found;
                }
                offset += ALIGNMENT_BYTES;
                if (offset + FRAME_HEADER_BYTES + NETNS_MAX_BYTES > window.limit() && !atEnd()) {
                    break;
                }
            }
            from = windowOffset + offset;
            if (atEnd() && window.limit() - offset < FRAME_HEADER_BYTES) {
                return -1;
            }
        }
    }

    private boolean atEnd() throws IOException {
        return windowOffset + window.limit() >= channel.size();
    }

    /** Brings {@code [at, at + bytes)} into the window, or as much of it as the file has; false when it is less. */
    private boolean load(long at, int bytes) throws IOException {
        if (at < windowOffset || at + bytes > windowOffset + window.limit()) {
            if (window.capacity() < bytes) {
                window = ByteBuffer.allocate(bytes);
            }
            window.clear();
            readFully(channel, window, at);
            window.flip();
            windowOffset = at;
        }
        return windowOffset + window.limit() - at >= bytes;
    }

    private static void readFully(FileChannel channel, ByteBuffer into, long at) throws IOException {
        long offset = at;
        while (into.hasRemaining()) {
            int read = channel.read(into, offset);
            if (read < 0) {
                break;
            }
            offset += read;
        }
    }
}
