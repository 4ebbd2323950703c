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
 * Reads the frames of one segment file in order and skips damage. If a frame has a good header and a bad body, only
 * that frame is skipped. After a bad header, the reader searches for the next good frame. If both copies of the
 * segment's header are destroyed, the first good batch replaces them.
 *
 * <p>Ownership: owns the file and its buffer; the {@link #body()} is valid until the next call.
 *
 * <p>Threads: confined to one thread. Another thread or process may append at the same time. An incomplete frame counts
 * as the end for now, and {@link #next()} may be called again later.
 *
 * <p>Errors: {@link IOException} from the file system only; damage is reported by {@link #skippedBytes()} and
 * {@link #damaged()}.
 */
public final class SegmentReader implements AutoCloseable {
    /** Kind of a header that is not known yet. */
    private static final int ANY_KIND = -1;

    private final Path file;
    private final FileWindow window;
    private final FrameCodec codec = new FrameCodec();
    private SegmentHeader header;
    /** File offset after the last frame with a good header. */
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
     * @throws DamagedSegmentException when neither the file's header nor any batch can be read
     * @throws SegmentVersionException when the file has another version
     */
    public static SegmentReader open(SegmentFiles files, Path file) throws IOException {
        return open(files, file, false);
    }

    /**
     * As {@link #open(SegmentFiles, Path)}.
     *
     * @param tolerant whether blocks that the disk can no longer read count as damage, not as a failure
     */
    public static SegmentReader open(SegmentFiles files, Path file, boolean tolerant) throws IOException {
        FileWindow window = FileWindow.of(files.openRead(file), tolerant);
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
        SegmentHeader none = new SegmentHeader(0, ANY_KIND, SpoolPosition.START, new RunIdentity("?", "?", 0), 0);
        SegmentReader reader = new SegmentReader(file, window, none);
        if (!reader.next()) {
            throw reason;
        }
        BatchEnvelope first = reader.envelope();
        RunIdentity identity = BatchIdentity.of(first.kind(), reader.body());
        reader.header = new SegmentHeader(
                0,
                first.kind(),
                new SpoolPosition(first.number(), first.eventsBefore()),
                identity,
                first.firstReceivedNanos());
        reader.position = FRAMES_OFFSET;
        reader.envelope = null;
        return reader;
    }

    /** The segment's header. */
    public SegmentHeader header() {
        return header;
    }

    /** The run that wrote the segment. */
    public RunIdentity identity() {
        return header.identity();
    }

    /** The segment file. */
    public Path file() {
        return file;
    }

    /** Limits further reading to the first {@code bytes} bytes of the file. */
    public void limit(long bytes) {
        window.limit(bytes);
    }

    /**
     * Moves to the next good batch.
     *
     * @return false when the file has no further good batch now; bytes after {@link #position()} are then a torn or
     *     unfinished tail
     */
    public boolean next() throws IOException {
        return moveTo(Long.MIN_VALUE);
    }

    /**
     * Moves to the first good batch whose number is at least {@code number}; stays if the current batch is one. Only
     * the headers of lower batches are read.
     */
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
            if (accept(window.index(found), bytes, number)) {
                return envelope != null;
            }
        }
    }

    /** Checks the complete frame at an index of the window, whose header is good; returns false to skip it. */
    private boolean accept(int offset, int bytes, long number) {
        ByteBuffer in = window.bytes();
        BatchEnvelope found = codec.envelope(in, offset);
        boolean isIndex = found.kind() == SegmentFormat.KIND_INDEX;
        if (!belongs(found, isIndex)) {
            skippedBytes += bytes;
            return false;
        }
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
            List<StreamRanges.Range> ranges = StreamRanges.decode(body);
            if (ranges == null) {
                skippedBytes += bytes;
                return false;
            }
            index = List.copyOf(ranges);
            indexEnvelope = found;
        } else {
            envelope = found;
        }
        return true;
    }

    /** Whether the frame can be one of this segment: of its kind, and not further on than its file can hold. */
    private boolean belongs(BatchEnvelope frame, boolean isIndex) {
        if (header.kind() == ANY_KIND) {
            return true;
        }
        long batches = frame.number() - header.first().number();
        long events = frame.eventsBefore() - header.first().eventsBefore();
        return (isIndex || frame.kind() == header.kind())
                && batches <= position / FRAME_HEADER_BYTES
                && events <= Math.max(batches, 0) * SegmentFormat.COUNT_MAX;
    }

    /** Moves to the index at the offset that the trailer gives; returns false when there is no good index. */
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
            throw new IllegalStateException("there is no batch: next() was not called or returned false");
        }
        return envelope;
    }

    /** The batch's bare Avro datum; borrowed until the next call of {@link #next()}. */
    public ByteBuffer body() {
        return body.duplicate();
    }

    /** Damaged bytes that were skipped so far. */
    public long skippedBytes() {
        return skippedBytes;
    }

    /** The batches that the last {@link #next()} found with a good header and a damaged body. */
    public List<BatchEnvelope> damaged() {
        return List.copyOf(damaged);
    }

    /** File offset after the last frame; its body may be damaged. */
    public long position() {
        return position;
    }

    /** Whether {@link #next()} has reached the segment's index, so that nothing more will be appended. */
    public boolean sealed() {
        return indexEnvelope != null;
    }

    /** As {@link #sealed}, by the run that wrote the frames, and not by a recovery after it. */
    public boolean sealedByItsWriter() {
        BatchEnvelope found = indexEnvelope;
        return found != null && found.firstReceivedNanos() != SegmentWriter.REBUILT;
    }

    /** The index frame's envelope; its number is the segment's last plus one. Null until the index is reached. */
    @Nullable
    BatchEnvelope indexEnvelope() {
        return indexEnvelope;
    }

    /** The ranges that the segment held when it was sealed; empty until the index is reached. */
    public List<StreamRanges.Range> index() {
        return index;
    }

    /** Whether nothing but zeros follows {@link #position}: a reserved file that is not used up. */
    boolean hasUnusedTail() throws IOException {
        return window.isZeroFrom(position);
    }

    /** Current length of the file. */
    public long sizeBytes() throws IOException {
        return window.sizeBytes();
    }

    @Override
    public void close() throws IOException {
        window.close();
    }

    /** Finds the next good frame header at or after an offset and loads it into the window; -1 when there is none. */
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
