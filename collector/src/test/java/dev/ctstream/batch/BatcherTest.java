package dev.ctstream.batch;

import static dev.ctstream.batch.Messages.inZone;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.FlowSink;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** Closing of batches, their headers, and the numbering of streams. */
class BatcherTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    @Test
    void closesAtMaxEvents() {
        try (TestBatcher test = new TestBatcher(3, 4096, 50)) {
            for (int i = 0; i < 7; i++) {
                test.receive(inZone(5));
            }
            assertThat(test.sink.batches).extracting(EncodedBatch::count).containsExactly(3, 3);
            test.batcher.closeAll();
            assertThat(test.sink.batches).extracting(EncodedBatch::count).containsExactly(3, 3, 1);
            assertThat(test.sink.batches)
                    .extracting(EncodedBatch::firstSequence)
                    .containsExactly(0L, 3L, 6L);
            assertThat(Datums.sequences(test.sink.batches.get(1))).containsExactly(3L, 4L, 5L);
        }
    }

    @Test
    void closesBeforeMaxBytesIsExceeded() {
        try (TestBatcher test = new TestBatcher(512, 4096, 50)) {
            for (int i = 0; i < 200; i++) {
                test.receive(inZone(5));
            }
            List<EncodedBatch> batches = test.sink.batches;
            assertThat(batches).hasSizeGreaterThan(3);
            assertThat(batches).allMatch(batch -> batch.lengthBytes() <= 4096 && batch.lengthBytes() > 3500);
            assertThat(batches.stream().flatMap(batch -> Datums.sequences(batch).stream()))
                    .isEqualTo(LongStream.range(
                                    0,
                                    batches.stream()
                                            .mapToInt(EncodedBatch::count)
                                            .sum())
                            .boxed()
                            .toList());
        }
    }

    @Test
    void allBatchesAreClosedAtOneTickWhenTheOldestHasItsAge() {
        try (TestBatcher test = new TestBatcher(512, 4096, 50)) {
            assertThat(test.batcher.pass(0)).isEqualTo(Long.MAX_VALUE);
            test.receive(inZone(1));
            assertThat(test.batcher.pass(1000 * MILLI)).isEqualTo(50 * MILLI);
            test.receive(inZone(2));
            test.receive(inZone(1));
            assertThat(test.batcher.pass(1020 * MILLI)).isEqualTo(30 * MILLI);
            assertThat(test.sink.batches).isEmpty();

            assertThat(test.batcher.pass(1050 * MILLI)).isEqualTo(Long.MAX_VALUE);
            assertThat(test.sink.batches)
                    .extracting(EncodedBatch::stream)
                    .containsExactly(MadeBatches.stream("host", 1), MadeBatches.stream("host", 2));
            assertThat(test.sink.batches.get(0).count()).isEqualTo(2);
            test.receive(inZone(3));
            assertThat(test.batcher.pass(1060 * MILLI)).isEqualTo(50 * MILLI);
        }
    }

    @Test
    void aTickComesEarlyWhenTheOpenBatchesHoldManyEvents() {
        try (TestBatcher test = new TestBatcher(4096, 1 << 23, 500)) {
            for (int i = 0; i < 4095; i++) {
                test.receive(inZone(i % 4));
            }
            test.batcher.pass(MILLI);
            assertThat(test.sink.batches).isEmpty();
            test.receive(inZone(1));
            test.batcher.pass(2 * MILLI);
            assertThat(test.sink.batches).hasSize(4);
        }
    }

    @Test
    void aTickDoesNotComeEarlyForABatchThatMayHoldMore() {
        try (TestBatcher test = new TestBatcher(8192, 1 << 23, 500)) {
            for (int i = 0; i < 8192; i++) {
                assertThat(test.sink.batches).isEmpty();
                test.receive(inZone(1));
                test.batcher.pass(MILLI);
            }
            assertThat(test.sink.batches)
                    .singleElement()
                    .satisfies(batch -> assertThat(batch.count()).isEqualTo(8192));
        }
    }

    @Test
    void aTickDoesNotComeEarlyForBatchesOfFewEvents() {
        try (TestBatcher test = new TestBatcher(512, 4096, 500)) {
            for (int zone = 0; zone < 8192; zone++) {
                test.receive(inZone(zone));
            }
            test.batcher.pass(MILLI);
            assertThat(test.sink.batches).isEmpty();
        }
    }

    @Test
    void aTickClosesOnlyWhatTheSinkHasRoomForAndDropsNothing() {
        try (TestBatcher test = new TestBatcher(512, 4096, 50)) {
            for (int zone = 0; zone < 5; zone++) {
                test.receive(inZone(zone));
            }
            test.batcher.pass(0);
            test.sink.room = 2;
            assertThat(test.batcher.pass(50 * MILLI)).isEqualTo(10 * MILLI);
            assertThat(test.sink.batches)
                    .extracting(batch -> batch.stream().zone())
                    .containsExactly(0, 1);
            test.sink.room = 5;
            assertThat(test.batcher.pass(60 * MILLI)).isEqualTo(Long.MAX_VALUE);
            assertThat(test.sink.batches)
                    .extracting(batch -> batch.stream().zone())
                    .containsExactly(0, 1, 2, 3, 4);
            assertThat(test.takeMarks()).isEmpty();
        }
    }

    @Test
    void theSinkIsToldSinceWhenEventsWaitBeforeIt() {
        try (TestBatcher test = new TestBatcher(1, 4096, 0)) {
            test.fillOutbox(0);
            test.sink.capacity = 0;
            test.receiveAt(inZone(1), 1_000); // refused, and the outbox takes no mark
            test.batcher.pass(0);
            assertThat(test.sink.waitingSinceNanos).isEqualTo(1_000);
            test.takeMarks();
            test.batcher.pass(0);
            assertThat(test.takeMarks()).hasSize(1);
            assertThat(test.sink.waitingSinceNanos).isEqualTo(Long.MAX_VALUE);
        }
        try (TestBatcher test = new TestBatcher(512, 4096, 0)) {
            test.sink.room = 0;
            test.receiveAt(inZone(1), 1_000);
            test.receiveAt(inZone(2), 2_000);
            test.batcher.pass(0);
            assertThat(test.sink.waitingSinceNanos).isEqualTo(1_000);
            test.sink.room = 1;
            test.batcher.pass(MILLI);
            assertThat(test.sink.waitingSinceNanos).isEqualTo(2_000);
            test.sink.room = 2;
            test.batcher.pass(2 * MILLI);
            assertThat(test.sink.waitingSinceNanos).isEqualTo(Long.MAX_VALUE);
        }
    }

    @Test
    void lingerWorksWhenNanoTimeOverflows() {
        try (TestBatcher test = new TestBatcher(512, 4096, 50)) {
            test.receive(inZone(1));
            assertThat(test.batcher.pass(Long.MAX_VALUE - MILLI)).isEqualTo(50 * MILLI);
            assertThat(test.batcher.pass(Long.MIN_VALUE)).isPositive();
            assertThat(test.sink.batches).isEmpty();
            test.batcher.pass(Long.MIN_VALUE + 50 * MILLI);
            assertThat(test.sink.batches).hasSize(1);
        }
    }

    @Test
    void lingerZeroClosesBatchesWithThePass() {
        try (TestBatcher test = new TestBatcher(512, 4096, 0)) {
            test.receive(inZone(1));
            assertThat(test.batcher.pass(7)).isEqualTo(Long.MAX_VALUE);
            assertThat(test.sink.batches).hasSize(1);
        }
    }

    @Test
    void sequencesAreGapFreeInEachStream() {
        TestSource other = new TestSource(40, "blue");
        try (TestBatcher test = new TestBatcher(2, 4096, 50)) {
            for (int i = 0; i < 5; i++) {
                test.receive(inZone(1));
                test.receive(inZone(65_535));
                test.receive(other, inZone(1));
            }
            test.batcher.closeAll();
            for (StreamId stream : List.of(
                    MadeBatches.stream("host", 1), MadeBatches.stream("host", 65_535), MadeBatches.stream("blue", 1))) {
                List<Long> sequences = test.sink.batches.stream()
                        .filter(batch -> batch.stream().equals(stream))
                        .flatMap(batch -> Datums.sequences(batch).stream())
                        .toList();
                assertThat(sequences).as("%s", stream).containsExactly(0L, 1L, 2L, 3L, 4L);
            }
        }
    }

    @Test
    void aRecreatedNamespaceWithTheSameNameHasItsOwnStreams() {
        TestSource again = new TestSource(41, "host", "id-of-the-second");
        try (TestBatcher test = new TestBatcher()) {
            test.receive(inZone(1));
            test.receive(inZone(1));
            test.receive(again, inZone(1));
            test.batcher.closeAll();

            assertThat(test.sink.batches)
                    .extracting(EncodedBatch::stream)
                    .containsExactly(MadeBatches.stream("host", 1), new StreamId("host", "id-of-the-second", 1));
            GenericRecord second = Datums.read(test.sink.batches.get(1));
            assertThat(second.get("netns")).hasToString("host");
            assertThat(second.get("netns_id")).hasToString("id-of-the-second");
            assertThat(Datums.sequences(test.sink.batches.get(1))).containsExactly(0L);
        }
    }

    @Test
    void headerHasTheStreamAndTheLossesKnownAtClosing() {
        try (TestBatcher test = new TestBatcher()) {
            test.batcher.drained(TestBatcher.HOST, 5);
            test.receive(inZone(7));
            test.batcher.drained(TestBatcher.HOST, 0);
            test.batcher.drained(TestBatcher.HOST, 0xFFFF_FFFFL);
            test.batcher.closeAll();
            GenericRecord header = Datums.read(test.sink.batches.get(0));
            assertThat(header.get("host_id")).hasToString("host-1");
            assertThat(header.get("boot_id")).hasToString("boot-1");
            assertThat(header.get("netns")).hasToString("host");
            assertThat(header.get("ct_zone")).isEqualTo(7);
            assertThat(header.get("stream_epoch")).isEqualTo(TestBatcher.RUN.streamEpoch());
            assertThat(header.get("lost_total")).isEqualTo(5L + 0xFFFF_FFFFL);
            assertThat(test.sink.batches.get(0).streamEpoch()).isEqualTo(TestBatcher.RUN.streamEpoch());
        }
    }

    @Test
    void batchHasTheTimesOfReceipt() {
        try (TestBatcher test = new TestBatcher()) {
            test.batcher.event(TestBatcher.HOST, test.wrap(inZone(1)), 100, FlowSink.UNKNOWN);
            test.batcher.event(TestBatcher.HOST, test.wrap(inZone(1)), 300, 0);
            test.batcher.closeAll();
            assertThat(test.sink.batches.get(0).firstReceivedNanos()).isEqualTo(100);
            assertThat(test.sink.batches.get(0).lastReceivedNanos()).isEqualTo(300);
        }
    }

    @Test
    void inferredDestroyHasTheLastCountersAndTheTimeOfInference() {
        byte[] dump = Fixtures.bytes("26-dump-2entries");
        byte[] entry = Arrays.copyOf(dump, 400);
        try (TestBatcher test = new TestBatcher()) {
            test.batcher.inferred(TestBatcher.HOST, test.wrap(entry), 4);
            GenericRecord event = test.onlyEvent();
            assertThat(event.get("event_type")).hasToString("DESTROY");
            assertThat(event.get("origin")).hasToString("inferred");
            assertThat(event.get("event_time")).isEqualTo(TestBatcher.NOW_MILLIS);
            assertThat(event.get("snapshot_id")).isNull();
            assertThat(event.get("requester_port_id")).isEqualTo(0L);
            assertThat(event.get("packets_original")).isEqualTo(0L);
        }
    }

    @Test
    void removedNamespaceIsClosedAndHasStreamsOfItsOwnWhenAddedAgainUnderAnotherIdentity() {
        TestSource blue = new TestSource(3, "blue");
        try (TestBatcher test = new TestBatcher()) {
            test.receive(blue, inZone(1));
            test.receive(inZone(1));
            assertThat(test.batcher.flush(blue)).isTrue();
            test.batcher.removed(blue);
            assertThat(test.sink.batches)
                    .extracting(EncodedBatch::stream)
                    .containsExactly(MadeBatches.stream("blue", 1));
            test.receive(new TestSource(4, "blue", "id-blue:1"), inZone(1));
            test.batcher.closeAll();
            assertThat(Datums.sequences(test.sink.batches.get(2))).containsExactly(0L);
            assertThat(test.sink.batches.get(2).stream()).isEqualTo(new StreamId("blue", "id-blue:1", 1));
        }
    }

    @Test
    void flushClosesTheBatchesOfItsNamespaceOnly() {
        TestSource blue = new TestSource(3, "blue");
        try (TestBatcher test = new TestBatcher()) {
            test.receive(blue, inZone(65_535));
            test.receive(blue, inZone(0));
            test.receive(inZone(0));
            assertThat(test.batcher.flush(blue)).isTrue();
            assertThat(test.sink.batches)
                    .extracting(EncodedBatch::stream)
                    .containsExactly(MadeBatches.stream("blue", 0), MadeBatches.stream("blue", 65_535));
            test.receive(blue, inZone(0));
            test.batcher.closeAll();
            assertThat(Datums.sequences(test.sink.batches.get(3))).containsExactly(1L);
        }
    }

    @Test
    void metricsCountEventsBytesAndReasons() {
        try (TestBatcher test = new TestBatcher(2, 4096, 0)) {
            test.receive(inZone(1));
            test.receive(inZone(1));
            test.receive(inZone(1));
            test.batcher.pass(0);
            test.sink.batches.forEach(batch -> batch.number(0));
            long bytes = test.sink.batches.stream()
                    .mapToLong(EncodedBatch::lengthBytes)
                    .sum();
            assertThat(test.metrics.prometheusText())
                    .contains("ctstream_batch_encoded_events_total 3.0")
                    .contains("ctstream_batch_encoded_bytes_total " + (double) bytes)
                    .contains("ctstream_batch_closed_total{reason=\"count\"} 1.0")
                    .contains("ctstream_batch_closed_total{reason=\"linger\"} 1.0")
                    .contains("ctstream_batch_open 0.0");
        }
    }

    @Test
    void aNamespaceBesideOthersHasAtMost4096StreamsAndTheOwnAll() {
        try (TestBatcher test = new TestBatcher()) {
            TestSource red = new TestSource(1, "red");
            TestSource blue = new TestSource(2, "blue");
            for (int zone = 0; zone < 5000; zone++) {
                assertThat(test.sequence(red, inZone(zone))).as("alone").isZero();
            }
            for (int zone = 0; zone < 5000; zone++) {
                assertThat(test.sequence(blue, inZone(zone)))
                        .as("zone %s", zone)
                        .isEqualTo(zone < 4096 ? 0 : FlowSink.REFUSED);
                assertThat(test.sequence(TestBatcher.HOST, inZone(zone))).isZero();
            }
            assertThat(test.sequence(blue, inZone(0))).isEqualTo(1);
            assertThat(test.sequence(red, inZone(4999))).as("it goes on").isEqualTo(1);
        }
    }
}
