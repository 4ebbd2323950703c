package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A spool whose thread is the test's, with a ring and an outbox that the test fills, and a publisher on a thread of its
 * own. The test's thread waits for what the publisher does, and makes passes while the publisher waits for a GAP. Each
 * one is its own run.
 */
final class TestSpool implements AutoCloseable {
    static final int COUNT = 10;
    static final int BODY_BYTES = 240;
    /** Control stream of the collector's own namespace. */
    static final StreamId OWN = StreamId.control("host", "id-host");

    private static long epochs = 1_795_244_000_000_000_000L;

    final BatchRing ring = new BatchRing(1 << 15, 1L << 30);
    final ControlOutbox outbox = new ControlOutbox(ring);
    final Health health = new Health();
    final Metrics metrics = new Metrics();
    final Spool spool;
    final RunIdentity run;
    final Topics topics;
    private final Map<StreamId, Long> sequences = new HashMap<>();
    private final Map<Long, Topics.ControlFrame> controlFrames = new TreeMap<>();
    private final AtomicReference<@Nullable Thread> publisherThread = new AtomicReference<>();
    private final ExecutorService publisher = Executors.newSingleThreadExecutor(this::publisherThread);
    private volatile boolean publishing;
    private long controlRead;
    private boolean closed;

    /**
     * How it is opened.
     *
     * @param started whether STARTED of the own namespace is offered at once
     * @param topics where what is read arrives
     */
    record Setup(SpoolConfig config, SpoolFileSystem files, LongSupplier clock, boolean started, Topics topics) {
        static Setup of(SpoolConfig config) {
            return new Setup(config, SpoolFileSystem.HOST, TestSpool::nextEpoch, true, new Topics());
        }

        Setup files(SpoolFileSystem other) {
            return new Setup(config, other, clock, started, topics);
        }

        Setup clock(LongSupplier other) {
            return new Setup(config, files, other, started, topics);
        }

        Setup withoutStarted() {
            return new Setup(config, files, clock, false, topics);
        }

        Setup topics(Topics other) {
            return new Setup(config, files, clock, started, other);
        }
    }

    TestSpool(SpoolConfig config) throws IOException {
        this(Setup.of(config));
    }

    TestSpool(Setup setup) throws IOException {
        topics = setup.topics();
        try {
            spool = Spool.open(
                    new Spool.Parts(
                            setup.config(),
                            new Spool.Host("host-1", "boot-1", "node-1"),
                            ring,
                            outbox,
                            OWN,
                            new SpoolMetrics(metrics),
                            health),
                    setup.files(),
                    setup.clock(),
                    StageClock.HOST);
        } catch (IOException | RuntimeException e) {
            publisher.shutdown();
            metrics.close();
            throw e;
        }
        run = spool.identity();
        spool.begin();
        if (setup.started()) {
            control(OWN, ControlRecords.started());
        }
    }

    private Thread publisherThread(Runnable action) {
        Thread thread = new Thread(action, "publisher");
        thread.setDaemon(true);
        publisherThread.set(thread);
        return thread;
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
        return config(directory, maxBytes, 1 << 20, whenFull);
    }

    static SpoolConfig config(Path directory, long maxBytes, long controlBytes, SpoolConfig.WhenFull whenFull) {
        return new SpoolConfig(directory, maxBytes, 64 << 10, controlBytes, 1000, whenFull);
    }

    /** The next batch of the stream; not in the ring yet. */
    EncodedBatch made(StreamId stream, int count, int bodyBytes) {
        long first = sequences.merge(stream, (long) count, Long::sum) - count;
        return MadeBatches.events(run, stream, first, count, bodyBytes);
    }

    /** The sequence after the last one that was {@link #made}, of each stream. */
    Map<AcknowledgedPosition.RunStream, Long> madeUpTo() {
        Map<AcknowledgedPosition.RunStream, Long> next = new HashMap<>();
        sequences.forEach((stream, end) -> next.put(new AcknowledgedPosition.RunStream(run, stream), end));
        return next;
    }

    /** Appends batches of {@value #COUNT} events of one zone. */
    void append(int zone, int batches) {
        for (int i = 0; i < batches; i++) {
            handOver(made(MadeBatches.stream("host", zone), COUNT, BODY_BYTES));
        }
        pass();
    }

    /** Offers a record and makes a pass. */
    void control(StreamId namespace, ControlRecord record) {
        offer(namespace, record);
        pass();
    }

    /** Appends a record that nothing depends on. */
    void appendControl() {
        control(OWN, ControlRecords.mode());
    }

    /** Offers a record. */
    void offer(StreamId namespace, ControlRecord record) {
        assertThat(outbox.offer(namespace, record, 1_795_244_000_000L)).isTrue();
    }

    /** Offers a record that follows all batches in the ring. */
    void offerAfterEvents(StreamId namespace, ControlRecord record) {
        assertThat(outbox.offerAfterEvents(namespace, record, 1_795_244_000_000L))
                .isTrue();
    }

    void handOver(EncodedBatch batch) {
        assertThat(ring.offer(batch)).isTrue();
    }

    /** Runs a round of the spool thread. */
    void pass() {
        spool.pass(0);
    }

    /** A condition that a later pass brings about. */
    interface Condition {
        boolean holds() throws IOException;
    }

    /** Makes passes until the condition holds. */
    void await(String what, Condition condition) throws IOException {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as("waiting for: %s", what).isLessThan(deadline);
            spool.pass(10_000_000);
        }
    }

    /** Makes passes until the stored position is that of now. */
    void awaitStored(Path directory) throws IOException {
        await("position is stored", () -> {
            SpoolCheckpoint.Values stored =
                    SpoolCheckpoint.read(SpoolFileSystem.HOST, SpoolDirectory.stateFile(directory));
            return stored != null
                    && stored.events().acknowledged().number() == acknowledgedNumber() + 1
                    && stored.control().acknowledged().number() == ((Chain) spool.control()).acknowledged.number() + 1;
        });
    }

    /** Makes passes until the ring is empty. */
    void takeAll() {
        while (ring.size() > 0) {
            pass();
        }
        pass();
    }

    /** Does something on the publisher's thread; makes passes while that waits for a GAP. */
    <T> T onPublisher(Callable<T> action) throws IOException {
        Future<T> done = publisher.submit(() -> {
            publishing = true;
            try {
                return action.call();
            } finally {
                publishing = false;
            }
        });
        while (!done.isDone()) {
            Thread thread = publisherThread.get();
            if (publishing && thread != null && thread.getState() == Thread.State.TIMED_WAITING) {
                spool.pass(0);
            } else {
                Thread.onSpinWait();
            }
        }
        try {
            return done.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new AssertionError(e.getCause());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The next batch of events; null when there is none, or a GAP must be acknowledged first. */
    @Nullable
    QueuedBatch next() throws IOException {
        return onPublisher(this::nextHere);
    }

    private @Nullable QueuedBatch nextHere() throws IOException {
        QueuedBatch batch = spool.events().next();
        if (batch != null) {
            assertBody(batch);
            topics.event(batch);
        }
        return batch;
    }

    /** Everything that can be read now, by number, see {@link #readAllBatches}. */
    List<Long> readAll() throws IOException {
        return readAllBatches().stream().map(BatchEnvelope::number).toList();
    }

    /** All events that can be read now, while Kafka acknowledges the control records at once. */
    List<BatchEnvelope> readAllBatches() throws IOException {
        List<BatchEnvelope> batches = new ArrayList<>();
        acknowledgeControl();
        boolean more = true;
        while (more) {
            List<BatchEnvelope> some = onPublisher(this::drain);
            batches.addAll(some);
            more = !some.isEmpty() || !acknowledgeControl().isEmpty();
        }
        return batches;
    }

    private List<BatchEnvelope> drain() throws IOException {
        List<BatchEnvelope> batches = new ArrayList<>();
        for (QueuedBatch batch = nextHere(); batch != null; batch = nextHere()) {
            batches.add(batch.envelope());
        }
        return batches;
    }

    /** Reads the control records that are handed out now. */
    List<Topics.ControlFrame> readControl() throws IOException {
        return onPublisher(() -> {
            List<Topics.ControlFrame> frames = new ArrayList<>();
            BatchQueue queue = spool.control();
            for (QueuedBatch record = queue.next(); record != null; record = queue.next()) {
                Topics.ControlFrame frame = topics.control(record);
                frames.add(frame);
                controlRead = Math.max(controlRead, record.envelope().number());
                controlFrames.put(record.envelope().number(), frame);
            }
            return frames;
        });
    }

    /** Reads and acknowledges the control records that are handed out now. */
    List<Topics.ControlFrame> acknowledgeControl() throws IOException {
        List<Topics.ControlFrame> frames = readControl();
        if (controlRead > 0) {
            onPublisher(() -> {
                spool.control().acknowledge(controlRead);
                return controlRead;
            });
        }
        return frames;
    }

    /** Acknowledges events up to this number. */
    void acknowledge(long number) throws IOException {
        onPublisher(() -> {
            spool.events().acknowledge(number);
            return number;
        });
    }

    void rewind() throws IOException {
        onPublisher(() -> {
            spool.events().rewind();
            return 0;
        });
    }

    void rewindControl() throws IOException {
        onPublisher(() -> {
            spool.control().rewind();
            return 0;
        });
    }

    boolean setAside(QueuedBatch batch) throws IOException {
        return onPublisher(() -> spool.setAside(batch, "refused by a test"));
    }

    /** All control records that this spool has handed out, once each. */
    List<Topics.ControlFrame> controlFrames() {
        return List.copyOf(controlFrames.values());
    }

    /** All losses that this spool has declared so far; Kafka acknowledges their GAP records. */
    List<DeclaredGap> gaps() throws IOException {
        acknowledgeControl();
        return controlFrames.values().stream()
                .filter(Topics.ControlFrame::isGap)
                .map(DeclaredGap::of)
                .toList();
    }

    /** The lost ranges of all {@link #gaps}. */
    List<DeclaredGap.Range> lostRanges() throws IOException {
        return gaps().stream().flatMap(gap -> gap.ranges().stream()).toList();
    }

    long lostBatches() throws IOException {
        return gaps().stream()
                .mapToLong(gap -> gap.batches() == null ? 0 : gap.batches())
                .sum();
    }

    long lostEvents() throws IOException {
        return gaps().stream().mapToLong(DeclaredGap::events).sum();
    }

    /** Number of the last batch of events up to which Kafka has everything. */
    long acknowledgedNumber() {
        return appendedNumber() - spool.events().unacknowledged();
    }

    /** Number of the last batch of events that the publisher may see. */
    long appendedNumber() {
        return ((Chain) spool.events()).recent.appendedNext() - 1;
    }

    /** Checks that the bytes were made for this stream and sequence, by the named run. */
    void assertBody(QueuedBatch batch) {
        BatchEnvelope envelope = batch.envelope();
        RunIdentity by = batch.identity();
        EncodedBatch expected = MadeBatches.events(
                by, envelope.stream(), envelope.firstSequence(), envelope.count(), bodyBytes(by, batch));
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

    boolean healthy() {
        return !health.reasons().containsKey("spool");
    }

    /** Why a component is red; empty when it is not. */
    String red(String component) {
        return health.reasons().getOrDefault(component, "");
    }

    /** Ends as a run does: STOPPED is its last record. */
    void stop() throws IOException {
        offerAfterEvents(OWN, ControlRecords.stopped());
        pass();
        pass();
        close();
    }

    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            publisher.shutdown();
            spool.close();
            metrics.close();
        }
    }

    /** Copies the files that a process would leave if it died now. */
    static Path crashed(Path directory, Path into) throws IOException {
        Files.createDirectories(into);
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = into.resolve(directory.relativize(file));
                if (!file.endsWith("lock")) {
                    Files.createDirectories(copy.resolveSibling("."));
                    Files.copy(file, copy);
                }
            }
        }
        return into;
    }

    static List<Path> segments(Path directory) throws IOException {
        return ChainDirectory.events(SpoolFileSystem.HOST, directory).segments();
    }

    static List<Path> controlSegments(Path directory) throws IOException {
        return ChainDirectory.control(SpoolFileSystem.HOST, directory).segments();
    }
}
