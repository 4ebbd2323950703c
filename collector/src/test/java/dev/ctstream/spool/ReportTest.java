package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.StreamId;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No report counts a sequence that is not appended, or declared by a record before it. */
class ReportTest {
    @TempDir
    private Path directory;

    private TestSpool open() throws IOException {
        return new TestSpool(TestSpool.config(directory));
    }

    private static StreamId zone(int zone) {
        return MadeBatches.stream("host", zone);
    }

    private static Map<Integer, Long> streams(Topics.ControlFrame frame) {
        Map<Integer, Long> next = new TreeMap<>();
        for (Object element : (Collection<?>) frame.fields().get("streams")) {
            GenericRecord stream = (GenericRecord) element;
            next.put((Integer) stream.get("ct_zone"), (Long) stream.get("next_sequence"));
        }
        return next;
    }

    private static List<Topics.ControlFrame> of(TestSpool spool, String kind) throws IOException {
        spool.readControl();
        return spool.controlFrames().stream()
                .filter(frame -> frame.kind().equals(kind))
                .toList();
    }

    private static Topics.ControlFrame newest(TestSpool spool, String kind) throws IOException {
        List<Topics.ControlFrame> all = of(spool, kind);
        return all.get(all.size() - 1);
    }

    @Test
    void aReportThatIsNotTiedToEventsCountsOnlyWhatIsAppended() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 2);
            spool.handOver(spool.made(zone(1), 10, 20));
            spool.offer(TestSpool.OWN, ControlRecords.heartbeat());
            spool.pass();
            Topics.ControlFrame first = newest(spool, "HEARTBEAT");
            assertThat(streams(first)).isEqualTo(Map.of(1, 20L));
            assertThat(first.number("events_sequenced")).isEqualTo(20);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            assertThat(streams(newest(spool, "HEARTBEAT"))).isEqualTo(Map.of(1, 30L));
        }
    }

    @Test
    void aReportThatFollowsEventsIsAppendedAfterThemAndBeforeLaterOnes() throws IOException {
        try (TestSpool spool = open()) {
            spool.handOver(spool.made(zone(1), 10, 20));
            spool.offerAfterEvents(TestSpool.OWN, ControlRecords.stopped());
            spool.handOver(spool.made(zone(1), 10, 20));
            spool.pass();
            assertThat(of(spool, "STOPPED")).isEmpty();
            assertThat(spool.spool.waitNanos()).as("it is due now").isZero();
            spool.pass();
            assertThat(spool.spool.waitNanos()).isPositive();
            Topics.ControlFrame stopped = newest(spool, "STOPPED");
            assertThat(streams(stopped)).isEqualTo(Map.of(1, 10L));
            assertThat(spool.readAllBatches())
                    .extracting(batch -> batch.logIndex() < stopped.envelope().logIndex())
                    .containsExactly(true, false);
        }
    }

    @Test
    void lossesAreDeclaredBeforeTheReportThatCountsThem() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 1);
            EncodedBatch refused = spool.made(zone(1), 7, 20);
            assertThat(refused.count()).isEqualTo(7);
            spool.handOver(spool.made(zone(1), 10, 20));
            spool.pass();
            spool.control(TestSpool.OWN, ControlRecords.stopped());
            Topics.ControlFrame stopped = newest(spool, "STOPPED");
            assertThat(streams(stopped)).isEqualTo(Map.of(1, 27L));
            assertThat(stopped.number("events_sequenced")).isEqualTo(27);
            assertThat(stopped.number("events_dropped")).isEqualTo(7);
            assertThat(stopped.number("events_owed")).isEqualTo(7);
            assertThat(newest(spool, "GAP").envelope().number())
                    .isLessThan(stopped.envelope().number());
        }
    }

    /** With a full spool, events are merged into losses in memory: a report forces them out first. */
    @Test
    void droppedEventsAreDeclaredBeforeAHeartbeatOfTheirNamespace() throws IOException {
        SpoolConfig config = TestSpool.config(directory, 256 << 10, WhenFull.DROP_NEWEST);
        try (TestSpool spool = new TestSpool(config)) {
            while (spool.healthy()) {
                spool.append(1, 10);
            }
            spool.append(1, 10);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            Topics.ControlFrame heartbeat = newest(spool, "HEARTBEAT");
            long made = Objects.requireNonNull(
                    spool.madeUpTo().get(new AcknowledgedPosition.RunStream(spool.run, zone(1))));
            assertThat(streams(heartbeat)).isEqualTo(Map.of(1, made));
            long declared = of(spool, "GAP").stream()
                    .filter(gap ->
                            gap.envelope().number() < heartbeat.envelope().number())
                    .map(DeclaredGap::of)
                    .mapToLong(DeclaredGap::events)
                    .sum();
            assertThat(heartbeat.number("events_dropped")).isEqualTo(declared).isPositive();
        }
    }

    @Test
    void aReportListsTheStreamsThatHaveAdvancedAndStoppedAllOfThem() throws IOException {
        try (TestSpool spool = open()) {
            spool.append(1, 1);
            spool.append(2, 1);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            spool.append(2, 1);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            spool.control(TestSpool.OWN, ControlRecords.stopped());
            assertThat(of(spool, "HEARTBEAT").stream().map(ReportTest::streams))
                    .containsExactly(Map.of(1, 10L, 2, 10L), Map.of(2, 20L), Map.of());
            assertThat(of(spool, "HEARTBEAT"))
                    .extracting(frame -> frame.number("report_id"))
                    .containsExactly(0L, 1L, 2L);
            Topics.ControlFrame stopped = newest(spool, "STOPPED");
            assertThat(streams(stopped)).isEqualTo(Map.of(1, 10L, 2, 20L));
            assertThat(stopped.text("streams_complete")).isEqualTo("true");
            assertThat(stopped.number("stream_count")).isEqualTo(2);
        }
    }

    @Test
    void aReportOfMoreStreamsThanFitIntoARecordIsSplit() throws IOException {
        SpoolConfig config = TestSpool.config(directory, 1L << 30, 256 << 10, WhenFull.DROP_OLDEST);
        int zones = 1300;
        try (TestSpool spool = new TestSpool(config)) {
            for (int zone = 0; zone < zones; zone++) {
                spool.handOver(spool.made(zone(zone), 2, 20));
            }
            spool.takeAll();
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            assertSplit(of(spool, "HEARTBEAT"), zones);
            spool.acknowledgeControl();
            Map<Integer, Long> existing =
                    IntStream.range(0, zones).boxed().collect(Collectors.toMap(zone -> zone, zone -> 1L + zone % 2));
            spool.control(TestSpool.OWN, ControlRecords.snapshotEnd(existing));
            assertSplit(of(spool, "SNAPSHOT_END"), zones);
            Map<Integer, Long> counts = new HashMap<>();
            for (Topics.ControlFrame part : of(spool, "SNAPSHOT_END")) {
                for (Object element : (Collection<?>) part.fields().get("streams")) {
                    GenericRecord stream = (GenericRecord) element;
                    counts.put((Integer) stream.get("ct_zone"), (Long) stream.get("event_count"));
                }
            }
            assertThat(counts).isEqualTo(existing);
        }
    }

    private static void assertSplit(List<Topics.ControlFrame> parts, int zones) {
        assertThat(parts).hasSizeGreaterThan(1);
        Map<Integer, Long> all = new TreeMap<>();
        for (int part = 0; part < parts.size(); part++) {
            Topics.ControlFrame frame = parts.get(part);
            assertThat(frame.number("report_part")).isEqualTo(part);
            assertThat(frame.number("report_parts")).isEqualTo(parts.size());
            assertThat(frame.text("report_id")).isEqualTo(parts.get(0).text("report_id"));
            all.putAll(streams(frame));
        }
        assertThat(all)
                .hasSize(zones)
                .allSatisfy((zone, next) -> assertThat(next).isEqualTo(2));
    }

    @Test
    void aSnapshotEndCountsItsEventsOnlyWhenTheyAreAppended() throws IOException {
        try (TestSpool spool = open()) {
            spool.handOver(spool.made(zone(3), 5, 20));
            spool.offerAfterEvents(TestSpool.OWN, ControlRecords.snapshotEnd(Map.of(3, 5L)));
            spool.pass();
            spool.pass();
            assertThat(streams(newest(spool, "SNAPSHOT_END"))).isEqualTo(Map.of(3, 5L));
        }
    }

    /** The disk refuses the report once: it comes again whole, with the same number. */
    @Test
    void aReportThatTheDiskRefusedComesAgainWithAllItsStreams() throws IOException {
        RecordedFiles files = new RecordedFiles(directory);
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).files(files))) {
            spool.append(1, 1);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            spool.append(2, 1);
            files.refuse(call -> call.ofControl() && call.what().equals("write") ? "Input/output error" : null);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            assertThat(of(spool, "HEARTBEAT")).hasSize(1);
            assertThat(spool.red("spool-control")).contains("Input/output error");
            files.refuseNothing();
            spool.await("the report", () -> of(spool, "HEARTBEAT").size() == 2);
            Topics.ControlFrame second = newest(spool, "HEARTBEAT");
            assertThat(streams(second)).isEqualTo(Map.of(2, 10L));
            assertThat(second.number("report_id")).isEqualTo(1);
            assertThat(second.number("control_sequence")).isEqualTo(2);
            assertThat(spool.red("spool")).isEmpty();
        }
    }

    @Test
    void aReportIsNotAppendedWhileEventsThatItCountsAreNotOnDisk() throws IOException {
        RecordedFiles files = new RecordedFiles(directory);
        List<String> order = new ArrayList<>();
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).files(files))) {
            spool.append(1, 1);
            files.before(call -> order.add(call.what() + (call.ofEventSegment() ? " events" : " other")));
            files.refuse(call -> call.ofEventSegment() && call.what().equals("sync") ? "Input/output error" : null);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            assertThat(of(spool, "HEARTBEAT")).isEmpty();
            files.refuseNothing();
            spool.await("the report", () -> !of(spool, "HEARTBEAT").isEmpty());
            assertThat(order).contains("sync events");
        }
    }

    @Test
    void everyStoppedIsAppendedHoweverManyNamespacesStopBetweenEvents() throws IOException {
        try (TestSpool spool = open()) {
            List<StreamId> namespaces = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                namespaces.add(StreamId.control("ns" + i, "id-ns" + i));
                spool.control(namespaces.get(i), ControlRecords.started());
            }
            for (StreamId namespace : namespaces) {
                spool.handOver(spool.made(MadeBatches.stream(namespace.netns(), 1), 10, 20));
                spool.offerAfterEvents(namespace, ControlRecords.stopped());
            }
            spool.offerAfterEvents(TestSpool.OWN, ControlRecords.stopped());
            spool.spool.stop();
            spool.spool.run();
            assertThat(spool.outbox.size()).isZero();
        }
        try (TestSpool spool = open()) {
            assertThat(spool.spool.previousRun()).isNotNull().matches(Spool.PreviousRun::clean);
            assertThat(of(spool, "STOPPED")).hasSize(6);
        }
    }

    /** What has ended is forgotten when Kafka has it, not before: until then its loss would have to be declared. */
    @Test
    void theStreamsOfEndedNamespacesAreForgottenWhenKafkaHasThem() throws IOException {
        int namespaces = 200;
        try (TestSpool spool = open()) {
            spool.append(1, 1);
            for (int i = 0; i < namespaces; i++) {
                StreamId control = MadeBatches.stream("n" + i, StreamId.CONTROL_ZONE);
                spool.control(control, ControlRecords.started());
                spool.handOver(spool.made(MadeBatches.stream("n" + i, 1), 10, 20));
                spool.handOver(spool.made(MadeBatches.stream("n" + i, 2), 10, 20));
                spool.offerAfterEvents(control, ControlRecords.stopped());
                spool.pass();
            }
            spool.await("the streams are counted", () -> spool.spool.keptStreams() == 2 + 3 * namespaces);
            spool.readAllBatches();
            long half = spool.appendedNumber() / 2;
            spool.acknowledge(half);
            spool.await("half of them are forgotten", () -> spool.spool.keptStreams() < 2 + 3 * (namespaces / 2 + 3));
            assertThat(spool.spool.keptStreams()).isGreaterThan(2 + 3 * (namespaces / 2 - 3));
            spool.acknowledge(spool.appendedNumber());
            spool.await("only the own namespace and its stream are left", () -> spool.spool.keptStreams() == 2);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            assertThat(streams(newest(spool, "HEARTBEAT"))).isEqualTo(Map.of(1, 10L));
        }
    }
}
