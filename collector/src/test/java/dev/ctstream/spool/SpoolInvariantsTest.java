package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The invariants of the package documentation, by number. DamageTest covers those about damage. */
class SpoolInvariantsTest {
    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("spool");
    }

    private TestSpool open() throws IOException {
        return new TestSpool(TestSpool.config(directory()));
    }

    private static List<Long> numbers(long first, long last) {
        return LongStream.rangeClosed(first, last).boxed().toList();
    }

    @Test
    void invariant1ABatchIsInItsSegmentBeforeThePublisherSeesIt() throws IOException {
        try (TestSpool spool = open()) {
            spool.handOver(spool.made(MadeBatches.stream("host", 1), 3, 50));
            assertThat(spool.next()).isNull();
            spool.pass();
            try (SegmentReader reader = SegmentReader.open(
                    SpoolFileSystem.HOST, TestSpool.segments(directory()).get(0))) {
                assertThat(reader.next()).isTrue();
                assertThat(reader.envelope())
                        .isEqualTo(Objects.requireNonNull(spool.next()).envelope());
            }
        }
    }

    @Test
    void logIndexNumbersTheAppendsOfEachRunFromZeroOverBothChains() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 2);
            spool.offer(TestSpool.OWN, ControlRecords.mode());
            spool.append(2, 1); // in one pass: the control record goes first
            assertThat(spool.readControl())
                    .extracting(frame -> frame.kind() + frame.envelope().logIndex())
                    .containsExactly("STARTED0", "MODE3");
            assertThat(spool.readAllBatches())
                    .extracting(BatchEnvelope::logIndex)
                    .containsExactly(1L, 2L, 4L);
        }
        try (TestSpool next = open()) {
            assertThat(next.readAllBatches()).hasSize(3);
            next.append(1, 1);
            assertThat(next.readAllBatches())
                    .extracting(BatchEnvelope::logIndex)
                    .containsExactly(1L);
        }
    }

    @Test
    void invariant2ASegmentIsDeletedOnlyWhenAllItsBatchesAreAcknowledged() throws IOException {
        long lastOfFirst;
        try (TestSpool spool = open()) {
            while (TestSpool.segments(directory()).size() < 3) {
                spool.append(1, 20);
            }
            lastOfFirst = lastNumber(TestSpool.segments(directory()).get(0));
            spool.readAll();
            spool.acknowledge(lastOfFirst - 1);
        }
        assertThat(TestSpool.segments(directory())).hasSize(3);
        try (TestSpool spool = open()) {
            assertThat(Objects.requireNonNull(spool.next()).envelope().number()).isEqualTo(lastOfFirst);
            spool.acknowledge(lastOfFirst);
        }
        assertThat(TestSpool.segments(directory())).hasSize(2);
        try (TestSpool spool = open()) {
            assertThat(Objects.requireNonNull(spool.next()).envelope().number()).isEqualTo(lastOfFirst + 1);
            assertThat(spool.gaps()).isEmpty();
        }
    }

    private static long lastNumber(Path segment) throws IOException {
        return SegmentInspection.inspect(SpoolFileSystem.HOST, segment).nextNumber() - 1;
    }

    @Test
    void invariant3BatchesComeInOrderAlsoAfterRewindAndRestart() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 30);
            assertThat(spool.readAll()).isEqualTo(numbers(1, 30));
            spool.acknowledge(10);
            spool.append(1, 5);
            spool.rewind();
            assertThat(spool.readAll()).isEqualTo(numbers(11, 35));
            spool.acknowledge(12);
        }
        try (TestSpool spool = open()) {
            assertThat(spool.spool.replayedBatches()).isEqualTo(23);
            spool.append(1, 5);
            List<BatchEnvelope> all = spool.readAllBatches();
            assertThat(all).extracting(BatchEnvelope::number).isEqualTo(numbers(13, 40));
            assertThat(all).extracting(BatchEnvelope::eventsBefore).first().isEqualTo(120L);
            assertThat(all).extracting(BatchEnvelope::firstSequence).endsWith(330L, 340L, 0L, 10L, 20L, 30L, 40L);
            assertThat(spool.gaps()).isEmpty();
        }
    }

    @Test
    void invariant4AppendedBatchesSurviveACrash() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 200);
            spool.append(2, 200);
            Path left = TestSpool.crashed(directory(), temporary.resolve("left"));
            try (TestSpool next = new TestSpool(TestSpool.config(left))) {
                assertThat(next.readAll()).isEqualTo(numbers(1, 400));
                assertThat(next.gaps()).isEmpty();
                assertThat(next.spool.previousRun()).isNotNull().satisfies(previous -> {
                    assertThat(previous.identity()).isEqualTo(spool.run);
                    assertThat(previous.clean()).isFalse();
                });
            }
        }
    }

    @Test
    void invariant7MemoryStaysBoundedWithABacklog() throws IOException {
        SpoolConfig config =
                new SpoolConfig(directory(), 1L << 30, 16 << 20, 1 << 20, 1000, SpoolConfig.WhenFull.DROP_OLDEST);
        try (TestSpool spool = new TestSpool(config)) {
            for (int i = 0; i < 96; i++) { // 96 MiB, of which 16 MiB may stay in memory
                spool.handOver(spool.made(MadeBatches.stream("host", i % 3), 100, 1 << 20));
                spool.pass();
                assertThat(spool.ring.inFlightBytes()).isLessThanOrEqualTo(17 << 20);
            }
            spool.handOver(spool.made(MadeBatches.stream("host", 1), 100, 10));
            spool.pass();
            assertThat(spool.readAll()).isEqualTo(numbers(1, 97));
        }
    }

    @Test
    void invariant7ThePositionIsStoredEverySecond() throws Exception {
        try (TestSpool spool = open()) {
            spool.append(1, 10);
            spool.readAll();
            spool.acknowledge(7);
            long deadline = System.nanoTime() + 3_000_000_000L;
            SpoolCheckpoint.Values stored = null;
            while (stored == null || stored.events().acknowledged().number() != 8) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                spool.spool.pass(10_000_000);
                stored = SpoolCheckpoint.read(SpoolFileSystem.HOST, SpoolDirectory.stateFile(directory()));
            }
            assertThat(stored.events().acknowledged()).isEqualTo(new SpoolPosition(8, 70));
            assertThat(stored.events().next()).isEqualTo(new SpoolPosition(11, 100));
        }
    }

    @Test
    void invariant8ASecondCollectorIsRejectedWithAClearMessage() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 1);
            assertThatThrownBy(this::open)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(directory().toString())
                    .hasMessageContaining("process " + ProcessHandle.current().pid())
                    .hasMessageContaining("spool.directory");
        }
        open().close();
    }

    @Test
    void onlyTheOwnerMayReadTheFiles() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 1);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory())))
                    .isEqualTo("rwx------");
            try (var files = Files.walk(directory())) {
                assertThat(files.toList())
                        .hasSizeGreaterThanOrEqualTo(6)
                        .allSatisfy(
                                file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                                        .isEqualTo(Files.isDirectory(file) ? "rwx------" : "rw-------"));
            }
        }
    }

    @Test
    void anUnusableDirectoryIsNamedWithTheRemedy() throws IOException {
        Files.writeString(directory(), "a file");
        assertThatThrownBy(this::open)
                .hasMessageContaining(directory().toString())
                .hasMessageContaining("set spool.directory");
    }

    @Test
    void aRunThatEndsWithStoppedIsClean() throws IOException {
        try (TestSpool spool = open()) {
            assertThat(spool.spool.previousRun()).isNull();
            spool.append(1, 1);
            spool.stop();
        }
        try (TestSpool spool = open()) {
            assertThat(spool.spool.previousRun()).isNotNull().matches(Spool.PreviousRun::clean);
        }
    }

    @Test
    void anUncleanRunIsRememberedUntilItIsDeclared() throws IOException {
        Path first = temporary.resolve("first");
        Path second = temporary.resolve("second");
        long alive;
        try (TestSpool spool = open()) {
            spool.append(1, 1);
            TestSpool.crashed(directory(), first);
            alive = Objects.requireNonNull(SpoolCheckpoint.read(SpoolFileSystem.HOST, SpoolDirectory.stateFile(first)))
                    .aliveNanos();
        }
        try (TestSpool spool = new TestSpool(TestSpool.config(first))) {
            spool.append(1, 1); // dies before it declares anything
            TestSpool.crashed(first, second);
        }
        try (TestSpool spool = new TestSpool(TestSpool.config(second))) {
            assertThat(spool.spool.previousRun()).isNotNull().satisfies(previous -> {
                assertThat(previous.clean()).isFalse();
                assertThat(previous.aliveNanos()).isEqualTo(alive);
            });
            spool.control(TestSpool.OWN, ControlRecords.restartGap());
        }
        try (TestSpool spool = new TestSpool(TestSpool.config(second))) {
            assertThat(spool.spool.previousRun()).isNotNull().satisfies(previous -> {
                assertThat(previous.clean()).isFalse();
                assertThat(previous.aliveNanos()).as("of the second run itself").isGreaterThan(alive);
            });
        }
    }

    @Test
    void aBatchLargerThanAnyBufferPasses() throws IOException {
        try (TestSpool spool = open()) {
            spool.handOver(spool.made(MadeBatches.stream("host", 1), 1, 100));
            spool.handOver(spool.made(MadeBatches.stream("host", 1), 1, 3 << 20));
            spool.handOver(spool.made(MadeBatches.stream("host", 1), 1, 100));
            spool.pass();
            EncodedBatch gone =
                    Objects.requireNonNull(Objects.requireNonNull(spool.next()).memory());
            assertThat(gone.count()).isEqualTo(1);
            spool.rewind(); // handed-out batches are read from disk, the rest is still in memory
            assertThat(spool.readAll()).isEqualTo(numbers(1, 3));
            spool.rewind();
            assertThat(spool.readAll()).isEqualTo(numbers(1, 3));
        }
    }

    @Test
    void acknowledgingABatchThatWasNeverHandedOutThrows() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 1);
            assertThatThrownBy(() -> spool.acknowledge(2)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void anInterruptOfTheSpoolThreadLosesNothing() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 3);
            Thread.currentThread().interrupt();
            spool.append(1, 3);
            assertThat(Thread.interrupted()).isFalse();
            spool.rewind();
            assertThat(spool.readAll()).isEqualTo(numbers(1, 6));
            assertThat(spool.gaps()).isEmpty();
        }
    }

    @Test
    void anInterruptOfThePublisherEndsNextAndLosesNothing() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 3);
            spool.readAll();
            spool.rewind();
            assertThat(spool.onPublisher(() -> {
                        Thread.currentThread().interrupt();
                        assertThat(spool.spool.events().next()).isNull();
                        return Thread.interrupted();
                    }))
                    .isTrue();
            assertThat(spool.readAll()).isEqualTo(numbers(1, 3));
        }
    }
}
