package dev.ctstream.bench;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.spool.FrameFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Nanoseconds per event from a closed batch to the page cache: frame, checksums, write(2). */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SpoolAppendBenchmark {
    private static final int EVENTS = 16_384;
    private static final long SEGMENT_BYTES = 64 << 20;

    /** Events in a batch: with many zones, batches are small. */
    @Param({"8", "128", "512"})
    public int batchEvents;

    private List<EncodedBatch> batches = List.of();
    private Path directory = Path.of("");
    private FrameFile file = none();
    private int files;
    private long written;

    @SuppressWarnings("NullAway") // made by the first iteration
    private static FrameFile none() {
        return null;
    }

    /** Creates the batches. */
    @Setup
    public void prepare() throws IOException {
        batches = VariedBatches.make(EVENTS / batchEvents, batchEvents);
        directory = Files.createTempDirectory("spool-append");
    }

    /** Opens a segment. */
    @Setup(Level.Iteration)
    public void open() throws IOException {
        file = new FrameFile(directory.resolve("segment-" + files++), VariedBatches.RUN);
    }

    /** Removes the segments. */
    @TearDown(Level.Iteration)
    public void close() throws IOException {
        file.close();
        try (var all = Files.list(directory)) {
            for (Path segment : all.toList()) {
                Files.delete(segment);
            }
        }
    }

    /** Appends all batches, in writes of a megabyte. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public long append() throws IOException {
        for (EncodedBatch batch : batches) {
            file.append(batch);
            written += batch.lengthBytes();
        }
        file.flush();
        if (written > SEGMENT_BYTES) {
            written = 0;
            close();
            open();
        }
        return written;
    }
}
