package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentFormat;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How long control records are kept, how much space each kind may use, and what damage to them tells. */
class ControlChainTest {
    private static final StreamId BLUE = StreamId.control("blue", "id-blue");
    private static final long CONTROL_BYTES = 256 << 10;

    @TempDir
    private Path directory;

    private TestSpool open() throws IOException {
        return new TestSpool(TestSpool.config(directory, 512 << 10, CONTROL_BYTES, WhenFull.DROP_OLDEST));
    }

    private TestSpool openLarge() throws IOException {
        return new TestSpool(TestSpool.config(directory, 1L << 30, CONTROL_BYTES, WhenFull.DROP_OLDEST));
    }

    private List<String> controlFiles() throws IOException {
        return TestSpool.controlSegments(directory).stream()
                .map(file -> String.valueOf(file.getFileName()))
                .toList();
    }

    private void nextControlSegment(TestSpool spool) throws IOException {
        int before = controlFiles().size();
        while (controlFiles().size() == before) {
            spool.control(TestSpool.OWN, ControlRecords.mode(5000));
        }
    }

    @Test
    void aSegmentIsKeptUntilTheStoredPositionOfEventsHasPassedWhatItGivesUp() throws IOException {
        try (TestSpool spool = open()) {
            while (spool.gaps().isEmpty()) {
                spool.append(1, 10);
            }
            nextControlSegment(spool);
            nextControlSegment(spool);
            spool.acknowledgeControl();
            spool.awaitStored(directory);
            String first = controlFiles().get(0);
            spool.append(1, 1);
            spool.await("a later save", () -> {
                SpoolCheckpoint.Values stored =
                        SpoolCheckpoint.read(SpoolFileSystem.HOST, SpoolDirectory.stateFile(directory));
                return stored != null && stored.events().next().number() > spool.appendedNumber();
            });
            assertThat(controlFiles()).as("it explains what was given up").contains(first);
            QueuedBatch batch = Objects.requireNonNull(spool.next());
            spool.await("deleted", () -> !controlFiles().contains(first));
            assertThat(batch.envelope().number()).isGreaterThan(1);
            SpoolCheckpoint.Values stored = Objects.requireNonNull(
                    SpoolCheckpoint.read(SpoolFileSystem.HOST, SpoolDirectory.stateFile(directory)));
            assertThat(stored.events().acknowledged().number())
                    .isEqualTo(batch.envelope().number());
        }
    }

    @Test
    void theNewestSegmentIsKeptAlthoughKafkaHasAllOfIt() throws IOException {
        try (TestSpool spool = open()) {
            nextControlSegment(spool);
            nextControlSegment(spool);
            spool.offer(TestSpool.OWN, ControlRecords.stopped());
            spool.pass();
            spool.acknowledgeControl();
        }
        assertThat(controlFiles()).hasSize(1);
        try (TestSpool spool = open()) {
            assertThat(spool.spool.previousRun()).isNotNull().matches(Spool.PreviousRun::clean);
            assertThat(spool.readControl())
                    .as("of the run before, nothing is sent again")
                    .extracting(Topics.ControlFrame::kind)
                    .containsExactly("STARTED");
        }
    }

    @Test
    void aRunIsCleanOnlyIfTheNewestRecordOfEachNamespaceIsItsStopped() throws IOException {
        try (TestSpool spool = open()) {
            spool.control(BLUE, ControlRecords.started());
            spool.control(TestSpool.OWN, ControlRecords.stopped());
        }
        assertClean(false);
        try (TestSpool spool = open()) {
            spool.control(BLUE, ControlRecords.started());
            spool.control(TestSpool.OWN, ControlRecords.stopped());
            spool.control(BLUE, ControlRecords.stopped());
        }
        assertClean(true);
        try (TestSpool spool = open()) { // the brokers answered while the run ended
            spool.control(TestSpool.OWN, ControlRecords.stopped());
            spool.control(
                    TestSpool.OWN,
                    new ControlRecord.Topics(new ControlRecord.Topic("e", 12), new ControlRecord.Topic("c", 3), null));
        }
        assertClean(true);
        try (TestSpool spool = open()) {
            spool.control(TestSpool.OWN, ControlRecords.stopped());
            spool.control(TestSpool.OWN, ControlRecords.kernelGap(3));
        }
        assertClean(false);
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).withoutStarted())) {
            spool.append(1, 1);
        }
        try (TestSpool spool = open()) {
            assertThat(spool.spool.previousRun()).isNotNull();
        }
    }

    /** Looks at a copy. */
    private void assertClean(boolean clean) throws IOException {
        Path copy = TestSpool.crashed(
                directory, directory.resolveSibling(directory.getFileName() + "-" + System.nanoTime()));
        try (TestSpool spool = new TestSpool(TestSpool.config(copy))) {
            assertThat(spool.spool.previousRun())
                    .isNotNull()
                    .satisfies(previous -> assertThat(previous.clean()).isEqualTo(clean));
        }
        assertThat(SpoolReport.list(directory).clean()).isEqualTo(clean);
    }

    private static void fillTo(TestSpool spool, int sixteenths) {
        long limit = CONTROL_BYTES / 16 * sixteenths;
        while (((Chain) spool.spool.control()).catalog.sizeBytes() + 700 < limit) {
            long left = limit - ((Chain) spool.spool.control()).catalog.sizeBytes();
            spool.control(TestSpool.OWN, ControlRecords.mode((int) Math.min(5000, left - 650)));
        }
    }

    private static List<String> kinds(List<Topics.ControlFrame> frames) {
        return frames.stream().map(Topics.ControlFrame::kind).distinct().toList();
    }

    @Test
    void aHeartbeatIsLeftOutAboveHalfOfTheSpaceWithoutUsingANumber() throws IOException {
        try (TestSpool spool = openLarge()) {
            spool.append(1, 1);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            fillTo(spool, 8);
            assertThat(kinds(spool.readControl())).contains("HEARTBEAT");
            spool.append(2, 1);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            assertThat(spool.readControl()).isEmpty();
            spool.appendControl();
            spool.acknowledgeControl();
            spool.await("space", () -> ((Chain) spool.spool.control()).catalog.sizeBytes() < CONTROL_BYTES / 4);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            List<Topics.ControlFrame> frames = spool.controlFrames();
            spool.acknowledgeControl();
            Topics.ControlFrame last =
                    spool.controlFrames().get(spool.controlFrames().size() - 1);
            assertThat(last.kind()).isEqualTo("HEARTBEAT");
            assertThat(last.number("control_sequence")).isEqualTo(frames.size());
            assertThat(last.number("report_id")).as("one after the other").isEqualTo(1);
            assertThat(last.text("streams"))
                    .as("the stream that advanced before the one that was left out")
                    .contains("\"ct_zone\": 2");
        }
    }

    @Test
    void aGapMayUseMoreSpaceThanOthersAndStoppedMoreThanAGap() throws IOException {
        try (TestSpool spool = openLarge()) {
            fillTo(spool, 12);
            spool.readControl();
            spool.outbox.offer(TestSpool.OWN, ControlRecords.kernelGap(1), 1);
            spool.pass();
            assertThat(kinds(spool.readControl())).containsExactly("GAP");
            for (int i = 0; i < 400; i++) {
                spool.control(TestSpool.OWN, ControlRecords.kernelGap(1));
            }
            assertThat(((Chain) spool.spool.control()).catalog.sizeBytes())
                    .isBetween(CONTROL_BYTES / 16 * 15 - 1000, CONTROL_BYTES / 16 * 15);
            assertThat(spool.red("spool-control")).contains("spool.control-bytes is reached");
            spool.acknowledgeControl();
            spool.await("all GAP records are appended", () -> {
                spool.acknowledgeControl();
                return spool.outbox.size() == 0
                        && spool.controlFrames().stream()
                                        .filter(Topics.ControlFrame::isGap)
                                        .count()
                                == 401;
            });
            assertThat(spool.red("spool-control")).isEmpty();
        }
    }

    /** The publisher stands still until it has its GAP, and nothing else lets space become free. */
    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void theGapOfARejectedBatchIsAppendedWhenNoOtherIsPossible() throws IOException {
        try (TestSpool spool = openLarge()) {
            fillTo(spool, 12);
            spool.readControl();
            do {
                spool.control(TestSpool.OWN, ControlRecords.kernelGap(1));
            } while (!spool.readControl().isEmpty()); // until one waits
            spool.append(1, 1);
            assertThat(spool.setAside(Objects.requireNonNull(spool.next()))).isTrue();
            spool.readControl();
            assertThat(spool.gaps()).extracting(DeclaredGap::cause).contains("rejected");
        }
    }

    @Test
    void stoppedIsAppendedWhenNoGapIsPossible() throws IOException {
        try (TestSpool spool = openLarge()) {
            fillTo(spool, 12);
            while (((Chain) spool.spool.control()).catalog.sizeBytes() + 700 < CONTROL_BYTES / 16 * 15) {
                spool.control(TestSpool.OWN, ControlRecords.kernelGap(1));
            }
            spool.readControl();
            spool.control(TestSpool.OWN, ControlRecords.stopped());
            assertThat(kinds(spool.readControl())).containsExactly("STOPPED");
        }
    }

    @Test
    void recordsWithoutSpaceAreKeptAndAppendedLaterInOrder() throws IOException {
        try (TestSpool spool = openLarge()) {
            for (int i = 0; i < 500; i++) {
                spool.control(TestSpool.OWN, ControlRecords.mode(i + 1));
            }
            long before = spool.readControl().size();
            assertThat(before).isBetween(50L, 499L);
            spool.await("all are appended", () -> {
                spool.acknowledgeControl();
                return spool.controlFrames().size() == 501;
            });
            assertThat(spool.controlFrames().stream()
                            .filter(frame -> frame.kind().equals("MODE"))
                            .map(frame -> frame.text("reason").length()))
                    .isSorted()
                    .hasSize(500);
        }
    }

    @Test
    void everyRecordTellsWhatKafkaHas() throws IOException {
        long firstEpoch;
        try (TestSpool spool = openLarge()) {
            firstEpoch = spool.run.streamEpoch();
            spool.append(1, 4);
            spool.appendControl();
            List<Topics.ControlFrame> frames = spool.readControl();
            assertAcknowledged(
                    frames.get(0), firstEpoch, frames.get(0).envelope().logIndex());
            assertThat(frames.get(1).fields().get("acknowledged_epoch"))
                    .as("nothing of the only run, not even a beginning")
                    .isNull();
            QueuedBatch first = Objects.requireNonNull(spool.next());
            long index = first.envelope().logIndex();
            Objects.requireNonNull(spool.next());
            spool.acknowledge(1);
            spool.appendControl();
            assertAcknowledged(spool.readControl().get(0), firstEpoch, index + 1);
            spool.readAll();
            spool.acknowledge(3);
        }
        try (TestSpool spool = openLarge()) {
            Topics.ControlFrame started = spool.readControl().stream()
                    .filter(frame -> frame.number("stream_epoch") == spool.run.streamEpoch())
                    .findFirst()
                    .orElseThrow();
            assertThat(started.number("acknowledged_epoch"))
                    .as("batch 4 of the first run is not in Kafka")
                    .isEqualTo(firstEpoch);
            assertThat(started.number("acknowledged_log_index")).isLessThanOrEqualTo(4);
            assertThat(spool.readAll()).containsExactly(4L);
            spool.acknowledge(4);
            spool.appendControl();
            Topics.ControlFrame mode = spool.readControl().get(0);
            assertAcknowledged(mode, spool.run.streamEpoch(), mode.envelope().logIndex());
        }
    }

    private static void assertAcknowledged(Topics.ControlFrame frame, long epoch, long index) {
        assertThat(frame.number("acknowledged_epoch")).isEqualTo(epoch);
        assertThat(frame.number("acknowledged_log_index")).isEqualTo(index);
    }

    private static void zero(Path file, long offset, int bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(bytes), offset);
        }
    }

    /** Where a frame ends, in the only control segment. */
    private long endOf(String kind) throws IOException {
        Path file = TestSpool.controlSegments(directory).get(0);
        try (SegmentReader reader = SegmentReader.open(SpoolFileSystem.HOST, file)) {
            while (reader.next()) {
                byte[] body = new byte[reader.body().remaining()];
                reader.body().get(body);
                if (new String(body, StandardCharsets.ISO_8859_1).contains(kind)) {
                    return reader.position();
                }
            }
        }
        throw new AssertionError(kind);
    }

    @Test
    void lostControlRecordsAreDeclaredWithTheirSequences() throws IOException {
        TestSpool first = openLarge();
        try (first) {
            for (int i = 0; i < 5; i++) {
                first.appendControl();
            }
            first.append(1, 3);
        }
        zero(TestSpool.controlSegments(directory).get(0), endOf("STARTED"), 40); // the header of number 2
        try (TestSpool spool = openLarge()) {
            assertThat(spool.readAll()).containsExactly(1L, 2L, 3L);
            assertThat(spool.gaps()).allMatch(gap -> !gap.ofEvents());
            AcknowledgedPosition.RunStream stream = new AcknowledgedPosition.RunStream(first.run, TestSpool.OWN);
            assertThat(spool.topics.declared(stream).stream().boxed()).containsExactly(1);
            assertThat(spool.topics.arrived(stream).stream().boxed()).containsExactly(0, 2, 3, 4, 5);
            assertThat(spool.lostBatches()).isEqualTo(1);
        }
    }

    /** The header of the GAP is whole, so what it gave up is not handed out; the jump that it named is declared again. */
    @Test
    void aGapWithADamagedBodyStillGivesUpAndItsLossIsDeclaredAgain() throws IOException {
        Topics topics = new Topics();
        TestSpool first = open();
        try (first) {
            first.append(1, 3);
            assertThat(first.readAll()).hasSize(3); // so the first segment stays, and shows the jump
            while (first.spool.control().unacknowledged() < 2) {
                first.append(1, 10);
            }
        }
        zero(TestSpool.controlSegments(directory).get(0), endOf("GAP") - 30, 8);
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).topics(topics))) {
            spool.readAllBatches();
            assertThat(spool.gaps()).anyMatch(gap -> !gap.ofEvents());
            assertThat(spool.gaps().stream().filter(DeclaredGap::ofEvents)).isNotEmpty();
            topics.assertComplete(first.madeUpTo());
        }
    }

    /** What other GAP records name is not declared again, and what is found is red until it is declared. */
    @Test
    void onlyJumpsThatNoReadableGapNamesAreDeclaredAgain() throws IOException {
        TestSpool first = openLarge();
        StreamId one = MadeBatches.stream("host", 1);
        StreamId two = MadeBatches.stream("host", 2);
        try (first) {
            for (StreamId stream : List.of(one, two)) {
                first.handOver(first.made(stream, 10, 20));
                first.made(stream, 5, 20); // refused by the ring
                first.handOver(first.made(stream, 10, 20));
                first.takeAll();
            }
        }
        zero(TestSpool.controlSegments(directory).get(0), endOf("GAP") - 30, 8); // the body of the first one
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).withoutStarted())) {
            spool.pass();
            assertThat(spool.red("spool-found")).contains("not declared yet; lost events=5");
            spool.control(TestSpool.OWN, ControlRecords.started());
            assertThat(spool.red("spool-found")).isEmpty();
            spool.readAllBatches();
            assertThat(spool.gaps().stream()
                            .filter(DeclaredGap::ofEvents)
                            .filter(gap -> gap.frame().number("stream_epoch") == spool.run.streamEpoch())
                            .flatMap(gap -> gap.ranges().stream()))
                    .containsExactly(new DeclaredGap.Range(new AcknowledgedPosition.RunStream(first.run, one), 10, 15));
            spool.topics.assertExact(first.madeUpTo());
        }
    }

    @Test
    void aVanishedControlSegmentIsDeclaredWithItsSequences() throws IOException {
        Topics topics = new Topics();
        TestSpool first = openLarge();
        try (first) {
            nextControlSegment(first);
            nextControlSegment(first);
            first.append(1, 3);
        }
        Files.delete(TestSpool.controlSegments(directory).get(1));
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).topics(topics))) {
            spool.readAllBatches();
            AcknowledgedPosition.RunStream stream = new AcknowledgedPosition.RunStream(first.run, TestSpool.OWN);
            long next = topics.arrived(stream).length();
            topics.assertExact(Map.of(stream, next));
            assertThat(topics.declared(stream).cardinality()).isPositive();
            assertThat(spool.lostBatches())
                    .as("once")
                    .isEqualTo(topics.declared(stream).cardinality());
        }
    }

    @Test
    void zerosAfterTheLastFrameAreNoDamage() throws IOException {
        Path left = directory.resolveSibling(directory.getFileName() + "-left");
        try (TestSpool spool = openLarge()) {
            spool.appendControl();
            TestSpool.crashed(directory, left);
        }
        Path file = TestSpool.controlSegments(left).get(0);
        assertThat(Files.size(file)).isEqualTo(CONTROL_BYTES / SpoolConfig.CONTROL_SEGMENTS);
        SpoolReport report = SpoolReport.verify(left, (done, all) -> {});
        assertThat(report.whole()).isTrue();
        assertThat(report.control()).singleElement().satisfies(found -> {
            assertThat(found.unfinishedBytes()).isZero();
            assertThat(found.state()).isEqualTo(SpoolFile.State.OPEN);
            assertThat(found.appended().batches()).isEqualTo(2);
        });
        try (TestSpool spool = new TestSpool(TestSpool.config(left))) {
            assertThat(spool.readControl())
                    .extracting(frame -> frame.kind() + frame.envelope().number())
                    .containsExactly("STARTED1", "MODE2", "STARTED3");
            assertThat(Files.size(file)).as("sealed, and cut").isLessThan(4096);
        }
    }

    @Test
    void aReservedFileThatHasJustGotItsNameIsBegunAndNoDamage() throws IOException {
        try (TestSpool spool = openLarge()) {
            spool.appendControl();
        }
        Path blank = directory.resolve("control/0000000000000099.segment");
        Files.write(blank, new byte[SegmentFormat.FRAMES_OFFSET * 3]);
        SpoolReport report = SpoolReport.verify(directory, (done, all) -> {});
        assertThat(report.whole()).isTrue();
        assertThat(report.control()).extracting(SpoolFile::state).contains(SpoolFile.State.BEGUN);
        try (SpoolReader reader = SpoolReader.segments(directory)) {
            while (reader.next()) {
                assertThat(reader.envelope().kind()).isEqualTo(BatchEnvelope.CONTROL);
            }
            assertThat(reader.unreadable()).isEmpty();
        }
    }

    @Test
    void eachNamespaceIdentityHasItsOwnControlSequence() throws IOException {
        try (TestSpool spool = openLarge()) {
            StreamId again = StreamId.control("blue", "id-again");
            spool.control(BLUE, ControlRecords.started());
            spool.control(BLUE, ControlRecords.stopped());
            spool.control(again, ControlRecords.started());
            assertThat(spool.readControl())
                    .extracting(frame -> frame.text("netns_id") + frame.number("control_sequence"))
                    .containsExactly("id-host0", "id-blue0", "id-blue1", "id-again0");
        }
    }
}
