package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.segment.Amount;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentHeader;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.segment.SegmentWriter;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Inspecting a spool from outside: the report must be correct and must not disturb the collector. */
class SpoolReportTest {
    private static final long LIVE_NANOS = 2_000_000_000L;

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("spool");
    }

    private static SpoolReport verify(Path directory) throws IOException {
        return SpoolReport.verify(directory, (done, all) -> {});
    }

    private TestSpool open() throws IOException {
        return new TestSpool(TestSpool.config(directory()));
    }

    private void fill(int segments) throws IOException {
        try (TestSpool spool = open()) {
            while (TestSpool.segments(directory()).size() < segments) {
                spool.append(1, 20);
            }
            spool.append(2, 5);
        }
    }

    /** Numbers of the control records, then of the batches of events. */
    private static List<Long> read(Path directory) throws IOException {
        List<Long> numbers = new ArrayList<>(read(directory, BatchEnvelope.CONTROL));
        numbers.addAll(readEvents(directory));
        return numbers;
    }

    private static List<Long> readEvents(Path directory) throws IOException {
        return read(directory, BatchEnvelope.EVENTS);
    }

    private static List<Long> read(Path directory, int kind) throws IOException {
        List<Long> numbers = new ArrayList<>();
        try (SpoolReader reader = SpoolReader.segments(directory)) {
            while (reader.next()) {
                if (reader.envelope().kind() == kind) {
                    numbers.add(reader.envelope().number());
                }
            }
        }
        return numbers;
    }

    @Test
    void listAndVerifyAgreeWithWhatWasAppended() throws IOException {
        try (TestSpool spool = open()) {
            while (TestSpool.segments(directory()).size() < 3) {
                spool.append(1, 20);
            }
            spool.appendControl();
            long last = spool.spool.events().unacknowledged();
            long records = spool.spool.control().unacknowledged();
            for (SpoolReport report : List.of(SpoolReport.list(directory()), verify(directory()))) {
                assertThat(report.collector()).hasValue(ProcessHandle.current().pid());
                assertThat(report.run()).isEqualTo(spool.run);
                assertThat(report.clean()).isFalse();
                assertThat(report.segments())
                        .extracting(SpoolFile::state)
                        .containsExactly(SpoolFile.State.SEALED, SpoolFile.State.SEALED, SpoolFile.State.OPEN);
                assertThat(report.waiting()).isEqualTo(new Amount(last, last * TestSpool.COUNT));
                assertThat(report.waitingControlRecords()).isEqualTo(records).isEqualTo(2);
                assertThat(report.streams()).isEqualTo(1);
                assertThat(report.control()).singleElement().satisfies(file -> {
                    assertThat(file.state()).isEqualTo(SpoolFile.State.OPEN);
                    assertThat(file.unfinishedBytes()).as("reserved zeros").isZero();
                });
                assertThat(report.segments()).allMatch(segment -> segment.firstNanos() >= spool.run.streamEpoch());
                assertThat(report.whole()).isTrue();
            }
        }
    }

    @Test
    void acknowledgedDataDoesNotCountAsWaiting() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 10);
            spool.readAll();
            spool.acknowledge(4);
            spool.stop();
        }
        assertThat(SpoolReport.list(directory()).waiting()).isEqualTo(new Amount(6, 60));
        assertThat(SpoolReport.list(directory()).clean()).isTrue();
        assertThat(SpoolReport.list(directory()).collector()).isEmpty();
    }

    @Test
    void aSpoolInUseIsNeverReportedAsDamagedOrMissing() throws Exception {
        SpoolConfig config =
                new SpoolConfig(directory(), 1 << 20, 64 << 10, 1 << 20, 20, SpoolConfig.WhenFull.DROP_OLDEST);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        long end = System.nanoTime() + LIVE_NANOS;
        int surveys = 0;
        try (TestSpool spool = new TestSpool(config)) {
            Thread spoolThread = new Thread(spool.spool, "spool");
            spoolThread.start();
            Thread worker = new Thread(() -> work(spool, end), "receive-and-publish");
            worker.setUncaughtExceptionHandler((thread, e) -> failure.set(e));
            worker.start();
            try {
                for (; System.nanoTime() - end < 0; surveys++) {
                    SpoolReport.list(directory());
                    SpoolReport report = verify(directory());
                    assertThat(report.whole()).as("%s", report).isTrue();
                    assertThat(readEvents(directory())).isSorted().doesNotHaveDuplicates();
                }
            } finally {
                worker.join();
                spool.spool.stop();
                spoolThread.join();
            }
            assertThat(failure.get()).isNull();
            spool.readControl();
            assertThat(spool.topics.declaredEvents()).as("dropped events").isPositive();
        }
        assertThat(surveys).isGreaterThan(3);
    }

    /**
     * Alternately fills the spool until old segments are dropped, and drains it; loses and declares batches meanwhile.
     */
    private static void work(TestSpool spool, long end) {
        try {
            for (int made = 0; System.nanoTime() - end < 0; ) {
                if (spool.ring.inFlightBytes() < 4 << 20) {
                    spool.handOver(spool.made(MadeBatches.stream("host", made % 3), TestSpool.COUNT, 2000));
                    if (++made % 100 == 0) {
                        spool.offer(TestSpool.OWN, ControlRecords.heartbeat());
                    }
                }
                if (made % 2000 > 1000) { // twice as many as the spool holds
                    publish(spool.spool.control(), spool);
                    publish(spool.spool.events(), spool);
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void publish(BatchQueue queue, TestSpool spool) throws IOException {
        QueuedBatch batch = queue.next();
        if (batch != null) {
            if (queue == spool.spool.control()) {
                spool.topics.control(batch);
            }
            queue.acknowledge(batch.envelope().number());
        }
    }

    @Test
    void batchesAppendedDuringTheInspectionAreNotMissing() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 5);
            SpoolReport report = SpoolReport.verify(directory(), (done, all) -> {
                spool.append(1, 5);
                awaitStored(spool, state -> state.events().next().number() == 11);
            });
            assertThat(report.whole()).isTrue();
            assertThat(report.segments().get(0).appended()).isEqualTo(new Amount(5, 50));
        }
    }

    @Test
    void segmentsDeletedDuringTheInspectionAreNotMissing() throws IOException {
        fill(4);
        try (TestSpool spool = open()) {
            SpoolReport report = SpoolReport.verify(directory(), (done, all) -> {
                List<Long> numbers = read(spool);
                if (!numbers.isEmpty()) {
                    spool.spool.events().acknowledge(numbers.get(numbers.size() - 1));
                    awaitStored(spool, state -> !Files.exists(directory().resolve("0000000000000001.segment")));
                }
            });
            assertThat(report.whole()).isTrue();
            assertThat(report.segments()).hasSize(1);
            assertThat(report.waiting()).isEqualTo(Amount.NONE);
        }
    }

    private static List<Long> read(TestSpool spool) {
        try {
            return spool.readAll();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs rounds of the spool thread until it has stored the wanted values. */
    private void awaitStored(TestSpool spool, Predicate<SpoolCheckpoint.Values> wanted) {
        long deadline = System.nanoTime() + 5_000_000_000L;
        try {
            while (!wanted.test(Objects.requireNonNull(
                    SpoolCheckpoint.read(SpoolFileSystem.HOST, SpoolDirectory.stateFile(directory()))))) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                spool.spool.pass(10_000_000);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void anInspectionChangesNothingAndBlocksNoCollector() throws Exception {
        fill(2);
        List<String> before = files();
        AtomicInteger looks = new AtomicInteger();
        AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
        Thread looker = new Thread(() -> {
            try {
                while (!Thread.currentThread().isInterrupted()) {
                    verify(directory());
                    SpoolReport.list(directory());
                    read(directory());
                    looks.incrementAndGet();
                }
            } catch (IOException | RuntimeException e) {
                if (!Thread.currentThread().isInterrupted()) { // an interrupted thread gets its directory closed
                    failure.set(e);
                }
            }
        });
        verify(directory());
        read(directory());
        assertThat(files()).isEqualTo(before);
        looker.start();
        for (int i = 0; i < 50; i++) {
            open().close(); // would fail because the directory is in use
        }
        looker.interrupt();
        looker.join();
        assertThat(failure.get()).isNull();
        assertThat(looks.get()).isPositive();
    }

    private List<String> files() throws IOException {
        try (var files = Files.list(directory())) {
            List<String> list = new ArrayList<>();
            for (Path file : files.sorted().toList()) {
                list.add(file + " " + Files.size(file) + " " + Files.getLastModifiedTime(file));
            }
            return list;
        }
    }

    @Test
    void damageIsCountedAndNamed() throws IOException {
        fill(2);
        destroyBodyOf(3);
        SpoolReport report = verify(directory());
        assertThat(report.whole()).isFalse();
        assertThat(report.damage()).isEqualTo(new Amount(1, 10));
        assertThat(report.lost()).isEqualTo(new Amount(1, 10));
        assertThat(Objects.requireNonNull(report.segments().get(0).found()).losses())
                .singleElement()
                .satisfies(loss -> {
                    assertThat(loss.stream()).isEqualTo(MadeBatches.stream("host", 1));
                    assertThat(loss.firstSequence()).isEqualTo(20);
                    assertThat(loss.nextSequence()).isEqualTo(30);
                });
    }

    @Test
    void damageToPublishedDataIsNoLoss() throws IOException {
        fill(2);
        try (TestSpool spool = open()) {
            spool.readAll();
            spool.acknowledge(10);
        }
        destroyBodyOf(3);
        SpoolReport report = verify(directory());
        assertThat(report.damage()).isEqualTo(new Amount(1, 10));
        assertThat(report.lost()).isEqualTo(Amount.NONE);
        assertThat(report.whole()).isFalse();
    }

    private void destroyBodyOf(long number) throws IOException {
        Path file = TestSpool.segments(directory()).get(0);
        long offset = 0;
        try (SegmentReader reader = SegmentReader.open(SpoolFileSystem.HOST, file)) {
            while (reader.next() && reader.envelope().number() <= number) {
                offset = reader.position();
            }
        }
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.position(offset - 100).write(ByteBuffer.allocate(50));
        }
    }

    @Test
    void batchesOfADeletedOrUnreadableFileAreMissing() throws IOException {
        fill(4);
        List<Path> files = TestSpool.segments(directory());
        Amount second = SpoolReport.list(directory()).segments().get(1).appended();
        Amount third = SpoolReport.list(directory()).segments().get(2).appended();
        Files.delete(files.get(1));
        byte[] garbage = new byte[2000];
        Arrays.fill(garbage, (byte) 7);
        Files.write(files.get(2), garbage);
        SpoolReport report = verify(directory());
        assertThat(report.missing()).isEqualTo(second.plus(third));
        assertThat(report.lost()).isEqualTo(report.missing());
        assertThat(report.segments().get(2).state()).isEqualTo(SpoolFile.State.UNREADABLE);
        assertThat(report.segments().get(2).problem()).contains("does not begin with a segment header");
        Files.delete(files.get(3));
        assertThat(verify(directory()).missing().batches())
                .isGreaterThan(report.missing().batches());
    }

    @Test
    void theTornTailOfAKilledRunDoesNotCountAsDamage() throws IOException {
        Path left = temporary.resolve("left");
        try (TestSpool spool = open()) {
            spool.append(1, 5);
            TestSpool.crashed(directory(), left);
        }
        byte[] torn = new byte[77];
        torn[0] = 1;
        Files.write(TestSpool.segments(left).get(0), torn, StandardOpenOption.APPEND);
        Files.createFile(left.resolve("0000000000000099.segment"));
        SpoolReport report = verify(left);
        assertThat(report.whole()).isTrue();
        assertThat(report.segments().get(0).unfinishedBytes()).isEqualTo(77);
        assertThat(report.segments().get(1).state()).isEqualTo(SpoolFile.State.BEGUN);
        assertThat(readEvents(left))
                .isEqualTo(LongStream.rangeClosed(1, 5).boxed().toList());
    }

    @Test
    void batchesWhoseNumbersWereReusedDoNotCount() throws IOException {
        fill(1);
        Path given = TestSpool.segments(directory()).get(0);
        Path again = temporary.resolve("again");
        try (TestSpool spool = new TestSpool(TestSpool.config(again))) {
            spool.append(1, 40);
            Path taken = TestSpool.segments(again).get(0);
            SegmentHeader header;
            try (SegmentReader reader = SegmentReader.open(SpoolFileSystem.HOST, taken)) {
                header = reader.header();
            }
            SpoolPosition tenth = new SpoolPosition(10, 90);
            Path later = directory().resolve("0000000000000500.segment");
            try (SegmentWriter writer = SegmentWriter.create(
                    later,
                    SpoolFileSystem.HOST.createNew(later),
                    new SegmentHeader(500, BatchEnvelope.EVENTS, tenth, header.identity(), 1),
                    0)) {
                writer.seal(tenth, 1);
            }
        }
        assertThat(SpoolReport.list(directory()).segments())
                .extracting(SpoolFile::file)
                .contains(given);
        assertThat(readEvents(directory()))
                .isEqualTo(LongStream.rangeClosed(1, 9).boxed().toList());
        assertThat(verify(directory()).segments().get(0).appended()).isEqualTo(new Amount(9, 90));
    }

    @Test
    void aFileDeletedBeforeItIsReadIsSkipped() throws IOException {
        fill(3);
        long second = SpoolReport.list(directory()).segments().get(1).first().number();
        long third = SpoolReport.list(directory()).segments().get(2).first().number();
        List<Long> numbers = new ArrayList<>();
        try (SpoolReader reader = SpoolReader.segments(directory())) {
            do {
                assertThat(reader.next()).isTrue();
            } while (reader.envelope().kind() == BatchEnvelope.CONTROL);
            Files.delete(TestSpool.segments(directory()).get(0)); // an open file can still be read
            Files.delete(TestSpool.segments(directory()).get(0));
            while (reader.next()) {
                numbers.add(reader.envelope().number());
            }
            assertThat(reader.deletedFiles()).isEqualTo(1);
            assertThat(reader.damagedBytes()).isZero();
        }
        assertThat(numbers).contains(second - 1, third).doesNotContain(second, third - 1);
    }

    @Test
    void aLaterVersionIsNamedAndDoesNotCountAsDamage() throws IOException {
        fill(1);
        Path file = TestSpool.segments(directory()).get(0);
        SpoolWriter.makeLater(file);
        for (var look : List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
                () -> verify(directory()), () -> SpoolReport.list(directory()), () -> read(directory()))) {
            assertThatThrownBy(look)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(file + " cannot be read: it has version 4")
                    .hasMessageContaining("use the version of ctstream that wrote it");
        }
    }

    @Test
    void aPathThatIsNotASpoolIsNamedWithTheRemedy() throws IOException {
        Path file = Files.createFile(temporary.resolve("file"));
        Path empty = Files.createDirectory(temporary.resolve("empty"));
        assertThatThrownBy(() -> verify(temporary.resolve("none")))
                .hasMessage("spool directory " + temporary.resolve("none")
                        + " does not exist; ctstream run --dump-config shows spool.directory");
        assertThatThrownBy(() -> read(file)).hasMessageContaining(file + " is a file");
        assertThatThrownBy(() -> SpoolReport.list(empty)).hasMessageContaining(empty + " is not a spool");
        assertThat(SpoolInspector.readable(empty, new AccessDeniedException("/a/b")))
                .hasMessageContaining(
                        "cannot be read: /a/b: EACCES (13) Permission denied; run this as the collector's user");
    }
}
