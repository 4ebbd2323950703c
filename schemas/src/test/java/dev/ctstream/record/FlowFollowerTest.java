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
    private final List<String> reported = new ArrayList<>();
    private final RecordDecoder decoder = new RecordDecoder();
    private final FlowFollower follower = new FlowFollower(10, 1 << 16, new FlowFollower.Listener() {
        @Override
        public void onEvent(DecodedRecord event, long flowKey) {
            reported.add(event.zone() + "#" + event.text("sequence"));
        }

        @Override
        public void onEndedByRestart(long flowKey, String hostId, String netns, long streamEpoch) {
            reported.add("ended " + hostId + "/" + netns + " " + (streamEpoch - Recorded.EPOCH));
        }
    });

    private List<String> read(List<Recorded.Placed> records) {
        Recorded.feed(decoder, records, (event, partition) -> follower.accept(event));
        records.clear();
        List<String> now = List.copyOf(reported);
        reported.clear();
        return now;
    }

    @Test
    void dropsRepeatedEvents() {
        run.opened(7, 0, 2);
        run.opened(7, 1, 3);
        run.opened(8, 0, 0);
        assertThat(read(topic.events)).containsExactly("7#0", "7#1", "7#2", "7#3", "8#0");
    }

    @Test
    void reportsFlowsMissingFromTheSnapshotOnceItHasBeenRead() {
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
    void theSnapshotsEventsMayBeReadBeforeItsSnapshotEnd() {
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
    void clockSetBackBetweenTwoRunsStillEndsTheFlowsInBetween() {
        Recorded.Run first = topic.run(99).started();
        first.batch(7, 0, event(0, "NEW", 1), event(1, "NEW", 2));
        read(topic.control);
        read(topic.events);
        Recorded.Run second = topic.run(9).startedAfterEnd(first);
        second.snapshotEnd(1, true, 1, Map.of(7, 1L));
        second.batch(7, 0, existing(0, 2, 1));
        read(topic.control);
        assertThat(read(topic.events)).containsExactly("7#0", "ended h/host 9");
        assertThat(follower.openFlows()).isEqualTo(1);
        Recorded.Run third = topic.run(5).startedAfterEnd(second);
        third.snapshotEnd(1, true, 0, Map.of());
        assertThat(read(topic.control)).containsExactly("ended h/host 5");
        assertThat(follower.openFlows()).isZero();
    }

    @Test
    void theOrderOfRunsMayBeReadAfterTheirEvents() {
        Recorded.Run first = topic.run(99).started();
        first.batch(7, 0, event(0, "NEW", 1), event(1, "NEW", 2));
        Recorded.Run second = topic.run(9).startedAfterEnd(first);
        second.snapshotEnd(1, true, 1, Map.of(7, 1L));
        second.batch(7, 0, existing(0, 2, 1));
        read(topic.events);
        assertThat(read(topic.control)).containsExactly("ended h/host 9");
        assertThat(follower.openFlows()).isEqualTo(1);
    }

    @Test
    void anEarlierRunsSnapshotThatIsReadLateEndsNothing() {
        Recorded.Run first = topic.run(99).started();
        Recorded.Run second = topic.run(9).startedAfterEnd(first);
        second.snapshotEnd(1, true, 1, Map.of(7, 1L));
        second.batch(7, 0, existing(0, 2, 1));
        read(topic.control);
        read(topic.events);
        first.snapshotEnd(1, true, 0, Map.of());
        assertThat(read(topic.control)).isEmpty();
        assertThat(follower.openFlows()).isEqualTo(1);
    }

    @Test
    void aRecreatedNamespaceSettlesTheOldOneOfTheSameName() {
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
    void twoNamespacesOfOneNameInOneRunAreSeparate() {
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
    void eventsOfANamesakeDoNotCompleteASnapshot() {
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
    void passesOnEventsOfUnknownType() {
        run.batch(7, 0, event(0, "OF_A_LATER_VERSION", 1));
        assertThat(read(topic.events)).containsExactly("7#0");
        assertThat(follower.openFlows()).isZero();
    }

    @Test
    void anInterimReportShowsThatAFlowIsOpen() {
        run.batch(7, 0, event(0, "INTERIM", 1));
        read(topic.events);
        assertThat(follower.openFlows()).isEqualTo(1);
        Recorded.Run later = topic.run(9).startedAfter(run);
        later.snapshotEnd(1, true, 0, Map.of());
        assertThat(read(topic.control)).containsExactly("ended h/host 9");
    }

    @Test
    void theNamespacesNameIsNotPartOfAStreamKey() {
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
    void anIncompleteSnapshotEndsNoFlows() {
        run.batch(7, 0, event(0, "NEW", 1));
        read(topic.events);
        topic.run(9).startedAfter(run).snapshotEnd(1, false, 0, Map.of());
        assertThat(read(topic.control)).isEmpty();
    }

    @Test
    void forgetsTheStreamThatWasSilentForLongest() {
        Deduplicator deduplicator = new Deduplicator(2);
        List<StreamKey> streams = List.of(stream(1), stream(2), stream(3));
        assertThat(deduplicator.first(streams.get(0), 0)).isTrue();
        assertThat(deduplicator.first(streams.get(1), 0)).isTrue();
        assertThat(deduplicator.first(streams.get(0), 0)).isFalse();
        assertThat(deduplicator.first(streams.get(2), 0)).isTrue();
        assertThat(deduplicator.streams()).isEqualTo(2);
        assertThat(deduplicator.first(streams.get(0), 0)).isFalse();
        assertThat(deduplicator.first(streams.get(1), 0)).isTrue();
    }

    @Test
    void rememberedHolesAreBounded() {
        Deduplicator deduplicator = new Deduplicator(2);
        for (long i = 0; i <= Deduplicator.MOST_HOLES + 1; i++) {
            deduplicator.first(stream(1), 2 * i);
        }
        assertThat(deduplicator.first(stream(1), 1)).isFalse();
        assertThat(deduplicator.first(stream(1), 3)).isTrue();
    }

    private static StreamKey stream(int zone) {
        return new StreamKey("h", "b", "host", "1", zone, 1);
    }
}
