package dev.ctstream.spool;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.SegmentFormat;
import dev.ctstream.segment.SegmentHeaderTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Fills a spool with decodable batches, for tests of other packages. */
public final class SpoolWriter implements AutoCloseable {
    /** The run that writes. */
    public static final RunIdentity RUN = new RunIdentity("host-1", "boot-1", 1_795_244_000_000_000_000L);

    private final TestSpool spool;

    /** Opens a directory. */
    public SpoolWriter(Path directory) throws IOException {
        spool = new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).clock(RUN::streamEpoch));
    }

    /** Appends one batch. */
    public void append(StreamId stream, long first, int count) throws IOException {
        spool.handOver(MadeBatches.decodable(RUN, stream, first, count));
        spool.pass();
    }

    /** Hands batches out and acknowledges them. */
    public void acknowledge(int batches) throws IOException {
        for (int i = 0; i < batches; i++) {
            spool.acknowledge(readNext().envelope().number());
        }
    }

    /** Sets the next batch aside. */
    public void refuse() throws IOException {
        QueuedBatch batch = readNext();
        spool.setAside(batch);
        spool.acknowledge(batch.envelope().number());
    }

    private QueuedBatch readNext() throws IOException {
        return spool.onPublisher(
                () -> Objects.requireNonNull(spool.spool.events().next()));
    }

    /** Sets a segment's version to a future one. */
    public static void makeLater(Path segment) throws IOException {
        setVersion(segment, SegmentFormat.VERSION + 1);
    }

    static void setVersion(Path segment, int version) throws IOException {
        byte[] bytes = Files.readAllBytes(segment);
        ByteBuffer header = ByteBuffer.wrap(bytes);
        header.putShort(SegmentFormat.SEGMENT_VERSION_OFFSET, (short) version);
        SegmentHeaderTest.fixChecksum(header);
        Files.write(segment, bytes);
    }

    /** Reports the end of the run and closes the spool. */
    @Override
    public void close() throws IOException {
        spool.control(TestSpool.OWN, ControlRecords.stopped());
        spool.close();
    }
}
