package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RunOrderTest {
    private final Recorded topic = new Recorded();
    private final RecordDecoder decoder = new RecordDecoder();
    private final RunOrder order = new RunOrder(4);

    private Recorded.Run run(long offset) {
        return topic.run(offset);
    }

    private static RunKey key(long offset) {
        return new RunKey("h", "b", "host", "1", Recorded.EPOCH + offset);
    }

    private void read() {
        Recorded.feed(decoder, topic.control, (record, partition) -> order.started(record));
        topic.control.clear();
    }

    @Test
    void theChainOrdersRunsWhateverTheClockSays() {
        run(1).startedAfterEnd(run(9));
        run(5).startedAfterEnd(run(1));
        read();
        assertThat(order.precedes(key(9), key(1))).isTrue();
        assertThat(order.precedes(key(9), key(5))).isTrue();
        assertThat(order.precedes(key(1), key(9))).isFalse();
        assertThat(order.precedes(key(5), key(9))).isFalse();
        assertThat(order.precedes(key(5), key(5))).isFalse();
        assertThat(order.leads(key(9), key(5))).isTrue();
        assertThat(order.leads(key(5), key(9))).isFalse();
    }

    @Test
    void theNamespaceDoesNotMatter() {
        topic.new Run("blue", "2", "b", Recorded.EPOCH + 1).startedAfterEnd(run(9));
        read();
        assertThat(order.precedes(key(9), key(1))).isTrue();
    }

    @Test
    void chainsThatNothingConnectsAreOrderedByTheirFirstRuns() {
        run(1).startedAfterEnd(run(9));
        run(3).started();
        run(20).startedAfterEnd(run(3));
        read();
        assertThat(order.leads(key(3), key(1))).isFalse();
        assertThat(order.precedes(key(3), key(1))).isTrue();
        assertThat(order.precedes(key(20), key(9))).isTrue();
        assertThat(order.precedes(key(9), key(20))).isFalse();
    }

    @Test
    void runsThatFollowTheSameRunAreOrderedByEpoch() {
        run(5).startedAfterEnd(run(9));
        run(6).startedAfterEnd(run(9));
        read();
        assertThat(order.leads(key(5), key(6))).isFalse();
        assertThat(order.precedes(key(5), key(6))).isTrue();
        assertThat(order.precedes(key(6), key(5))).isFalse();
    }

    @Test
    void aRunThatEndedUncleanlyIsNamedByOlderRecordsToo() {
        run(1).startedAfter(run(9));
        topic.control.get(0).record().put("preceding_epoch", null);
        topic.control.remove(1);
        read();
        assertThat(order.precedes(key(9), key(1))).isTrue();
    }

    @Test
    void runsThatNameEachOtherDoNotEndlesslyClimb() {
        run(1).startedAfterEnd(run(2));
        run(2).startedAfterEnd(run(1));
        run(3).startedAfterEnd(run(3));
        read();
        assertThat(order.precedes(key(7), key(1))).isFalse();
        assertThat(order.precedes(key(3), key(7))).isTrue();
    }

    @Test
    void forgetsTheRunThatWasAddedFirst() {
        for (long offset = 9; offset > 3; offset--) {
            run(offset).startedAfterEnd(run(offset + 1));
        }
        read();
        assertThat(order.leads(key(8), key(4))).isTrue();
        assertThat(order.leads(key(9), key(4))).isFalse();
    }
}
