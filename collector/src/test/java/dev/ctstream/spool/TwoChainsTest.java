package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every sequence that was ever numbered is in what can be read or in a GAP, however often the spool turns over. Counted
 * from records only.
 */
class TwoChainsTest {
    private static final long MAX_BYTES = 1 << 20;
    private static final StreamId BLUE = StreamId.control("blue", "id-blue");

    @TempDir
    private Path directory;

    private TestSpool open(WhenFull whenFull, Topics topics) throws IOException {
        SpoolConfig config =
                TestSpool.config(directory, MAX_BYTES, SpoolConfig.defaultControlBytes(MAX_BYTES), whenFull);
        return new TestSpool(TestSpool.Setup.of(config).topics(topics));
    }

    /** Twelve streams of three namespaces, one of which is not observed; five times of what the spool can hold. */
    private static void turnOver(TestSpool spool) {
        spool.control(BLUE, ControlRecords.started());
        int batches = (int) (5 * MAX_BYTES / 450);
        for (int i = 0; i < batches; i++) {
            String netns = List.of("host", "blue", "unobserved").get(i % 3);
            spool.handOver(spool.made(MadeBatches.stream(netns, i % 4), 1 + i % 7, TestSpool.BODY_BYTES));
            if (i % 20 == 0) {
                spool.pass();
            }
        }
        spool.takeAll();
    }

    private void assertAccounted(TestSpool spool, Topics topics) throws IOException {
        assertThat(topics.declaredEvents()).isPositive();
        List<BatchEnvelope> read = spool.readAllBatches();
        assertThat(read).isNotEmpty();
        spool.acknowledge(read.get(read.size() - 1).number());
        spool.offerAfterEvents(BLUE, ControlRecords.stopped());
        spool.pass();
        spool.stop();
        try (TestSpool next = open(WhenFull.DROP_OLDEST, topics)) {
            assertThat(next.readAllBatches()).isEmpty();
            assertThat(next.gaps()).isEmpty();
        }
        topics.assertExact(spool.madeUpTo());
        long numbered =
                spool.madeUpTo().values().stream().mapToLong(Long::longValue).sum();
        assertThat(topics.arrivedEvents() + topics.declaredEvents()).isEqualTo(numbered);
        assertThat(topics.control().stream()
                        .filter(frame -> frame.kind().equals("STOPPED"))
                        .mapToLong(frame -> frame.number("events_sequenced"))
                        .sum())
                .as("two of the three namespaces report")
                .isEqualTo(spool.madeUpTo().entrySet().stream()
                        .filter(stream -> !stream.getKey().stream().netns().equals("unobserved"))
                        .mapToLong(Map.Entry::getValue)
                        .sum());
    }

    @Test
    void nothingIsMissingAfterTheOldestGaveWayFiveTimes() throws IOException {
        Topics topics = new Topics();
        try (TestSpool spool = open(WhenFull.DROP_OLDEST, topics)) {
            turnOver(spool);
            spool.readControl();
            assertAccounted(spool, topics);
        }
    }

    @Test
    void nothingIsMissingAfterTheNewestWasDroppedFiveTimes() throws IOException {
        Topics topics = new Topics();
        try (TestSpool spool = open(WhenFull.DROP_NEWEST, topics)) {
            turnOver(spool);
            spool.await("declared", () -> {
                spool.acknowledgeControl();
                return topics.declaredEvents() > 0;
            });
            assertAccounted(spool, topics);
        }
    }

    @Test
    void eachChainNumbersItsFramesByItselfAndLogIndexGoesOverBoth() throws IOException {
        Topics topics = new Topics();
        try (TestSpool spool = open(WhenFull.DROP_OLDEST, topics)) {
            turnOver(spool);
            List<BatchEnvelope> events = spool.readAllBatches();
            List<BatchEnvelope> control = spool.controlFrames().stream()
                    .map(Topics.ControlFrame::envelope)
                    .toList();
            assertThat(control)
                    .extracting(BatchEnvelope::number)
                    .isEqualTo(LongStream.rangeClosed(1, control.size()).boxed().toList());
            long last = events.get(events.size() - 1).number();
            long first = events.get(0).number();
            assertThat(events)
                    .extracting(BatchEnvelope::number)
                    .isEqualTo(LongStream.rangeClosed(first, last).boxed().toList());
            List<Long> indexes = new ArrayList<>();
            events.forEach(batch -> indexes.add(batch.logIndex()));
            control.forEach(frame -> indexes.add(frame.logIndex()));
            assertThat(indexes).doesNotHaveDuplicates();
            assertThat(indexes.stream().mapToLong(Long::longValue).max())
                    .as("given up batches had one, too")
                    .hasValue(last + control.size() - 1);
        }
    }
}
