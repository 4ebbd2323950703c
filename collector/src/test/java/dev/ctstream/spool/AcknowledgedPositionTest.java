package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SpoolPosition;
import org.junit.jupiter.api.Test;

class AcknowledgedPositionTest {
    private static final RunIdentity RUN = new RunIdentity("host-1", "boot-1", 77);
    private static final StreamId STREAM = MadeBatches.stream("host", 0);

    private final AcknowledgedPosition position = new AcknowledgedPosition(SpoolPosition.START, RUN);

    private void handOut(long... numbers) {
        for (long number : numbers) {
            BatchEnvelope envelope = new BatchEnvelope(
                    number,
                    10 * (number - 1),
                    number + 100,
                    BatchEnvelope.EVENTS,
                    STREAM,
                    10 * (number - 1),
                    10,
                    number,
                    number,
                    null);
            position.handedOut(QueuedBatch.of(envelope, RUN, new byte[0]));
        }
    }

    @Test
    void knowsTheEventsBefore() {
        handOut(1, 2, 3);
        position.acknowledge(2);
        assertThat(position.position()).isEqualTo(new SpoolPosition(3, 20));
        position.acknowledge(1);
        assertThat(position.number()).isEqualTo(2);
        assertThat(position.oldestReceivedNanos()).isEqualTo(3);
    }

    @Test
    void lostBatchesCountOnceAllEarlierOnesAreAcknowledged() {
        handOut(1, 2);
        position.skipped(3, new SpoolPosition(6, 50));
        handOut(6);
        position.acknowledge(1);
        assertThat(position.number()).isEqualTo(1);
        position.acknowledge(2);
        assertThat(position.position()).isEqualTo(new SpoolPosition(6, 50));
        position.acknowledge(6);
        assertThat(position.position()).isEqualTo(new SpoolPosition(7, 60));
    }

    @Test
    void aBatchHandedOutAgainIsNotANewOne() {
        handOut(1, 2, 3, 1, 2, 3);
        position.acknowledge(3);
        assertThat(position.position()).isEqualTo(new SpoolPosition(4, 30));
        assertThat(position.oldestReceivedNanos()).isZero();
    }

    @Test
    void batchesLostAfterTheyWereHandedOutAreNotWaitedFor() {
        handOut(1, 2, 3, 4);
        position.skipped(2, new SpoolPosition(4, 30));
        position.acknowledge(1);
        assertThat(position.number()).isEqualTo(3);
        position.acknowledge(4);
        assertThat(position.position()).isEqualTo(new SpoolPosition(5, 40));
    }

    @Test
    void knowsTheNextSequenceOfEachStreamAndTheNewestBatch() {
        assertThat(position.last()).isEqualTo(new ControlRecord.Acknowledged(77, 0));
        handOut(1, 2, 3);
        assertThat(position.nextSequence(new AcknowledgedPosition.RunStream(RUN, STREAM)))
                .isNull();
        position.acknowledge(2);
        assertThat(position.last()).isEqualTo(new ControlRecord.Acknowledged(77, 103));
        assertThat(position.nextSequence(new AcknowledgedPosition.RunStream(RUN, STREAM)))
                .isEqualTo(20);
    }

    @Test
    void everythingBeforeANewBeginningCountsAsAcknowledged() {
        handOut(1, 2, 3);
        position.restart(new SpoolPosition(9, 80));
        assertThat(position.number()).isEqualTo(8);
        position.acknowledge(3);
        assertThat(position.position()).isEqualTo(new SpoolPosition(9, 80));
        assertThat(position.oldestReceivedNanos()).isZero();
    }
}
