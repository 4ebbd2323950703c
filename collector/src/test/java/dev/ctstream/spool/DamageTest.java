package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentFormat;
import dev.ctstream.segment.SegmentHeaderTest;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.segment.SegmentReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Invariant 5: a torn tail is cut; damage is skipped, counted exactly and declared once. */
class DamageTest {
    private static final int BATCHES = 800;
    /** In the header of a frame every byte is cut. */
    private static final int BYTES_BETWEEN_CUTS = 7;

    @TempDir
    private Path temporary;

    private int copies;

    /** Several closed segments, nothing acknowledged. */
    private Path closed() throws IOException {
        Path directory = temporary.resolve("closed");
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            for (int i = 0; i < BATCHES / 20; i++) {
                spool.append(i % 3, 20);
            }
        }
        assertThat(TestSpool.segments(directory)).hasSizeGreaterThan(4);
        return directory;
    }

    /** One open segment with three batches. */
    private Path crashed() throws IOException {
        Path directory = temporary.resolve("crashed");
        try (TestSpool spool = new TestSpool(TestSpool.config(temporary.resolve("alive")))) {
            for (int i = 0; i < 3; i++) {
                spool.handOver(spool.made(MadeBatches.stream("host", 1), TestSpool.COUNT, 20));
            }
            spool.pass();
            return TestSpool.crashed(temporary.resolve("alive"), directory);
        }
    }

    private Path copy(Path directory) throws IOException {
        return TestSpool.crashed(directory, temporary.resolve("copy-" + copies++));
    }

    private static List<Long> numbers(long first, long last) {
        return LongStream.rangeClosed(first, last).boxed().toList();
    }

    private static Path only(Path directory) throws IOException {
        assertThat(TestSpool.segments(directory)).hasSize(1);
        return TestSpool.segments(directory).get(0);
    }

    private static void zero(Path file, long offset, int bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(bytes), offset);
        }
    }

    private static long offsetOfFrame(Path file, int index) throws IOException {
        try (SegmentReader reader = SegmentReader.open(SpoolFileSystem.HOST, file)) {
            for (int i = 0; i < index; i++) {
                assertThat(reader.next()).isTrue();
            }
            return reader.position();
        }
    }

    /** Read and lost batches and events together are everything that was appended. */
    private static void assertComplete(TestSpool spool, List<BatchEnvelope> read, long batches) throws IOException {
        assertThat(read)
                .extracting(BatchEnvelope::number)
                .doesNotHaveDuplicates()
                .isSorted();
        assertThat(read.size() + spool.lostBatches()).isEqualTo(batches);
        assertThat(read.stream().mapToLong(BatchEnvelope::events).sum() + spool.lostEvents())
                .isEqualTo(batches * TestSpool.COUNT);
    }

    @Test
    void aTornTailIsCut() throws IOException {
        Path crashed = crashed();
        long begin = offsetOfFrame(only(crashed), 2);
        long end = Files.size(only(crashed));
        assertThat(offsetOfFrame(only(crashed), 3)).isEqualTo(end);
        long bodyBegin = begin + 100;
        for (long cut = begin; cut < end; cut += cut < bodyBegin || cut > end - 16 ? 1 : BYTES_BETWEEN_CUTS) {
            Path directory = copy(crashed);
            try (FileChannel channel = FileChannel.open(only(directory), StandardOpenOption.WRITE)) {
                channel.truncate(cut);
            }
            try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
                spool.append(2, 2);
                assertThat(spool.readAll()).as("cut at %d", cut).isEqualTo(numbers(1, 4));
                assertThat(spool.gaps()).isEmpty();
            }
            try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
                List<BatchEnvelope> read = spool.readAllBatches();
                assertThat(read)
                        .as("cut at %d", cut)
                        .extracting(e -> e.stream().zone())
                        .containsExactly(1, 1, 2, 2);
                assertThat(spool.gaps()).isEmpty();
            }
        }
    }

    @Test
    void aTailOfZerosIsCut() throws IOException {
        Path crashed = crashed();
        long begin = offsetOfFrame(only(crashed), 2);
        zero(only(crashed), begin, 8192);
        try (TestSpool spool = new TestSpool(TestSpool.config(crashed))) {
            spool.append(2, 1);
            assertThat(spool.readAll()).isEqualTo(numbers(1, 3));
            assertThat(spool.gaps()).isEmpty();
        }
    }

    @Test
    void aMissingTailThatWasAppendedIsDeclared() throws IOException {
        Path directory = closed();
        Path last =
                TestSpool.segments(directory).get(TestSpool.segments(directory).size() - 1);
        long first = SegmentInspection.inspect(SpoolFileSystem.HOST, last).firstNumber();
        try (FileChannel channel = FileChannel.open(last, StandardOpenOption.WRITE)) {
            channel.truncate(offsetOfFrame(last, 1) + 100); // as after a power loss
        }
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(read).extracting(BatchEnvelope::number).isEqualTo(numbers(1, first));
            assertThat(spool.gaps()).hasSize(1);
            assertComplete(spool, read, BATCHES);
            spool.append(5, 1);
            assertThat(spool.readAll()).isEqualTo(List.of(BATCHES + 1L));
        }
    }

    @Test
    void theSecondHeaderCopyReplacesADestroyedFirstOne() throws IOException {
        Path crashed = crashed();
        zero(only(crashed), 0, SegmentFormat.SEGMENT_HEADER_BYTES);
        try (TestSpool spool = new TestSpool(TestSpool.config(crashed))) {
            assertThat(spool.readAll()).isEqualTo(numbers(1, 3));
        }
    }

    @Test
    void theFirstBatchReplacesTwoDestroyedHeaderCopies() throws IOException {
        Path directory = closed();
        for (Path segment : TestSpool.segments(directory)) {
            zero(segment, 0, SegmentFormat.FRAMES_OFFSET);
        }
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            assertThat(spool.readAll()).isEqualTo(numbers(1, BATCHES)); // each body is from the right run
            assertThat(spool.gaps()).isEmpty();
        }
    }

    @Test
    void aDestroyedBeginningLosesOnlyTheBatchesInIt() throws IOException {
        Path directory = closed();
        Path second = TestSpool.segments(directory).get(1);
        zero(second, 0, 4096);
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(spool.lostBatches()).isBetween(5L, 12L);
            assertComplete(spool, read, BATCHES);
        }
    }

    @Test
    void aDestroyedIndexOrTrailerLosesNoBatch() throws IOException {
        Path directory = closed();
        for (Path segment : TestSpool.segments(directory)) {
            zero(segment, Files.size(segment) - 100, 100);
        }
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            assertThat(spool.readAll()).isEqualTo(numbers(1, BATCHES));
            assertThat(spool.gaps()).isEmpty();
        }
    }

    @Test
    void aLargeHoleIsCountedExactlyAndNamed() throws IOException {
        Path directory = closed();
        zero(TestSpool.segments(directory).get(1), 20_000, 30_000);
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(spool.lostBatches()).isBetween(60L, 100L);
            assertThat(spool.gaps())
                    .allSatisfy(gap -> assertThat(gap.sequences()).isEqualTo(gap.count()));
            assertComplete(spool, read, BATCHES);
            int declared = spool.gaps().size();
            spool.rewind();
            assertThat(spool.readAllBatches()).isEqualTo(read);
            assertThat(spool.gaps()).hasSize(declared);
        }
    }

    @Test
    void vanishedSegmentsAreDeclaredWithTheirExactCounts() throws IOException {
        Path closed = closed();
        int segments = TestSpool.segments(closed).size();
        for (List<Integer> vanished : List.of(List.of(0), List.of(1, 2), List.of(segments - 1), List.of(0, 2))) {
            Path directory = copy(closed);
            List<Path> files = TestSpool.segments(directory);
            for (int index : vanished) {
                Files.delete(files.get(index));
            }
            try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
                List<BatchEnvelope> read = spool.readAllBatches();
                assertThat(spool.gaps()).as("without %s", vanished).isNotEmpty();
                assertComplete(spool, read, BATCHES);
            }
        }
    }

    @Test
    void theLossOfAllSegmentsIsDeclared() throws IOException {
        Path directory = closed();
        for (Path segment : TestSpool.segments(directory)) {
            Files.delete(segment);
        }
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.append(4, 1);
            assertThat(spool.readAll()).isEqualTo(List.of(BATCHES + 1L));
            assertThat(spool.lostBatches()).isEqualTo(BATCHES);
            spool.acknowledge(BATCHES + 1);
            assertThat(spool.spool.events().unacknowledged()).isZero();
        }
    }

    @Test
    void aSegmentThatVanishesDuringTheRunIsDeclared() throws IOException {
        Path directory = closed();
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            Files.delete(TestSpool.segments(directory).get(1));
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(spool.gaps()).hasSize(1);
            assertComplete(spool, read, BATCHES);
        }
    }

    @Test
    void anUnreadableFileIsSetAsideAndItsBatchesAreDeclared() throws IOException {
        Path directory = closed();
        Path second = TestSpool.segments(directory).get(1);
        byte[] garbage = new byte[(int) Files.size(second)];
        Arrays.fill(garbage, (byte) 7);
        Files.write(second, garbage);
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            assertComplete(spool, spool.readAllBatches(), BATCHES);
            assertThat(second.resolveSibling(second.getFileName() + ".damaged")).exists();
        }
    }

    @Test
    void lossesAtTheEndDoNotBlockTheAcknowledgementOfTheRest() throws IOException {
        Path directory = closed();
        List<Path> segments = TestSpool.segments(directory);
        Path last = segments.get(segments.size() - 1);
        zero(last, SegmentFormat.FRAMES_OFFSET, (int) Files.size(last) - SegmentFormat.FRAMES_OFFSET - 2000);
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            List<BatchEnvelope> read = spool.readAllBatches();
            assertComplete(spool, read, BATCHES);
            spool.acknowledge(read.get(read.size() - 1).number());
            assertThat(spool.spool.events().unacknowledged()).isZero();
        }
    }

    @Test
    void batchesInMemorySurviveTheLossOfTheirSegment() throws IOException {
        Path directory = temporary.resolve("alive");
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.append(1, 5);
            for (int i = 0; i < 3; i++) {
                Objects.requireNonNull(spool.next());
            }
            spool.rewind(); // 1 to 3 are now only on disk, 4 and 5 also in memory
            zero(only(directory), SegmentFormat.FRAMES_OFFSET, 5000);
            assertThat(spool.readAll()).isEqualTo(numbers(4, 5));
            assertThat(spool.gaps()).singleElement().satisfies(loss -> {
                assertThat(loss.batches()).isEqualTo(3);
                assertThat(loss.count()).isEqualTo(30);
            });
            spool.rewind(); // now these too are only on disk
            assertThat(spool.readAll()).isEmpty();
            assertThat(spool.lostBatches()).isEqualTo(5);
            assertThat(spool.lostEvents()).isEqualTo(50);
        }
    }

    @Test
    void aSegmentOfALaterVersionDoesNotCountAsDamaged() throws IOException {
        Path crashed = crashed();
        Path segment = only(crashed);
        byte[] bytes = Files.readAllBytes(segment);
        ByteBuffer header = ByteBuffer.wrap(bytes);
        header.putShort(SegmentFormat.SEGMENT_VERSION_OFFSET, (short) (SegmentFormat.VERSION + 1));
        SegmentHeaderTest.fixChecksum(header);
        Files.write(segment, bytes);
        assertThatThrownBy(() -> new TestSpool(TestSpool.config(crashed)).close())
                .hasMessageContaining(segment.toString())
                .hasMessageContaining("version " + (SegmentFormat.VERSION + 1))
                .hasMessageContaining("another spool.directory");
        assertThat(Files.readAllBytes(segment)).isEqualTo(bytes);
    }

    @Test
    void aLostStreamIsNotNamedWhenTheNameWouldBeAGuess() throws IOException {
        Path directory = temporary.resolve("gaps");
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.append(1, 2);
            spool.made(MadeBatches.stream("host", 1), 40, 10); // lost before it reached the spool
            spool.append(1, 2);
            spool.append(2, 1);
        }
        zero(only(directory), offsetOfFrame(only(directory), 3), 20); // the header of the fourth
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.readAll();
            assertThat(spool.gaps().stream().filter(gap -> gap.cause().equals("damage")))
                    .singleElement()
                    .satisfies(loss -> {
                        assertThat(loss.ranges()).isEmpty();
                        assertThat(loss.count()).isEqualTo(10);
                        assertThat(loss.batches()).isEqualTo(1);
                    });
        }
    }

    /** Zones, sizes and bodies are such that the earlier damage explains the later one just as well. */
    @Test
    void damageThatKafkaNeedsNoMoreIsNotTakenForLaterDamage() throws IOException {
        Path directory = temporary.resolve("twice");
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            for (int i = 0; i < 6; i++) {
                spool.append(1, 1);
                spool.append(2, 1);
            }
            zero(only(directory), offsetOfFrame(only(directory), 2), 20); // zone 1, sequences 10 to 19
            zero(only(directory), offsetOfFrame(only(directory), 7), 20); // zone 2, sequences 40 to 49
            assertThat(spool.readAll()).hasSize(12); // from memory
            spool.acknowledge(6);
        }
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.readAll();
            assertThat(spool.lostRanges())
                    .allMatch(range -> range.stream().zone() == 2 && range.first() == 40 && range.next() == 50);
            assertThat(spool.lostEvents()).isEqualTo(10);
            assertThat(spool.lostBatches()).isEqualTo(1);
        }
    }

    /** A frame of control records gives up one range, so there is one for each. */
    @Test
    void whatIsDeclaredOfSeveralPlacesIsNotDeclaredAgainByTheNextRun() throws IOException {
        Path directory = temporary.resolve("several");
        Topics topics = new Topics();
        TestSpool first = new TestSpool(TestSpool.config(directory));
        try (first) {
            for (int i = 0; i < 12; i++) {
                first.append(i % 2, 1);
            }
        }
        for (int frame : new int[] {7, 4, 1}) {
            zero(only(directory), offsetOfFrame(only(directory), frame), 20);
        }
        try (TestSpool second =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).topics(topics))) {
            Objects.requireNonNull(second.next());
            second.acknowledgeControl();
            second.next(); // meets the damage, and waits for its GAP
        }
        try (TestSpool third =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).topics(topics))) {
            assertThat(third.readAll()).hasSize(9);
            assertThat(third.gaps())
                    .filteredOn(gap -> gap.frame().number("stream_epoch") == third.run.streamEpoch())
                    .isEmpty();
            assertThat(third.lostEvents()).isEqualTo(3 * TestSpool.COUNT);
            topics.assertExact(first.madeUpTo());
        }
    }

    @Test
    void whatVanishedIsNamedAsFarAsTheNeighboursShowIt() throws IOException {
        Path directory = closed();
        Files.delete(TestSpool.segments(directory).get(2));
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(spool.gaps())
                    .singleElement()
                    .satisfies(gap -> assertThat(gap.sequences()).isEqualTo(gap.count()));
            assertComplete(spool, read, BATCHES);
        }
    }

    @Test
    void aSegmentWithAHeaderOfZerosKeepsItsBatches() throws IOException {
        Path crashed = crashed();
        zero(only(crashed), 0, SegmentFormat.FRAMES_OFFSET);
        try (TestSpool spool = new TestSpool(TestSpool.config(crashed))) {
            assertThat(spool.readAll()).isEqualTo(numbers(1, 3));
        }
    }

    @Test
    void aFileOfNothingButZerosWasNeverWritten() throws IOException {
        Path crashed = crashed();
        Path blank = crashed.resolve("control/0000000000000099.segment");
        Files.write(blank, new byte[32 << 10]);
        try (TestSpool spool = new TestSpool(TestSpool.config(crashed))) {
            assertThat(spool.readAll()).isEqualTo(numbers(1, 3));
            assertThat(spool.gaps()).isEmpty();
            assertThat(blank).doesNotExist();
        }
    }

    /** The streams that a missing segment has lost are found by the jumps around it; that of a refused batch is none of them. */
    @Test
    void aLossThatAGapDeclaresIsNotTakenForThatOfAMissingSegment() throws IOException {
        Path directory = temporary.resolve("declared");
        Path left = temporary.resolve("left");
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.append(2, 1);
            spool.made(MadeBatches.stream("host", 2), TestSpool.COUNT, 20); // the ring refuses it
            fillUpTo(2, spool, directory);
            spool.append(3, 1);
            fillUpTo(3, spool, directory);
            spool.append(1, 1);
            spool.append(2, 1);
            TestSpool.crashed(directory, left);
        }
        Files.delete(TestSpool.segments(left).get(1));
        try (TestSpool spool = new TestSpool(TestSpool.config(left))) {
            spool.readAllBatches();
            List<DeclaredGap> damage = spool.gaps().stream()
                    .filter(gap -> gap.cause().equals("damage"))
                    .toList();
            assertThat(damage.stream().flatMap(gap -> gap.ranges().stream()))
                    .isNotEmpty()
                    .allMatch(range -> range.stream().zone() == 1);
            assertThat(damage.stream().filter(gap -> gap.ranges().isEmpty()))
                    .extracting(DeclaredGap::count)
                    .containsExactly((long) TestSpool.COUNT);
        }
    }

    private static void fillUpTo(int segments, TestSpool spool, Path directory) throws IOException {
        while (TestSpool.segments(directory).size() < segments) {
            spool.append(1, 1);
        }
    }
}
