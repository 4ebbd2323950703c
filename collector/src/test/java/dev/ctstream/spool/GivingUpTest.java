package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** GAP durable, segment unlinked, unlink durable, GAP visible: a crash at any step loses and repeats nothing. */
class GivingUpTest {
    private static final int STREAMS = 20_000;
    private static final long MAX_BYTES = 512 << 10;

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("spool");
    }

    private SpoolConfig config(Path directory) {
        return TestSpool.config(directory, MAX_BYTES, WhenFull.DROP_OLDEST);
    }

    private static SpoolConfig large(Path directory) {
        return new SpoolConfig(directory, 20 << 20, 7 << 20, 4 << 20, 1000, WhenFull.DROP_OLDEST);
    }

    private static StreamId stream(int index) {
        return MadeBatches.stream("host", index);
    }

    private static void append(TestSpool spool, int round) {
        for (int i = 0; i < STREAMS; i++) {
            spool.handOver(spool.made(stream(i), 1 + (i + round) % 3, 20));
        }
        spool.takeAll();
    }

    @Test
    void twentyThousandStreamsThatGiveWayAtOnceAreAllDeclared() throws IOException {
        List<Path> crashes = new ArrayList<>();
        RecordedFiles files = new RecordedFiles(directory());
        files.before(call -> {
            boolean unlink = call.what().equals("delete") && call.ofEventSegment();
            boolean synced = call.what().equals("sync-directory") && call.file().isEmpty() && crashes.size() == 1;
            if ((unlink && crashes.isEmpty()) || synced) {
                crashes.add(crash(crashes.size()));
            }
        });
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(large(directory())).files(files))) {
            for (int round = 0; round < 4; round++) {
                append(spool, round);
            }
            spool.readAllBatches();
            spool.topics.assertExact(spool.madeUpTo());
            assertThat(spool.gaps())
                    .hasSizeGreaterThanOrEqualTo(20)
                    .allSatisfy(gap -> assertThat(gap.ranges()).hasSizeLessThanOrEqualTo(1000));
            assertThat(spool.lostRanges().stream()
                            .map(DeclaredGap.Range::stream)
                            .distinct())
                    .hasSize(STREAMS);
        }
        assertThat(crashes).hasSize(2);
        for (Path crashed : crashes) {
            assertRecovered(crashed);
        }
    }

    private Path crash(int index) {
        try {
            return TestSpool.crashed(directory(), temporary.resolve("crash-" + index));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What was given up is declared by the dead run only, and is not handed out. */
    private static void assertRecovered(Path crashed) throws IOException {
        try (TestSpool spool = new TestSpool(large(crashed))) {
            spool.readAllBatches();
            assertThat(spool.gaps())
                    .isNotEmpty()
                    .noneMatch(gap -> gap.frame().number("stream_epoch") == spool.run.streamEpoch());
            AcknowledgedPosition.RunStream dead = spool.gaps().get(0).owner();
            for (int i = 0; i < STREAMS; i++) {
                AcknowledgedPosition.RunStream stream = new AcknowledgedPosition.RunStream(dead.run(), stream(i));
                BitSet declared = spool.topics.declared(stream);
                assertThat(declared.get(0)).as("%s", stream).isTrue();
                assertThat(spool.topics.arrived(stream).intersects(declared))
                        .as("%s", stream)
                        .isFalse();
                declared.or(spool.topics.arrived(stream));
                assertThat(declared.nextClearBit(0)).as("%s", stream).isEqualTo(declared.length());
            }
        }
    }

    @Test
    void theGapIsDurableThenTheSegmentGoesAndOnlyThenThePublisherSeesTheGap() throws IOException {
        RecordedFiles files = new RecordedFiles(directory());
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(config(directory())).files(files))) {
            List<Long> visible = new ArrayList<>();
            while (files.calls().stream().noneMatch(call -> call.what().equals("delete") && call.ofEventSegment())) {
                spool.readControl();
                long before = spool.spool.control().unacknowledged();
                visible.clear();
                files.forget();
                files.before(call -> visible.add(spool.spool.control().unacknowledged() - before));
                spool.append(1, 10);
            }
            assertThat(visible)
                    .as("control records that the publisher sees at each call")
                    .containsOnly(0L);
            List<String> calls = files.calls().stream()
                    .map(RecordedFiles.Call::toString)
                    .filter(call -> !call.contains("state"))
                    .toList();
            String control = calls.stream()
                    .filter(call -> call.startsWith("sync control/"))
                    .findFirst()
                    .orElseThrow();
            String given = calls.stream()
                    .filter(call -> call.startsWith("delete "))
                    .findFirst()
                    .orElseThrow();
            assertThat(calls).containsSubsequence(control.replace("sync", "write"), control, given, "sync-directory ");
            assertThat(calls.indexOf(given)).isGreaterThan(calls.indexOf(control));
            assertThat(spool.readControl()).anyMatch(Topics.ControlFrame::isGap);
        }
    }

    @Test
    void aSegmentThatWasGivenUpAndComesBackIsRemovedAndNeitherHandedOutNorDeclaredAgain() throws IOException {
        Path oldest = directory().resolve("0000000000000001.segment");
        Path kept = temporary.resolve("kept");
        Topics topics = new Topics();
        TestSpool first = new TestSpool(TestSpool.Setup.of(config(directory())).topics(topics));
        try (first) {
            first.append(1, 1);
            Files.createLink(kept, oldest);
            while (Files.exists(oldest)) {
                first.append(1, 10);
            }
            assertThat(first.gaps()).isNotEmpty();
        }
        Files.createLink(oldest, kept); // as if a power loss had undone the deletion
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(config(directory())).topics(topics))) {
            assertThat(oldest).doesNotExist();
            spool.readAllBatches();
            assertThat(spool.gaps()).isEmpty();
        }
        topics.assertExact(first.madeUpTo());
    }

    /** The header of the GAP is enough. */
    @Test
    void aSegmentThatComesBackIsRemovedAlsoWhenTheBodyOfItsGapIsDamaged() throws IOException {
        Path oldest = directory().resolve("0000000000000001.segment");
        Path kept = temporary.resolve("kept");
        try (TestSpool first = new TestSpool(config(directory()))) {
            first.append(1, 1);
            Files.createLink(kept, oldest);
            while (Files.exists(oldest)) {
                first.append(1, 10);
            }
        }
        Files.createLink(oldest, kept);
        Path control = TestSpool.controlSegments(directory()).get(0);
        long end = 0;
        try (SegmentReader reader = SegmentReader.open(SpoolFileSystem.HOST, control)) {
            while (reader.next()) {
                end = reader.envelope().givesUp() != null && end == 0 ? reader.position() : end;
            }
        }
        try (FileChannel channel = FileChannel.open(control, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {9, 9, 9, 9}), end - 30);
        }
        try (TestSpool spool = new TestSpool(config(directory()))) {
            assertThat(oldest).doesNotExist();
            assertThat(spool.readAllBatches().get(0).firstSequence()).isPositive();
        }
    }

    private void fillUntilGivenUp(TestSpool spool) throws IOException {
        while (Files.exists(directory().resolve("0000000000000001.segment"))) {
            spool.append(1, 10);
        }
    }

    @Test
    void eventsStayBehindWhatWasGivenUpUntilItsGapIsAcknowledged() throws IOException {
        try (TestSpool spool = new TestSpool(config(directory()))) {
            spool.append(1, 10);
            fillUntilGivenUp(spool);
            assertThat(spool.next()).isNull();
            DeclaredGap gap = spool.readControl().stream()
                    .filter(Topics.ControlFrame::isGap)
                    .map(DeclaredGap::of)
                    .findFirst()
                    .orElseThrow();
            assertThat(spool.next()).as("handed out is not acknowledged").isNull();
            assertThat(spool.acknowledgedNumber()).isZero();
            spool.acknowledgeControl();
            assertThat(Objects.requireNonNull(spool.next()).envelope().firstSequence())
                    .isEqualTo(gap.ranges().get(0).next());
        }
    }

    @Test
    void eventsGoOnBehindADurableGapWhileKafkaRefusesControlRecords() throws IOException {
        try (TestSpool spool = new TestSpool(config(directory()))) {
            spool.append(1, 10);
            fillUntilGivenUp(spool);
            assertThat(spool.next()).isNull();
            spool.spool.controlBlocked(true);
            BatchEnvelope next = Objects.requireNonNull(spool.next()).envelope();
            assertThat(next.firstSequence()).isPositive();
            spool.spool.controlBlocked(false);
            assertThat(spool.next()).as("what is not given up").isNotNull();
        }
    }

    @Test
    void eventsDoNotPassALossWithoutADurableGapEvenIfControlRecordsAreRefused() throws IOException {
        try (TestSpool spool = new TestSpool(TestSpool.config(directory()))) {
            while (TestSpool.segments(directory()).size() < 4) {
                spool.append(1, 20);
            }
        }
        Files.delete(TestSpool.segments(directory()).get(0));
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory())).withoutStarted())) {
            spool.spool.controlBlocked(true);
            spool.pass();
            assertThat(spool.next())
                    .as("recovered, and STARTED is not appended yet")
                    .isNull();
            spool.control(TestSpool.OWN, ControlRecords.started());
            assertThat(spool.next()).isNotNull();
            assertThat(spool.controlFrames()).isEmpty();
            List<Topics.ControlFrame> control = spool.readControl();
            assertThat(control.stream()
                            .filter(frame -> frame.number("stream_epoch") == spool.run.streamEpoch())
                            .map(Topics.ControlFrame::kind))
                    .as("STARTED is number 0")
                    .containsExactly("STARTED", "GAP");
        }
    }

    @Test
    void aLossOfAnEarlierRunIsDeclaredInTheStreamOfTheOwnNamespace() throws IOException {
        TestSpool first = new TestSpool(TestSpool.config(directory()));
        try (first) {
            while (TestSpool.segments(directory()).size() < 3) {
                first.handOver(first.made(MadeBatches.stream("blue", 7), 3, 200));
                first.pass();
            }
        }
        Files.delete(TestSpool.segments(directory()).get(1));
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory())).withoutStarted())) {
            spool.pass();
            assertThat(spool.gaps()).isEmpty();
            spool.control(StreamId.control("blue", "id-blue"), ControlRecords.started());
            assertThat(spool.gaps())
                    .as("only the own namespace's STARTED opens the way")
                    .isEmpty();
            spool.control(TestSpool.OWN, ControlRecords.started());
            assertThat(spool.gaps()).isNotEmpty().allSatisfy(gap -> {
                assertThat(gap.frame().envelope().stream()).isEqualTo(TestSpool.OWN);
                assertThat(gap.owner().run()).isEqualTo(first.run);
                assertThat(gap.owner().stream().netns()).isEqualTo("blue");
            });
        }
    }
}
