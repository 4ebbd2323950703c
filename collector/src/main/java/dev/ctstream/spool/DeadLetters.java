package dev.ctstream.spool;

import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.FrameCodec;
import dev.ctstream.segment.SegmentHeader;
import dev.ctstream.segment.SegmentWriter;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Batches that Kafka rejected permanently, each in its own segment file ({@code *.dead-letter}) that {@code ctstream
 * spool cat} reads.
 *
 * <p>Bounds: {@value #MAX_FILES} files, and a total size of one segment. Beyond that the oldest file is removed. The
 * loss was already declared when the batch was rejected.
 *
 * <p>Threads: confined to the publisher's thread.
 */
final class DeadLetters {
    static final String SUFFIX = ".dead-letter";
    static final int MAX_FILES = 1000;

    private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);

    private record Letter(Path file, long bytes) {}

    private final SpoolFileSystem files;
    private final Path directory;
    private final long maxBytes;
    private final SpoolMetrics metrics;
    private final StageClock clock;
    private @Nullable Deque<Letter> letters;
    private long bytes;
    private long number;

    DeadLetters(SpoolFileSystem files, Path directory, long maxBytes, SpoolMetrics metrics, StageClock clock) {
        this.files = files;
        this.directory = directory;
        this.maxBytes = maxBytes;
        this.metrics = metrics;
        this.clock = clock;
    }

    void add(QueuedBatch batch, String reason) {
        metrics.deadLetter();
        long now = clock.realtimeNanos();
        number = Math.max(number + 1, now);
        Path file = directory.resolve(String.format("%019d%s", number, SUFFIX));
        BatchEnvelope envelope = batch.envelope();
        LOG.error(
                "Kafka rejected a batch for good, it is set aside stream={}/{} first_sequence={} events={} file={}: {}",
                envelope.stream().netns(),
                envelope.stream().zone(),
                envelope.firstSequence(),
                envelope.count(),
                file,
                reason);
        boolean interrupted = Thread.interrupted(); // an interrupt would close the file
        try {
            writeOne(file, batch, now);
            keep(new Letter(file, files.sizeBytes(file)));
        } catch (IOException e) {
            LOG.error("dead letter cannot be written file={}: {}", file, ErrorText.reason(e));
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Writes a sealed segment of a single batch. */
    private void writeOne(Path file, QueuedBatch batch, long nowNanos) throws IOException {
        BatchEnvelope envelope = batch.envelope();
        SpoolPosition first = new SpoolPosition(envelope.number(), envelope.eventsBefore());
        try (SegmentWriter writer = SegmentWriter.create(
                file,
                files.createNew(file),
                new SegmentHeader(0, envelope.kind(), first, batch.identity(), nowNanos),
                0)) {
            FrameCodec codec = new FrameCodec();
            long bytes = codec.frameBytes(envelope.stream(), batch.lengthBytes());
            ByteBuffer frame = ByteBuffer.allocate(Math.toIntExact(bytes));
            codec.write(frame, envelope, batch.array(), batch.offset(), batch.lengthBytes());
            writer.append(frame.flip());
            writer.noteAppended(envelope);
            writer.seal(envelope.next(), nowNanos);
        }
    }

    private void keep(Letter newest) throws IOException {
        Deque<Letter> kept = letters;
        if (kept == null) {
            kept = new ArrayDeque<>();
            for (Path file : files.list(directory, SUFFIX)) {
                Letter letter = new Letter(file, files.sizeBytes(file));
                kept.addLast(letter);
                bytes += letter.bytes();
            }
            letters = kept;
        } else {
            kept.addLast(newest);
            bytes += newest.bytes();
        }
        while (kept.size() > 1 && (bytes > maxBytes || kept.size() > MAX_FILES)) {
            Letter oldest = kept.removeFirst();
            LOG.warn("dead letters have reached their limit, the oldest is removed file={}", oldest.file());
            bytes -= oldest.bytes();
            files.delete(oldest.file());
        }
    }
}
