package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.spool.RunTopics;
import org.junit.jupiter.api.Test;

class TopicsOfRunsTest {
    private static final RunTopics TWELVE = TestTopics.of("e", 12, "c", 3);
    private static final RunTopics MORE = TestTopics.of("e", 24, "c", 3);
    private static final RunTopics FEWER = TestTopics.of("f", 5, "c", 3);

    private final TestBacklog backlog = new TestBacklog();
    private final TopicsOfRuns runs =
            new TopicsOfRuns(backlog, new PublishConfig.TopicNames("events", "control", true, 12, -1));

    @Test
    void aRunKeepsItsPartitionsWhenATopicGetsMore() {
        backlog.topics.put(Batches.EARLIER, TWELVE);
        assertThat(runs.found(MORE)).isNull();
        assertThat(runs.of(Batches.RUN)).isEqualTo(MORE);
        assertThat(runs.of(Batches.EARLIER)).isEqualTo(TWELVE);
        assertThat(runs.differFromRunBefore()).isFalse();
        assertThat(runs.more()).isNull();

        assertThat(runs.found(TestTopics.of("e", 48, "c", 3))).isNull();
        assertThat(runs.of(Batches.RUN)).isEqualTo(MORE);
        assertThat(runs.more())
                .isEqualTo("topic events has 48 partitions now; this run goes on with its 24, the next run uses all");
    }

    @Test
    void anotherTopicOfTheNameEndsTheRun() {
        assertThat(runs.found(TWELVE)).isNull();
        assertThat(runs.found(FEWER))
                .isEqualTo("topic events was deleted and created again: 12 partitions before, 5 now");
        assertThat(runs.found(TestTopics.of("f", 12, "d", 3)))
                .isEqualTo("topic events was deleted and created again: 12 partitions before, 12 now; "
                        + "topic control was deleted and created again: 3 partitions before, 3 now");
        assertThat(runs.found(TestTopics.of(null, 11, "c", 3)))
                .isEqualTo("topic events was deleted and created again: 12 partitions before, 11 now");
    }

    @Test
    void whatEarlierRunsLeftGoesToTheTopicOfToday() {
        backlog.topics.put(Batches.EARLIER, TWELVE);
        assertThat(runs.found(FEWER)).isNull();
        assertThat(runs.of(Batches.EARLIER)).isEqualTo(FEWER);
        assertThat(runs.differFromRunBefore()).isTrue();
    }

    @Test
    void batchesOfEarlierRunsStayWhenTheTopicGetsMorePartitionsMeanwhile() {
        assertThat(runs.found(FEWER)).isNull();
        assertThat(runs.found(TestTopics.of("f", 50, "c", 3))).isNull();
        assertThat(runs.of(Batches.EARLIER)).isEqualTo(FEWER);
    }

    @Test
    void anIdThatIsKnownLaterIsTheOneToKeep() {
        assertThat(runs.found(TestTopics.of(null, 12, "c", 3))).isNull();
        assertThat(runs.found(TWELVE)).isNull();
        assertThat(backlog.topics(Batches.RUN)).isEqualTo(TWELVE);
        assertThat(runs.found(TestTopics.of("f", 12, "c", 3))).contains("created again");
    }

    @Test
    void earlierRunsWithoutKnownTopicsGoToThoseOfToday() {
        assertThat(runs.found(TWELVE)).isNull();
        assertThat(runs.of(Batches.EARLIER)).isEqualTo(TWELVE);
        assertThat(runs.differFromRunBefore()).isFalse();
    }
}
