package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.Loss;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A spool that runs on the test's thread, with a ring that the test fills. Each one is its own run. */
final class TestSpool implements AutoCloseable {
    static final int COUNT = 10;
    static final int BODY_BYTES = 240;
    private static long epochs = 1_795_244_000_000_000_000L;

    final RunIdentity run;
    final BatchRing ring = new BatchRing(1 << 15, 1L << 30);
    final List<Loss> losses = new CopyOnWriteArrayList<>();
    final Health health = new Health();
    final Metrics metrics = new Metrics();
    final Spool spool;
    private final Map<StreamId, Long> sequences = new HashMap<>();
    private boolean closed;

    TestSpool(SpoolConfig config) throws IOException {
        this(config, new RunIdentity("host-1", "boot-1", nextEpoch()));
    }

    TestSpool(SpoolConfig config, RunIdentity run) throws IOException {
        this.run = run;
        spool = Spool.open(new Spool.Parts(config, run, ring, losses::add, new SpoolMetrics(metrics), health));
        spool.begin();
    }

    private static synchronized long nextEpoch() {
        epochs += 1_000_000_000_000L;
        return epochs;
    }

    /** 64 KiB segments, far from full. */
    static SpoolConfig config(Path directory) {
        return config(directory, 1L << 30, SpoolConfig.WhenFull.DROP_OLDEST);
    }

    static SpoolConfig config(Path directory, long maxBytes, SpoolConfig.WhenFull whenFull) {
        return new SpoolConfig(directory, maxBytes, 64 << 10, 1000, whenFull);
    }

    /** The next batch of the stream; not in the ring yet. */
    EncodedBatch made(StreamId stream, int count, int bodyBytes) {
        long first = sequences.merge(stream, (long) count, Long::sum) - count;
        return MadeBatches.events(run, stream, first, count, bodyBytes);
    }

    /** Appends batches of {@value #COUNT} events of one zone. */
    void append(int zone, int batches) {
        for (int i = 0; i < batches; i++) {
            handOver(made(MadeBatches.stream("host", zone), COUNT, BODY_BYTES));
        }
        pass();
    }

    void appendControl(String netns) {
        StreamId stream = MadeBatches.stream(netns, StreamId.CONTROL_ZONE);
        handOver(MadeBatches.control(run, netns, sequences.merge(stream, 1L, Long::sum) - 1, 100));
        pass();
    }

    void handOver(EncodedBatch batch) {
        assertThat(ring.offer(batch)).isTrue();
    }

    /** Runs a round of the spool thread. */
    void pass() {
        spool.pass(0);
    }

    @Nullable
    QueuedBatch next() throws IOException {
        QueuedBatch batch = spool.next(0);
        if (batch != null) {
            assertBody(batch);
        }
        return batch;
    }

    /** Everything that can be read now, by number. */
    List<Long> readAll() throws IOException {
        return readAllBatches().stream().map(BatchEnvelope::number).toList();
    }

    List<BatchEnvelope> readAllBatches() throws IOException {
        List<BatchEnvelope> batches = new ArrayList<>();
        for (QueuedBatch batch = next(); batch != null; batch = next()) {
            batches.add(batch.envelope());
        }
        return batches;
    }

    /** Checks that the bytes were made for this stream and sequence, by the named run. */
    void assertBody(QueuedBatch batch) {
        BatchEnvelope envelope = batch.envelope();
        RunIdentity by = batch.identity() == null ? run : batch.identity();
        StreamId stream = envelope.stream();
        boolean control = envelope.kind() == EncodedBatch.CONTROL;
        EncodedBatch expected = control
                ? MadeBatches.control(by, stream.netns(), envelope.firstSequence(), 100)
                : MadeBatches.events(by, stream, envelope.firstSequence(), envelope.count(), bodyBytes(by, batch));
        expected.number(envelope.logIndex());
        assertThat(Arrays.equals(
                        batch.array(),
                        batch.offset(),
                        batch.offset() + batch.lengthBytes(),
                        expected.array(),
                        expected.offset(),
                        expected.offset() + expected.lengthBytes()))
                .as("bytes of %s", envelope)
                .isTrue();
    }

    private static int bodyBytes(RunIdentity by, QueuedBatch batch) {
        BatchEnvelope envelope = batch.envelope();
        EncodedBatch empty = MadeBatches.events(by, envelope.stream(), envelope.firstSequence(), envelope.count(), 0);
        empty.number(envelope.logIndex());
        return batch.lengthBytes() - empty.lengthBytes();
    }

    long lostBatches() {
        return losses.stream().mapToLong(Loss::batches).sum();
    }

    long lostEvents() {
        return losses.stream().mapToLong(Loss::events).sum();
    }

    boolean healthy() {
        return !health.reasons().containsKey("spool");
    }

    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            spool.close();
            metrics.close();
        }
    }

    /** Copies the files that a process would leave if it died now. */
    static Path crashed(Path directory, Path into) throws IOException {
        Files.createDirectories(into);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(f -> !f.endsWith("lock")).toList()) {
                Files.copy(file, into.resolve(String.valueOf(file.getFileName())));
            }
        }
        return into;
    }

    static List<Path> segments(Path directory) throws IOException {
        return SpoolDirectory.segments(directory);
    }
}
