package dev.ctstream.segment;

import static dev.ctstream.segment.SegmentFormat.ALIGNMENT_BYTES;
import static dev.ctstream.segment.SegmentFormat.FRAMES_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_HEADER_BYTES;
import static dev.ctstream.segment.SegmentFormat.NAMES_MAX_BYTES;

import dev.ctstream.record.RunIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the frames of one segment file in order and steps over damage: a frame with a good header and a bad body is
 * skipped alone; behind a bad header the next good frame is searched. When both copies of the segment's header are
 * destroyed, the first good batch says what is needed.
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
    private final Path file;
    private final FileWindow window;
    private final FrameCodec codec = new FrameCodec();
    private SegmentHeader header;
    /** Offset in the file behind the last frame that was good. */
    private long position;

    private long skippedBytes;
    private final List<BatchEnvelope> damaged = new ArrayList<>();
    private @Nullable BatchEnvelope envelope;
    private ByteBuffer body = ByteBuffer.allocate(0);
    private List<StreamRanges.Range> index = List.of();
    private @Nullable BatchEnvelope indexEnvelope;

    private SegmentReader(Path file, FileWindow window, SegmentHeader header) {
        this.file = file;
        this.window = window;
        this.header = header;
        this.position = FRAMES_OFFSET;
    }

    /**
     * Opens a segment before its first frame.
     *
     * @throws DamagedSegmentException when the file's header cannot be read, and no batch either
     * @throws SegmentVersionException when it has another version
     */
    public static SegmentReader open(Path file) throws IOException {
        return open(file, false);
    }

    /**
     * As above.
     *
     * @param tolerant whether places that the disk cannot read any more count as damage, not as a failure
     */
    public static SegmentReader open(Path file, boolean tolerant) throws IOException {
        FileWindow window = FileWindow.open(file, tolerant);
        try {
            window.load(0, FRAMES_OFFSET);
            try {
                return new SegmentReader(file, window, SegmentHeader.decode(window.slice(0, FRAMES_OFFSET)));
            } catch (DamagedSegmentException e) {
                return openByFirstBatch(file, window, e);
            }
        } catch (IOException | RuntimeException e) {
            window.close();
            throw e;
        }
    }

    private static SegmentReader openByFirstBatch(Path file, FileWindow window, DamagedSegmentException reason)
            throws IOException {
        SegmentHeader none = new SegmentHeader(0, SpoolPosition.START, new RunIdentity("?", "?", 0), 0);
        SegmentReader reader = new SegmentReader(file, window, none);
        if (!reader.next()) {
            throw reason;
        }
        BatchEnvelope first = reader.envelope();
        RunIdentity identity = BatchIdentity.of(first.kind(), reader.body());
        reader.header = new SegmentHeader(
                0, new SpoolPosition(first.number(), first.eventsBefore()), identity, first.firstReceivedNanos());
        reader.position = FRAMES_OFFSET;
        reader.envelope = null;
        return reader;
    }

    /** The segment's header. */
    public SegmentHeader header() {
        return header;
    }

    /** The run that wrote it. */
    public RunIdentity identity() {
        return header.identity();
    }

    /** The file that is read. */
    public Path file() {
        return file;
    }

    /** From now on, reads no further than this. */
    public void limit(long bytes) {
        window.limit(bytes);
    }

    /**
     * Moves to the next good batch.
     *
     * @return false when there is none in what the file holds now; bytes behind {@link #position()} are then a torn or
     *     unfinished tail
     */
    public boolean next() throws IOException {
        return moveTo(Long.MIN_VALUE);
    }

    /** Stays, or moves on, to the next good batch with the number or a higher one; of those before only headers are read. */
    public boolean skipTo(long number) throws IOException {
        BatchEnvelope current = envelope;
        return (current != null && current.number() >= number) || moveTo(number);
    }

    private boolean moveTo(long number) throws IOException {
        damaged.clear();
        envelope = null;
        window.refresh();
        long at = position;
        while (true) {
            long found = nextHeader(at);
            if (found < 0) {
                return false;
            }
            int bytes = (int) FrameCodec.frameBytes(window.bytes(), window.index(found));
            if (!window.load(found, bytes)) {
                return false; // the frame is not whole: an unfinished tail
            }
            skippedBytes += found - at;
            at = found + bytes;
            position = at;
            if (take(window.index(found), bytes, number)) {
                return envelope != null;
            }
        }
    }

    /** Looks at the whole frame with a good header at an index of the window; false when it is to be passed over. */
    private boolean take(int offset, int bytes, long number) {
        ByteBuffer in = window.bytes();
        BatchEnvelope found = codec.envelope(in, offset);
        boolean isIndex = found.kind() == SegmentFormat.KIND_INDEX;
        if (!isIndex && found.number() < number) {
            return false;
        }
        if (!codec.bodyIsGood(in, offset)) {
            skippedBytes += bytes;
            if (!isIndex) {
                damaged.add(found);
            }
            return false;
        }
        body = window.bytes()
                .slice(FrameCodec.bodyOffset(in, offset), FrameCodec.bodyBytes(in, offset))
                .asReadOnlyBuffer();
        if (isIndex) {
            index = List.copyOf(StreamRanges.decode(body));
            indexEnvelope = found;
        } else {
            envelope = found;
        }
        return true;
    }

    /** Goes straight to the index, of which the trailer says that it begins there; false when it does not. */
    boolean seekIndex(long offset) throws IOException {
        if (offset < FRAMES_OFFSET || offset % ALIGNMENT_BYTES != 0) {
            return false;
        }
        position = offset;
        long skippedBefore = skippedBytes;
        return !next() && sealed() && skippedBytes == skippedBefore;
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

    /** Damaged bytes that were passed over so far. */
    public long skippedBytes() {
        return skippedBytes;
    }

    /** The batches that the last {@link #next()} found with a good header and a damaged body. */
    public List<BatchEnvelope> damaged() {
        return List.copyOf(damaged);
    }

    /** Offset in the file behind the last frame, good or with a damaged body. */
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
    public List<StreamRanges.Range> index() {
        return index;
    }

    /** Bytes that the file holds now. */
    public long sizeBytes() throws IOException {
        return window.sizeBytes();
    }

    @Override
    public void close() throws IOException {
        window.close();
    }

    /** Finds the next good frame header at or behind an offset and brings it into the window; -1 when there is none. */
    private long nextHeader(long at) throws IOException {
        long from = at;
        while (true) {
            boolean whole = window.load(from, FRAME_HEADER_BYTES + NAMES_MAX_BYTES);
            ByteBuffer in = window.bytes();
            int offset = window.index(from);
            int last = in.limit() - FRAME_HEADER_BYTES - (whole ? NAMES_MAX_BYTES : 0);
            for (; offset <= last; offset += ALIGNMENT_BYTES) {
                if (codec.headerIsGood(in, offset)) {
                    return window.offset(offset);
                }
            }
            if (!whole) {
                return -1;
            }
            from = window.offset(offset);
        }
    }
}
