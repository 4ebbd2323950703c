package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.GapCause;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.Loss;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
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
    private static void assertAccounted(TestSpool spool, List<BatchEnvelope> read, long batches) {
        assertThat(read.size() + spool.lostBatches()).isEqualTo(batches);
        assertThat(read.stream().mapToLong(BatchEnvelope::events).sum() + spool.lostEvents())
                .isEqualTo(batches * TestSpool.COUNT);
        assertThat(spool.losses).allSatisfy(loss -> {
            assertThat(loss.cause()).isEqualTo(GapCause.SPOOL);
            assertThat(loss.nextSequence() - loss.firstSequence()).isEqualTo(loss.count());
            assertThat(read)
                    .noneMatch(batch -> batch.stream().equals(loss.stream())
                            && batch.firstSequence() < loss.nextSequence()
                            && batch.nextSequence() > loss.firstSequence());
        });
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
            assertAccounted(spool, read, 4000);
            assertThat(read.get(read.size() - 1).number()).isEqualTo(4000);
            assertThat(read.size()).isGreaterThan(900);
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
            assertAccounted(spool, read, 4009);
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
            assertThat(spool.losses).as("one loss, still open").isEmpty();
            List<BatchEnvelope> read = spool.readAllBatches();
            spool.spool.acknowledge(read.get(read.size() - 1).number());
            spool.append(1, 1); // there is space again: the loss ends before this batch
            long deadline = System.nanoTime() + 5_000_000_000L;
            while (!spool.healthy()) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                spool.spool.pass(50_000_000);
            }
            assertThat(spool.losses).hasSize(1);
            List<BatchEnvelope> later = spool.readAllBatches();
            assertThat(later).hasSize(1);
            assertThat(later.get(0).number()).isEqualTo(read.size() + 1);
            assertThat(later.get(0).firstSequence())
                    .isEqualTo(spool.losses.get(0).nextSequence());
            assertAccounted(spool, List.copyOf(concat(read, later)), 3001);
        }
    }

    private static List<BatchEnvelope> concat(List<BatchEnvelope> one, List<BatchEnvelope> other) {
        return Stream.concat(one.stream(), other.stream()).toList();
    }

    @Test
    void acknowledgedSegmentsAreDeletedBeforeAnythingIsDropped() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            for (int i = 0; i < 400; i++) {
                spool.append(1, 10);
                List<BatchEnvelope> read = spool.readAllBatches();
                spool.spool.acknowledge(read.get(read.size() - 1).number());
            }
            assertThat(spool.losses).isEmpty();
            assertThat(spool.healthy()).isTrue();
        }
    }

    @Test
    void controlRecordsMayUseSpaceThatEventsMayNot() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_NEWEST)) {
            for (int i = 0; i < 300; i++) {
                spool.append(1, 10);
            }
            for (int i = 0; i < 50; i++) {
                spool.appendControl("host");
            }
            assertBounded();
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(read.stream().filter(batch -> batch.kind() == EncodedBatch.CONTROL))
                    .hasSize(50);
        }
    }

    @Test
    void controlRecordsWithoutSpaceAreHeldAndAppendedLaterInOrder() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_NEWEST)) {
            for (int i = 0; i < 300; i++) {
                spool.append(1, 10);
            }
            for (int i = 0; i < 500; i++) {
                spool.appendControl("host");
            }
            assertBounded();
            List<BatchEnvelope> before = spool.readAllBatches();
            assertThat(before.stream().filter(batch -> batch.kind() == EncodedBatch.CONTROL))
                    .hasSizeBetween(50, 499);
            spool.spool.acknowledge(before.get(before.size() - 1).number());
            spool.pass();
            List<BatchEnvelope> control = concat(before, spool.readAllBatches()).stream()
                    .filter(batch -> batch.kind() == EncodedBatch.CONTROL)
                    .toList();
            assertThat(control).hasSize(500);
            assertThat(control).extracting(BatchEnvelope::firstSequence).isSorted();
        }
    }

    @Test
    void droppedBatchesAreNotDeclaredAgainAfterARestart() throws Exception {
        List<BatchEnvelope> read;
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            assertThat(spool.spool.next(0)).isNull();
            spool.append(1, 10);
            assertThat(spool.next()).isNotNull();
            for (int i = 0; i < 300; i++) {
                spool.append(1, 10);
            }
            assertThat(spool.losses).isNotEmpty();
            spool.appendControl("host");
            long deadline = System.nanoTime() + 5_000_000_000L;
            while (Objects.requireNonNull(SpoolCheckpoint.read(SpoolDirectory.stateFile(temporary)))
                    .holes()
                    .isEmpty()) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                spool.append(1, 1); // the declaration comes back as a control record
                spool.appendControl("host");
                spool.spool.pass(50_000_000);
            }
            spool.spool.rewind();
            read = spool.readAllBatches();
        }
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            assertThat(spool.readAllBatches()).isEqualTo(read);
            assertThat(spool.losses).isEmpty();
        }
    }

    @Test
    void droppedBatchesAreDeclaredAfterARestartIfTheirDeclarationWasNotAppended() throws IOException {
        Path left = temporary.resolveSibling(temporary.getFileName() + "-left");
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            for (int i = 0; i < 300; i++) {
                spool.append(1, 10);
            }
            TestSpool.crashed(temporary, left);
            long lost = spool.lostBatches();
            try (TestSpool next = new TestSpool(TestSpool.config(left, MAX_BYTES, WhenFull.DROP_OLDEST))) {
                assertThat(lost).isPositive();
                assertThat(next.lostBatches()).isEqualTo(lost);
                assertThat(next.lostEvents()).isEqualTo(lost * TestSpool.COUNT);
            }
        }
    }

    @Test
    void theStreamsOfADroppedSegmentAreNamed() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            for (int i = 0; i < 200; i++) {
                spool.append(i % 5, 10);
            }
            assertThat(spool.losses)
                    .extracting(Loss::stream)
                    .contains(MadeBatches.stream("host", 3))
                    .doesNotContainNull();
        }
    }
}
