package dev.ctstream.batch;

import static dev.ctstream.batch.Messages.inZone;
import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.nest;
import static dev.ctstream.conntrack.MessageBytes.newFlow;
import static dev.ctstream.conntrack.MessageBytes.ports;
import static dev.ctstream.conntrack.MessageBytes.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.track.FlowSink;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** What happens at the limits: many zones, a full sink, a huge event. */
class BatcherBoundsTest {
    private static final int ZONES = 65_536;
    private static final int SECCTX = 19;

    @Test
    void eventsInEveryZoneStayWithinTheLimitOfOpenBytes() {
        try (TestBatcher test = new TestBatcher()) {
            Messages.Zoned message = new Messages.Zoned();
            FlowDecoder decoder = new FlowDecoder();
            FlowEvent event = new FlowEvent();
            for (int zone = 0; zone < ZONES; zone++) {
                ByteBuffer buffer = message.in(zone);
                assertThat(decoder.decode(event, buffer, 0, buffer.limit())).isTrue();
                test.batcher.event(TestBatcher.HOST, event, TestBatcher.RECEIVED, FlowSink.UNKNOWN);
            }
            int early = test.sink.batches.size();
            int stillOpen = ZONES - early;
            long bytesOfOne = test.sink.batches.get(0).capacityBytes();
            assertThat(bytesOfOne).isLessThan(1200);
            assertThat(stillOpen * bytesOfOne).isLessThanOrEqualTo(32L << 20);
            assertThat(stillOpen).isGreaterThan(25_000);
            assertThat(test.sink.batches.get(0).stream().zone())
                    .as("the oldest is closed first")
                    .isZero();

            test.batcher.closeAll();
            BitSet zones = new BitSet();
            test.sink.batches.forEach(batch -> zones.set(batch.stream().zone()));
            assertThat(zones.cardinality()).isEqualTo(ZONES);
            assertThat(test.metrics.prometheusText())
                    .contains("ctstream_batch_closed_total{reason=\"pressure\"} " + (double) early);
        }
    }

    @Test
    void eventLargerThanMaxBytesGetsItsOwnBatch() {
        byte[] huge = newFlow(ports(6, 1, 2), nest(SECCTX, attribute(1, text("x".repeat(9000)))));
        try (TestBatcher test = new TestBatcher(512, 4096, 50)) {
            test.receive(inZone(0));
            test.receive(huge);
            test.receive(inZone(0));
            test.batcher.closeAll();
            assertThat(test.sink.batches).extracting(EncodedBatch::count).containsExactly(1, 1, 1);
            GenericRecord event = Datums.events(test.sink.batches.get(1)).get(0);
            assertThat(event.get("security_context").toString()).hasSize(9000);
            assertThat(Datums.sequences(test.sink.batches.get(2))).containsExactly(2L);
        }
    }

    @Test
    void theLargestBatchesAreReusedToo() {
        BatchConfig largest = new BatchConfig(512, BatchConfig.MAX_BYTES_LIMIT, 50);
        BufferPool pool = new BufferPool(largest, Batcher.Limits.of(largest).pooledBytes());
        EncodedBatch first = pool.acquire(0, BatchConfig.MAX_BYTES_LIMIT);
        EncodedBatch second = pool.acquire(0, BatchConfig.MAX_BYTES_LIMIT);
        pool.release(first);
        pool.release(second);
        assertThat(pool.acquire(0, BatchConfig.MAX_BYTES_LIMIT)).isSameAs(second);
        assertThat(pool.acquire(0, BatchConfig.MAX_BYTES_LIMIT)).isSameAs(first);
        assertThat(pool.allocatedBatches()).isEqualTo(2);
    }

    @Test
    void aBatchTellsOfTheRefusedBatchesBeforeIt() {
        try (TestBatcher test = new TestBatcher(2, 4096, 0)) {
            test.sink.capacity = 1;
            for (int i = 0; i < 8; i++) {
                test.receiveAt(inZone(9), 100 + i); // one batch is accepted, three are refused
            }
            assertThat(test.sink.batches).hasSize(1);
            assertThat(test.sink.batches.get(0).refusedBatches()).isZero();

            test.sink.capacity = 10;
            for (int i = 8; i < 12; i++) {
                test.receiveAt(inZone(9), 100 + i);
            }
            EncodedBatch next = test.sink.batches.get(1);
            assertThat(Datums.sequences(next)).containsExactly(8L, 9L);
            assertThat(next.refusedBatches()).isEqualTo(3);
            assertThat(next.refusedFirstNanos()).isEqualTo(102);
            assertThat(next.refusedLastNanos()).isEqualTo(107);
            assertThat(test.sink.batches.get(2).refusedBatches()).isZero();
            test.batcher.pass(0);
            assertThat(test.takeMarks()).as("the batch has told it").isEmpty();
            assertThat(test.metrics.prometheusText())
                    .contains("ctstream_batch_handover_lost_total 3.0")
                    .contains("ctstream_batch_handover_lost_events_total 6.0");
        }
    }

    @Test
    void aMarkTellsOfRefusedBatchesWithoutASuccessor() {
        try (TestBatcher test = new TestBatcher(2, 4096, 0)) {
            test.sink.capacity = 1;
            for (int i = 0; i < 8; i++) {
                test.receiveAt(inZone(9), 100 + i);
            }
            assertThat(test.takeMarks()).isEmpty();
            assertThat(test.batcher.pass(0)).isEqualTo(Long.MAX_VALUE);
            assertThat(test.takeMarks())
                    .containsExactly(new ControlOutbox.Refused(MadeBatches.stream("host", 9), 8, 3, 102, 107, 0));
            test.batcher.pass(0);
            assertThat(test.takeMarks()).as("told once").isEmpty();

            test.sink.capacity = 10;
            test.receive(inZone(9));
            test.receive(inZone(9));
            assertThat(test.sink.batches.get(1).firstSequence()).isEqualTo(8);
            assertThat(test.sink.batches.get(1).refusedBatches())
                    .as("the mark has told it")
                    .isZero();
        }
    }

    @Test
    void marksThatAFullOutboxRefusesStayAndGrow() {
        try (TestBatcher test = new TestBatcher(1, 4096, 0)) {
            test.sink.capacity = 0;
            for (int zone = 0; zone < 100; zone++) {
                test.receive(inZone(zone));
            }
            test.fillOutbox(30);
            assertThat(test.batcher.pass(0)).isEqualTo(TimeUnit.MILLISECONDS.toNanos(10));
            assertThat(test.batcher.flush(TestBatcher.HOST)).isFalse();
            assertThat(test.batcher.closeAll()).isFalse();
            assertThat(test.takeMarks())
                    .extracting(mark -> mark.stream().zone())
                    .isEqualTo(IntStream.range(0, 30).boxed().toList());

            test.receive(inZone(99)); // not told yet
            assertThat(test.batcher.closeAll()).isTrue();
            List<ControlOutbox.Refused> marks = test.takeMarks();
            assertThat(marks)
                    .extracting(mark -> mark.stream().zone())
                    .isEqualTo(IntStream.range(30, 100).boxed().toList());
            assertThat(marks.get(0).batches()).isEqualTo(1);
            assertThat(marks.get(69).batches()).isEqualTo(2);
            assertThat(marks.get(69).nextSequence()).isEqualTo(2);
            assertThat(test.batcher.pass(0)).isEqualTo(Long.MAX_VALUE);
        }
    }

    @Test
    void aStreamWhoseLossABatchHasToldCanLoseAgain() {
        try (TestBatcher test = new TestBatcher(1, 4096, 0)) {
            test.sink.capacity = 0;
            test.receive(inZone(1));
            test.receive(inZone(2));
            test.sink.capacity = 1;
            test.receive(inZone(2)); // tells of the first, and is accepted
            test.receiveAt(inZone(2), 7); // lost again
            assertThat(test.sink.batches)
                    .extracting(EncodedBatch::refusedBatches)
                    .containsExactly(1L);
            test.batcher.pass(0);
            assertThat(test.takeMarks())
                    .containsExactly(
                            new ControlOutbox.Refused(
                                    MadeBatches.stream("host", 1), 1, 1, TestBatcher.RECEIVED, TestBatcher.RECEIVED, 0),
                            new ControlOutbox.Refused(MadeBatches.stream("host", 2), 3, 1, 7, 7, 0));
        }
    }

    @Test
    void aKernelLossThatAFullOutboxRefusesStaysWithTheCaller() {
        FlowSink.Count count = new FlowSink.Count(5, 0, true);
        FlowSink.Window window = new FlowSink.Window(10, 20);
        try (TestBatcher test = new TestBatcher()) {
            test.fillOutbox(0);
            assertThat(test.batcher.lost(TestBatcher.HOST, count, window)).isFalse();
            test.outbox.remove();
            assertThat(test.batcher.lost(TestBatcher.HOST, count, window)).isTrue();
        }
    }

    @Test
    void theStreamsOfRemovedNamespacesAreNotKept() {
        try (TestBatcher test = new TestBatcher()) {
            test.receive(inZone(1));
            for (int i = 1; i <= 2_000; i++) {
                TestSource source = new TestSource(i, "n" + i);
                test.receive(source, inZone(1));
                assertThat(test.batcher.flush(source)).isTrue();
                test.batcher.removed(source);
            }
            assertThat(test.batcher.namespaces()).isEqualTo(1);
            assertThat(test.sequence(TestBatcher.HOST, inZone(1))).isEqualTo(1);
        }
    }
}
