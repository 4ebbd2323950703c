package dev.ctstream.record;

import static dev.ctstream.record.Recorded.event;
import static dev.ctstream.record.Recorded.existing;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FlowFollowerTest {
    private final Recorded topic = new Recorded();
    private final Recorded.Run run = topic.run(0).started();
    private final List<String> told = new ArrayList<>();
    private final RecordDecoder decoder = new RecordDecoder();
    private final FlowFollower follower = new FlowFollower(10, 1 << 16, new FlowFollower.Listener() {
        @Override
        public void onEvent(DecodedRecord event, long flowKey) {
            told.add(event.zone() + "#" + event.text("sequence"));
        }

        @Override
        public void onEndedByRestart(long flowKey, String hostId, String netns, long streamEpoch) {
            told.add("ended " + hostId + "/" + netns + " " + (streamEpoch - Recorded.EPOCH));
        }
    });

    private List<String> read(List<Recorded.Placed> records) {
        Recorded.feed(decoder, records, (event, partition) -> follower.accept(event));
        records.clear();
        List<String> now = List.copyOf(told);
        told.clear();
        return now;
    }

    @Test
    void leavesOutWhatComesAgain() {
        run.opened(7, 0, 2);
        run.opened(7, 1, 3);
        run.opened(8, 0, 0);
        assertThat(read(topic.events)).containsExactly("7#0", "7#1", "7#2", "7#3", "8#0");
    }

    @Test
    void tellsTheEndOfFlowsThatTheSnapshotLacksOnceItHasBeenRead() {
        run.batch(7, 0, event(0, "NEW", 1), event(1, "NEW", 2), event(2, "NEW", 3), event(3, "DESTROY", 3));
        read(topic.events);
        Recorded.Run later = topic.run(9).startedAfter(run);
        later.snapshotEnd(1, true, 1, Map.of(7, 1L));
        assertThat(read(topic.control)).isEmpty();
        later.batch(7, 0, existing(0, 2, 1));
        assertThat(read(topic.events)).containsExactly("7#0", "ended h/host 9");
        assertThat(follower.openFlows()).isEqualTo(1);
    }

    @Test
    void theSnapshotMayHaveBeenReadBeforeItsEndIsTold() {
        run.batch(7, 0, event(0, "NEW", 1));
        Recorded.Run later = topic.run(9).startedAfter(run);
        later.batch(7, 0, existing(0, 2, 1));
        read(topic.events);
        later.snapshotEnd(1, true, 1, Map.of(7, 1L));
        assertThat(read(topic.control)).containsExactly("ended h/host 9");
        later.snapshotEnd(2, true, 0, Map.of());
        assertThat(read(topic.control)).isEmpty();
    }

    @Test
    void aNamespaceThatWasMadeAgainSettlesTheOneThatHadItsName() {
        run.batch(7, 0, event(0, "NEW", 1));
        read(topic.events);
        Recorded.Run later = topic.new Run("host", "2", "b", Recorded.EPOCH + 9).startedAfter(run);
        later.snapshotEnd(1, true, 1, Map.of(7, 1L));
        later.batch(7, 0, existing(0, 1, 1));
        read(topic.control);
        assertThat(read(topic.events)).containsExactly("7#0", "ended h/host 9");
        assertThat(follower.openFlows()).isEqualTo(1);
    }

    @Test
    void twoNamespacesOfOneNameInOneRunAreApart() {
        Recorded.Run again = topic.new Run("host", "2", "b", Recorded.EPOCH).started();
        run.batch(7, 0, event(0, "NEW", 1));
        again.batch(7, 0, event(0, "NEW", 1));
        assertThat(read(topic.events)).containsExactly("7#0", "7#0");
        assertThat(follower.openFlows()).isEqualTo(2);
        again.batch(7, 0, event(1, "DESTROY", 1));
        read(topic.events);
        assertThat(follower.openFlows()).isEqualTo(1);
    }

    @Test
    void theSnapshotOfOneNamespaceIsNotReadInAnotherOfItsName() {
        run.batch(7, 0, event(0, "NEW", 1));
        read(topic.events);
        Recorded.Run later = topic.run(9).startedAfter(run);
        later.snapshotEnd(1, true, 1, Map.of(7, 1L));
        topic.new Run("host", "2", "b", Recorded.EPOCH + 9).batch(7, 0, event(0, "NEW", 5));
        read(topic.control);
        assertThat(read(topic.events)).containsExactly("7#0");
        later.batch(7, 0, existing(0, 2, 1));
        assertThat(read(topic.events)).containsExactly("7#0", "ended h/host 9");
    }

    @Test
    void passesOnEventsOfATypeThatItDoesNotKnow() {
        run.batch(7, 0, event(0, "INTERIM", 1));
        assertThat(read(topic.events)).containsExactly("7#0");
        assertThat(follower.openFlows()).isZero();
    }

    @Test
    void theNameOfANamespaceIsNoPartOfAStream() {
        StreamKey renamed = new StreamKey("h", "b", "other", "1", 7, 1);
        assertThat(renamed).isEqualTo(stream(7)).hasSameHashCodeAs(stream(7));
        assertThat(renamed.run())
                .isEqualTo(stream(7).run())
                .hasSameHashCodeAs(stream(7).run());
        assertThat(new StreamKey("h", "b", "host", "2", 7, 1)).isNotEqualTo(stream(7));
        assertThat(new StreamKey("h", "b", "host", "2", 7, 1).run())
                .isNotEqualTo(stream(7).run());
    }

    @Test
    void anIncompleteSnapshotEndsNothing() {
        run.batch(7, 0, event(0, "NEW", 1));
        read(topic.events);
        topic.run(9).startedAfter(run).snapshotEnd(1, false, 0, Map.of());
        assertThat(read(topic.control)).isEmpty();
    }

    @Test
    void forgetsTheStreamThatWasSilentForLongest() {
        Deduplicator keepFirst = new Deduplicator(2);
        List<StreamKey> streams = List.of(stream(1), stream(2), stream(3));
        assertThat(keepFirst.first(streams.get(0), 0)).isTrue();
        assertThat(keepFirst.first(streams.get(1), 0)).isTrue();
        assertThat(keepFirst.first(streams.get(0), 0)).isFalse();
        assertThat(keepFirst.first(streams.get(2), 0)).isTrue();
        assertThat(keepFirst.streams()).isEqualTo(2);
        assertThat(keepFirst.first(streams.get(0), 0)).isFalse();
        assertThat(keepFirst.first(streams.get(1), 0)).isTrue();
    }

    @Test
    void rememberedHolesAreBounded() {
        Deduplicator keepFirst = new Deduplicator(2);
        for (long i = 0; i <= Deduplicator.MOST_HOLES + 1; i++) {
            keepFirst.first(stream(1), 2 * i);
        }
        assertThat(keepFirst.first(stream(1), 1)).isFalse();
        assertThat(keepFirst.first(stream(1), 3)).isTrue();
    }

    private static StreamKey stream(int zone) {
        return new StreamKey("h", "b", "host", "1", zone, 1);
    }
}
