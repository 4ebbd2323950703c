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
import java.util.stream.LongStream;
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
            assertThat(test.batcher.streams(TestBatcher.HOST).streamCount()).isEqualTo(ZONES);
            assertThat(test.metrics.prometheusText())
                    .contains("ctstream_batch_closed_batches_total{reason=\"pressure\"} " + (double) early);
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
    void refusedBatchIsDeclaredBeforeTheNextBatchOfItsStream() {
        try (TestBatcher test = new TestBatcher(2, 4096, 0)) {
            test.sink.capacity = 1;
            for (int i = 0; i < 8; i++) {
                test.receive(inZone(9)); // one batch is accepted, three are refused
            }
            assertThat(test.sink.batches).hasSize(1);
            assertThat(test.batcher.pass(0)).isEqualTo(TimeUnit.MILLISECONDS.toNanos(10));
            assertThat(test.batcher.streams(TestBatcher.HOST).droppedEvents()).isEqualTo(6);

            test.sink.capacity = 10;
            test.receive(inZone(9));
            test.receive(inZone(9));
            assertThat(test.sink.batches)
                    .extracting(EncodedBatch::kind)
                    .containsExactly(EncodedBatch.EVENTS, EncodedBatch.CONTROL, EncodedBatch.EVENTS);
            assertThat(Datums.sequences(test.sink.batches.get(2))).containsExactly(8L, 9L);
            GenericRecord gap = Datums.read(test.sink.batches.get(1));
            verifyGap(gap, 9, 2, 7);
            assertThat(gap.get("lost_batches")).isEqualTo(3L);
            assertThat(gap.get("window_start_ns")).isEqualTo(TestBatcher.RECEIVED);
            assertThat(gap.get("time")).isEqualTo(TestBatcher.NOW_MILLIS);
            assertThat(test.metrics.prometheusText())
                    .contains("ctstream_batch_handover_lost_batches_total 3.0")
                    .contains("ctstream_batch_handover_lost_events_total 6.0");
        }
    }

    @Test
    void lossesOfIdleStreamsAreDeclaredOnceTheSinkHasSpace() {
        try (TestBatcher test = new TestBatcher(1, 4096, 0)) {
            test.sink.capacity = 0;
            for (int zone = 0; zone < 100; zone++) {
                test.receive(inZone(zone));
            }
            test.sink.capacity = 1;
            test.sink.controlCapacity = 30;
            assertThat(test.batcher.pass(0)).isEqualTo(TimeUnit.MILLISECONDS.toNanos(10));
            assertThat(test.ofKind(EncodedBatch.CONTROL)).hasSize(30);
            test.receive(inZone(99)); // not yet declared: the batch is refused, and the range grows
            test.sink.controlCapacity = 1000;
            assertThat(test.batcher.pass(0)).isEqualTo(Long.MAX_VALUE);
            List<EncodedBatch> gaps = test.ofKind(EncodedBatch.CONTROL);
            assertThat(gaps).hasSize(100);
            assertThat(gaps)
                    .extracting(EncodedBatch::firstSequence)
                    .isEqualTo(LongStream.range(0, 100).boxed().toList());
            for (int zone = 0; zone < 100; zone++) {
                verifyGap(Datums.read(gaps.get(zone)), zone, 0, zone == 99 ? 1 : 0);
            }
        }
    }

    @Test
    void streamDeclaredOutOfTurnCanLoseAgain() {
        try (TestBatcher test = new TestBatcher(1, 4096, 0)) {
            test.sink.capacity = 0;
            test.receive(inZone(1));
            test.receive(inZone(2));
            test.sink.capacity = 1;
            test.receive(inZone(2)); // declared out of turn, then accepted
            test.receive(inZone(2)); // lost again
            test.sink.capacity = 10;
            test.batcher.pass(0);
            List<EncodedBatch> gaps = test.ofKind(EncodedBatch.CONTROL);
            assertThat(gaps).hasSize(3);
            verifyGap(Datums.read(gaps.get(0)), 2, 0, 0);
            verifyGap(Datums.read(gaps.get(1)), 1, 0, 0);
            verifyGap(Datums.read(gaps.get(2)), 2, 2, 2);
            assertThat(test.batcher.pass(0)).isEqualTo(Long.MAX_VALUE);
        }
    }

    private static void verifyGap(GenericRecord gap, int zone, long first, long last) {
        assertThat(gap.get("kind")).hasToString("GAP");
        assertThat(gap.get("cause")).hasToString("handover");
        assertThat(gap.get("gap_stream")).hasToString("events");
        GenericRecord range = (GenericRecord) ((List<?>) gap.get("ranges")).get(0);
        assertThat(range.get("ct_zone")).isEqualTo(zone);
        assertThat(range.get("first_sequence")).isEqualTo(first);
        assertThat(range.get("last_sequence")).isEqualTo(last);
        assertThat(range.get("count")).isEqualTo(last - first + 1);
        assertThat(gap.get("lost_count")).isEqualTo(last - first + 1);
    }
}
