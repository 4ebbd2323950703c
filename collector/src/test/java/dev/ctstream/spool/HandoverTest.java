package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.batch.OfferedMarks;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Batches that the ring refused: a jump in the stream's sequences, or a mark, declares them. */
class HandoverTest {
    private static final StreamId ZONE = MadeBatches.stream("host", 1);

    @TempDir
    private Path directory;

    private TestSpool open() throws IOException {
        return new TestSpool(TestSpool.config(directory));
    }

    private static DeclaredGap.Range range(TestSpool spool, long first, long next) {
        return new DeclaredGap.Range(new AcknowledgedPosition.RunStream(spool.run, ZONE), first, next);
    }

    @Test
    void aJumpIsDeclaredBeforeTheBatchThatShowsIt() throws IOException {
        try (TestSpool spool = open()) {
            spool.handOver(spool.made(ZONE, 10, 20));
            spool.made(ZONE, 4, 20); // refused
            spool.handOver(spool.made(ZONE, 10, 20));
            spool.pass();
            assertThat(spool.gaps()).singleElement().satisfies(gap -> {
                assertThat(gap.cause()).isEqualTo("handover");
                assertThat(gap.ranges()).containsExactly(range(spool, 10, 14));
                assertThat(gap.frame().envelope().givesUp()).isNull();
            });
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(read)
                    .extracting(BatchEnvelope::logIndex)
                    .as("STARTED, batch, GAP, batch")
                    .containsExactly(1L, 3L);
            spool.topics.assertExact(spool.madeUpTo());
        }
    }

    @Test
    void theFirstBatchesOfAStreamMayBeRefused() throws IOException {
        try (TestSpool spool = open()) {
            spool.made(ZONE, 4, 20);
            spool.handOver(spool.made(ZONE, 10, 20));
            spool.pass();
            assertThat(spool.lostRanges()).containsExactly(range(spool, 0, 4));
        }
    }

    @Test
    void aMarkDeclaresWhatNoLaterBatchShows() throws IOException {
        try (TestSpool spool = open()) {
            spool.handOver(spool.made(ZONE, 10, 20));
            spool.made(ZONE, 5, 20);
            assertThat(OfferedMarks.offer(spool.outbox, ZONE, 15, 1)).isTrue();
            spool.offerAfterEvents(TestSpool.OWN, ControlRecords.stopped());
            spool.pass();
            spool.pass();
            assertThat(spool.gaps()).singleElement().satisfies(gap -> {
                assertThat(gap.cause()).isEqualTo("handover");
                assertThat(gap.ranges()).containsExactly(range(spool, 10, 15));
                assertThat(gap.batches()).isEqualTo(1);
            });
            Topics.ControlFrame stopped =
                    spool.controlFrames().get(spool.controlFrames().size() - 1);
            assertThat(stopped.kind()).isEqualTo("STOPPED");
            assertThat(stopped.number("events_sequenced")).isEqualTo(15);
            assertThat(spool.readAllBatches()).hasSize(1);
            spool.topics.assertExact(spool.madeUpTo());
        }
    }

    @Test
    void aMarkAloneIsDeclaredAfterASecond() throws IOException {
        try (TestSpool spool = open()) {
            spool.handOver(spool.made(ZONE, 10, 20));
            spool.made(ZONE, 5, 20);
            OfferedMarks.offer(spool.outbox, ZONE, 15, 1);
            spool.pass();
            spool.pass();
            assertThat(spool.gaps()).as("more of it may follow").isEmpty();
            spool.await("the GAP", () -> !spool.gaps().isEmpty());
            assertThat(spool.lostRanges()).containsExactly(range(spool, 10, 15));
        }
    }

    @Test
    void aMarkAndTheJumpOfALaterBatchAreOneLoss() throws IOException {
        try (TestSpool spool = open()) {
            spool.handOver(spool.made(ZONE, 10, 20));
            spool.made(ZONE, 5, 20);
            OfferedMarks.offer(spool.outbox, ZONE, 15, 1);
            spool.made(ZONE, 2, 20);
            spool.handOver(spool.made(ZONE, 10, 20));
            spool.pass(); // the batch before the mark
            spool.pass();
            assertThat(spool.lostRanges()).containsExactly(range(spool, 10, 17));
            spool.readAllBatches();
            spool.topics.assertExact(spool.madeUpTo());
        }
    }

    @Test
    void anotherStreamIsNotHeldUp() throws IOException {
        try (TestSpool spool = open()) {
            spool.made(ZONE, 5, 20);
            spool.handOver(spool.made(MadeBatches.stream("host", 2), 10, 20));
            OfferedMarks.offer(spool.outbox, ZONE, 5, 1);
            spool.pass();
            assertThat(spool.readAllBatches()).hasSize(1);
        }
    }

    private TestSpool withALossBetweenTwoBatches() throws IOException {
        TestSpool spool = open();
        spool.handOver(spool.made(ZONE, 10, 20));
        spool.made(ZONE, 4, 20); // refused
        spool.handOver(spool.made(ZONE, 10, 20));
        spool.pass();
        return spool;
    }

    private static @Nullable Long nextSequence(TestSpool spool) throws IOException {
        QueuedBatch next = spool.next();
        return next == null ? null : next.envelope().firstSequence();
    }

    /** So a reader of the topics never sees a hole that nothing declares. */
    @Test
    void whatFollowsALossWaitsForItsGap() throws IOException {
        try (TestSpool spool = withALossBetweenTwoBatches()) {
            assertThat(nextSequence(spool)).isZero();
            assertThat(nextSequence(spool)).isNull();
            spool.readControl();
            assertThat(nextSequence(spool)).as("sent is not acknowledged").isNull();
            spool.acknowledgeControl();
            assertThat(nextSequence(spool)).isEqualTo(14);
        }
    }

    @Test
    void afterARestartEverythingWaitsForTheGapsOfTheRunBefore() throws IOException {
        withALossBetweenTwoBatches().close();
        try (TestSpool spool = open()) {
            assertThat(nextSequence(spool)).isNull();
            spool.acknowledgeControl();
            assertThat(nextSequence(spool)).isZero();
            assertThat(nextSequence(spool)).isEqualTo(14);
        }
    }

    @Test
    void nothingWaitsForAGapThatKafkaRefuses() throws IOException {
        try (TestSpool spool = withALossBetweenTwoBatches()) {
            spool.spool.controlBlocked(true);
            assertThat(nextSequence(spool)).isZero();
            assertThat(nextSequence(spool)).isEqualTo(14);
        }
    }
}
