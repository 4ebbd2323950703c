package dev.ctstream.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** Random attributes become the same fields in any batch, and sequences are gap-free in each stream. */
class RandomEventsTest {
    private static final int EVENTS = 20_000;
    private static final long SEED = Long.getLong("test.seed", 20_260_103L);

    private record EventKey(int zone, long sequence) {}

    @Test
    void recordsEqualTheMessages() {
        SplittableRandom random = new SplittableRandom(SEED);
        Map<Integer, Long> nextSequence = new HashMap<>();
        Map<EventKey, RandomFlow> sent = new HashMap<>();
        boolean timeoutSeen = false;
        try (TestBatcher test = new TestBatcher(50, 16 << 10, 50)) {
            for (int i = 0; i < EVENTS; i++) {
                RandomFlow flow = new RandomFlow(random);
                long sequence = nextSequence.merge(flow.zone, 1L, Long::sum) - 1;
                flow.expected.put("sequence", sequence).derive(timeoutSeen);
                timeoutSeen |= flow.expected.endsWithTimeout();
                sent.put(new EventKey(flow.zone, sequence), flow);
                test.receive(flow.message);
            }
            assertThat(test.batcher.closeAll()).isTrue();
            test.sink.batches.forEach(batch -> verify(batch, sent));
        }
        assertThat(sent).isEmpty();
    }

    private static void verify(EncodedBatch batch, Map<EventKey, RandomFlow> sent) {
        List<GenericRecord> events = Datums.events(batch);
        assertThat(batch.lengthBytes()).isLessThanOrEqualTo(16 << 10);
        verifyHeader(Datums.read(batch), batch, events);
        List<GenericRecord> flat = Datums.flatEvents(batch);
        assertThat(events).hasSize(batch.count()).hasSameSizeAs(flat);
        for (int i = 0; i < batch.count(); i++) {
            EventKey key = new EventKey(batch.stream().zone(), batch.firstSequence() + i);
            RandomFlow flow = Objects.requireNonNull(sent.remove(key), () -> "seed " + SEED + ", " + key);
            flow.expected.verify(events.get(i));
            assertThat(ExpectedEvent.withoutNulls(flat.get(i))).containsAllEntriesOf(flow.expected.fields);
        }
    }

    private static void verifyHeader(GenericRecord header, EncodedBatch batch, List<GenericRecord> events) {
        LongSummaryStatistics times = events.stream()
                .mapToLong(event -> (Long) event.get("event_time"))
                .summaryStatistics();
        assertThat(header.get("first_event_time")).isEqualTo(times.getMin());
        assertThat(header.get("last_event_time")).isEqualTo(times.getMax());
        assertThat(header.get("batch_first_sequence")).isEqualTo(batch.firstSequence());
        assertThat(header.get("batch_event_count")).isEqualTo(batch.count());
        assertThat(header.get("log_index")).isEqualTo(TestBatcher.LOG_INDEX);
    }
}
