package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SpoolPosition;
import org.junit.jupiter.api.Test;

class AcknowledgedPositionTest {
    private final AcknowledgedPosition position = new AcknowledgedPosition(SpoolPosition.START);

    private void handOut(long... numbers) {
        for (long number : numbers) {
            position.handedOut(new BatchEnvelope(
                    number,
                    10 * (number - 1),
                    number,
                    EncodedBatch.EVENTS,
                    MadeBatches.stream("host", 0),
                    0,
                    10,
                    number,
                    number));
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
        position.lost(3, new SpoolPosition(6, 50));
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
        position.lost(2, new SpoolPosition(4, 30));
        position.acknowledge(1);
        assertThat(position.number()).isEqualTo(3);
        position.acknowledge(4);
        assertThat(position.position()).isEqualTo(new SpoolPosition(5, 40));
    }
}
