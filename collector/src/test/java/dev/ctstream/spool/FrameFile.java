package dev.ctstream.spool;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentHeader;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.segment.SegmentWriter;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.Consumer;

/** A segment written as the spool writes it, but without the rest of the spool; for benchmarks. */
public final class FrameFile implements AutoCloseable {
    private final SegmentWriter writer;
    private final RunIdentity identity;
    private final PendingFrames pending = new PendingFrames(SpoolFileSystem.HOST);
    private SpoolPosition next = SpoolPosition.START;

    /** Creates the file. */
    public FrameFile(Path file, RunIdentity run) throws IOException {
        writer = SegmentWriter.create(
                file,
                SpoolFileSystem.HOST.createNew(file),
                new SegmentHeader(1, BatchEnvelope.EVENTS, next, run, 1),
                0);
        identity = run;
    }

    /** Encodes a batch as a frame; writes when the buffer is full. */
    public void append(EncodedBatch batch) throws IOException {
        batch.number(next.number());
        long bytes = pending.frameBytes(batch.stream(), batch.lengthBytes());
        if (pending.bytes() + bytes > PendingFrames.BUFFER_BYTES) {
            flush();
        }
        BatchEnvelope envelope = BatchEnvelope.of(next, batch);
        pending.add(QueuedBatch.inMemory(envelope, identity, batch));
        next = envelope.next();
    }

    /** Writes the buffered frames. */
    public void flush() throws IOException {
        if (!pending.isEmpty()) {
            writer.append(pending.frames());
            pending.batches().forEach(batch -> writer.noteAppended(batch.envelope()));
            pending.clear();
        }
    }

    /** fdatasync(2). */
    public void sync() throws IOException {
        writer.sync();
    }

    /** Writes the buffered frames and the index. */
    public void finish() throws IOException {
        flush();
        writer.seal(next, 1);
    }

    /** Reads the file and skips damage; passes on each batch with a valid checksum. */
    public static void read(Path file, Consumer<ByteBuffer> body) throws IOException {
        try (SegmentReader reader = SegmentReader.open(SpoolFileSystem.HOST, file)) {
            while (reader.next()) {
                body.accept(reader.body());
            }
        }
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }
}
