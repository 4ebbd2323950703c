package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Invariant 6 at {@code spool.max-bytes}; SpoolKernelIT tests full and read-only disks. */
class RetentionTest {
    private static final long MAX_BYTES = 512 << 10;

    @TempDir
    private Path temporary;

    private TestSpool open(WhenFull whenFull) throws IOException {
        return new TestSpool(TestSpool.config(temporary, MAX_BYTES, whenFull));
    }

    private void assertBounded() throws IOException {
        long bytes = 0;
        for (Path segment : TestSpool.segments(temporary)) {
            bytes += Files.size(segment);
        }
        assertThat(bytes).isLessThanOrEqualTo(MAX_BYTES);
    }

    /** Every batch is either read or declared, by stream and sequence, and never both. */
    private static void assertAccounted(TestSpool spool) throws IOException {
        assertThat(spool.gaps()).isNotEmpty().allSatisfy(gap -> {
            assertThat(gap.cause()).isEqualTo("spool");
            assertThat(gap.owner()).isEqualTo(new AcknowledgedPosition.RunStream(spool.run, TestSpool.OWN));
            assertThat(gap.sequences()).isEqualTo(gap.count());
        });
        spool.topics.assertExact(spool.madeUpTo());
        assertThat(spool.topics.arrivedEvents() + spool.lostEvents())
                .as("counts say what the ranges say")
                .isEqualTo(spool.madeUpTo().values().stream()
                        .mapToLong(Long::longValue)
                        .sum());
    }

    @Test
    void dropOldestKeepsTheNewestBatches() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            for (int i = 0; i < 400; i++) {
                spool.append(i % 3, 10);
                assertBounded();
            }
            assertThat(spool.healthy()).isFalse();
            List<BatchEnvelope> read = spool.readAllBatches();
            assertAccounted(spool);
            assertThat(read.get(read.size() - 1).number()).isEqualTo(4000);
            assertThat(read.size()).isGreaterThan(800);
        }
    }

    @Test
    void dropOldestSparesTheSegmentThatIsBeingPublished() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            spool.append(1, 10);
            assertThat(Objects.requireNonNull(spool.next()).envelope().number()).isEqualTo(1);
            for (int i = 0; i < 400; i++) {
                spool.append(1, 10);
            }
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(read.get(0).number()).isEqualTo(2);
            assertAccounted(spool);
        }
    }

    /** A request of the producer before may still arrive: its events would come after later ones. */
    @Test
    void dropOldestSparesWhatWasHandedOutAlsoAfterARewind() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            spool.append(1, 200);
            List<BatchEnvelope> handedOut = spool.readAllBatches();
            spool.rewind();
            for (int i = 0; i < 400; i++) {
                spool.append(1, 10);
            }
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(read.subList(0, handedOut.size())).isEqualTo(handedOut);
            assertThat(spool.gaps()).isNotEmpty();
            assertAccounted(spool);
        }
    }

    @Test
    void dropNewestKeepsTheOldestBatches() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_NEWEST)) {
            for (int i = 0; i < 300; i++) {
                spool.append(1, 10);
                assertBounded();
            }
            assertThat(spool.healthy()).isFalse();
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(read.get(0).number()).isEqualTo(1);
            spool.acknowledge(read.get(read.size() - 1).number());
            spool.append(1, 1); // there is space again: the loss ends before this batch
            awaitHealthy(spool);
            List<BatchEnvelope> later = spool.readAllBatches();
            assertThat(later).hasSize(1);
            assertThat(later.get(0).number()).isEqualTo(read.size() + 1);
            List<DeclaredGap.Range> lost = spool.lostRanges();
            assertThat(later.get(0).firstSequence())
                    .isEqualTo(lost.get(lost.size() - 1).next());
            assertAccounted(spool);
        }
    }

    private static void awaitHealthy(TestSpool spool) {
        long deadline = System.nanoTime() + 5_000_000_000L;
        while (!spool.healthy()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            spool.spool.pass(50_000_000);
        }
    }

    @Test
    void acknowledgedSegmentsAreDeletedBeforeAnythingIsDropped() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            for (int i = 0; i < 400; i++) {
                spool.append(1, 10);
                List<BatchEnvelope> read = spool.readAllBatches();
                spool.acknowledge(read.get(read.size() - 1).number());
            }
            assertThat(spool.gaps()).isEmpty();
            assertThat(spool.healthy()).isTrue();
        }
    }

    @Test
    void controlRecordsHaveSpaceWhenEventsHaveNone() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_NEWEST)) {
            for (int i = 0; i < 300; i++) {
                spool.append(1, 10);
            }
            for (int i = 0; i < 50; i++) {
                spool.appendControl();
            }
            assertBounded();
            assertThat(spool.readControl().stream().filter(frame -> frame.kind().equals("MODE")))
                    .hasSize(50);
        }
    }

    @Test
    void droppedBatchesAreNotDeclaredAgainAfterARestart() throws Exception {
        List<BatchEnvelope> read;
        Topics topics = new Topics();
        TestSpool first = new TestSpool(TestSpool.Setup.of(TestSpool.config(temporary, MAX_BYTES, WhenFull.DROP_OLDEST))
                .topics(topics));
        try (first) {
            for (int i = 0; i < 300; i++) {
                first.append(1, 10);
            }
            assertThat(first.gaps()).isNotEmpty();
            read = first.readAllBatches();
            first.rewind();
        }
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            assertThat(spool.readAllBatches()).isEqualTo(read);
            assertThat(spool.gaps()).isEmpty();
        }
        topics.assertExact(first.madeUpTo());
    }

    @Test
    void theStreamsOfADroppedSegmentAreNamed() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            for (int i = 0; i < 200; i++) {
                spool.append(i % 5, 10);
            }
            assertThat(spool.lostRanges())
                    .extracting(DeclaredGap.Range::stream)
                    .contains(MadeBatches.stream("host", 3));
            assertThat(spool.gaps()).allMatch(gap -> !gap.ranges().isEmpty());
        }
    }
}
