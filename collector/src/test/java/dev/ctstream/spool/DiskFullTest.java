package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that takes no more, with a file system that pretends; SpoolKernelIT has a real one. */
class DiskFullTest {
    @TempDir
    private Path directory;

    private RecordedFiles files = new RecordedFiles(Path.of(""));

    @BeforeEach
    void name() {
        files = new RecordedFiles(directory);
    }

    private TestSpool open(WhenFull whenFull) throws IOException {
        return new TestSpool(TestSpool.Setup.of(TestSpool.config(directory, 1L << 30, whenFull))
                .files(files));
    }

    /** No new block: only what was reserved can be written. */
    private static boolean needsSpace(RecordedFiles.Call call) {
        return call.changesData()
                && !call.file().equals("state")
                && !(call.ofControl() && call.file().endsWith(".segment"));
    }

    @Test
    void theReservedFileTakesTheGapOfEventsThatTheDiskDoesNotTake() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_NEWEST)) {
            spool.append(1, 3);
            files.refuse(call -> needsSpace(call) ? RecordedFiles.FULL : null);
            files.usableBytes(0);
            spool.append(1, 5);
            assertThat(spool.red("spool")).contains("the disk of the spool is full; new data is dropped");
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            assertThat(spool.gaps()).singleElement().satisfies(gap -> {
                assertThat(gap.cause()).isEqualTo("spool");
                assertThat(gap.count()).isEqualTo(50);
            });
            files.refuseNothing();
            files.usableBytes(1L << 40);
            spool.await("well again", () -> {
                spool.append(1, 1);
                return spool.healthy();
            });
            spool.control(TestSpool.OWN, ControlRecords.heartbeat()); // after what was lost is declared
            spool.readAllBatches();
            spool.topics.assertExact(spool.madeUpTo());
        }
    }

    @Test
    void whatKafkaHasIsFreedOnAFullDiskThoughNoEventsCome() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_NEWEST)) {
            spool.append(1, 3);
            Path segment = TestSpool.segments(directory).get(0);
            files.refuse(call -> needsSpace(call) && Files.exists(segment) ? RecordedFiles.FULL : null);
            spool.append(1, 5);
            assertThat(spool.healthy()).isFalse();
            List<BatchEnvelope> read = spool.readAllBatches();
            spool.acknowledge(read.get(read.size() - 1).number());
            spool.await("well again", spool::healthy);
            assertThat(segment).doesNotExist();
        }
    }

    @Test
    void theOldestGivesWayOnAFullDiskAndTheWriteIsTriedAgain() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            while (TestSpool.segments(directory).size() < 3) {
                spool.append(1, 20);
            }
            AtomicInteger left = new AtomicInteger(1);
            files.refuse(call -> call.ofEventSegment() && call.what().equals("write") && left.getAndDecrement() > 0
                    ? RecordedFiles.FULL
                    : null);
            spool.append(2, 3);
            files.refuseNothing();
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(spool.gaps())
                    .isNotEmpty()
                    .allMatch(gap -> gap.frame().envelope().givesUp() != null);
            assertThat(read.stream().filter(batch -> batch.stream().zone() == 2))
                    .hasSize(3);
            spool.topics.assertExact(spool.madeUpTo());
        }
    }

    @Test
    void aReservedFileThatCannotBeMadeIsRedAndTriedAgain() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            spool.pass();
            assertThat(directory.resolve("control").resolve(ReservedFile.NAME)).exists();
            files.refuse(call ->
                    call.file().endsWith(ReservedFile.NAME) && call.what().equals("write") ? RecordedFiles.FULL : null);
            int before = TestSpool.controlSegments(directory).size();
            while (TestSpool.controlSegments(directory).size() == before) {
                spool.control(TestSpool.OWN, ControlRecords.mode(5000));
            }
            spool.await("red", () -> !spool.red("spool-reserve").isEmpty());
            assertThat(spool.red("spool-reserve")).contains("control", RecordedFiles.FULL, "free some space");
            assertThat(directory.resolve("control").resolve(ReservedFile.NAME))
                    .as("no half of it is left")
                    .doesNotExist();
            files.refuseNothing();
            spool.await("ready", () -> spool.red("spool-reserve").isEmpty());
            assertThat(directory.resolve("control").resolve(ReservedFile.NAME)).hasSize(1 << 17);
        }
    }

    @Test
    void theReservedFileIsSyncedBeforeItIsUsed() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            assertThat(spool.readControl()).hasSize(1);
            List<String> calls = files.calls().stream()
                    .filter(call -> call.file().startsWith("control"))
                    .map(RecordedFiles.Call::toString)
                    .toList();
            assertThat(calls)
                    .containsSubsequence(
                            "create control/next.reserved",
                            "write control/next.reserved",
                            "sync control/next.reserved",
                            "sync-directory control",
                            "rename control/0000000000000001.segment",
                            "write control/0000000000000001.segment");
        }
    }

    @Test
    void whenNothingCanBeWrittenLossesAreMergedInMemoryAndDeclaredLater() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_OLDEST)) {
            spool.append(1, 2);
            files.refuse(call -> call.changesData() ? RecordedFiles.FULL : null);
            for (int i = 0; i < 20; i++) {
                spool.append(i % 4, 5);
            }
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            assertThat(spool.readControl())
                    .extracting(Topics.ControlFrame::kind)
                    .containsExactly("STARTED");
            files.refuseNothing();
            spool.await("the report", () -> {
                spool.readControl();
                return spool.controlFrames().stream()
                        .anyMatch(frame -> frame.kind().equals("HEARTBEAT"));
            });
            assertThat(spool.lostRanges()).as("one for each stream").hasSize(4);
            spool.readAllBatches();
            spool.topics.assertExact(spool.madeUpTo());
        }
    }

    @Test
    void aFailedWriteOfEventsTakesTheirLogIndexBack() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_NEWEST)) {
            spool.append(1, 2);
            files.refuse(call -> call.ofEventSegment() && call.what().equals("write") ? "Input/output error" : null);
            spool.append(1, 4);
            files.refuseNothing();
            spool.appendControl();
            spool.await("well again", () -> {
                spool.append(2, 1);
                return spool.healthy();
            });
            spool.control(TestSpool.OWN, ControlRecords.heartbeat()); // after what was lost is declared
            assertGapFree(spool);
            spool.topics.assertExact(spool.madeUpTo());
        }
    }

    /** Over both chains, log_index has no gap. */
    private static void assertGapFree(TestSpool spool) throws IOException {
        List<Long> indexes = logIndexes(spool);
        assertThat(indexes)
                .isEqualTo(LongStream.range(0, indexes.size()).boxed().toList());
    }

    private static List<Long> logIndexes(TestSpool spool) throws IOException {
        List<Long> indexes = new ArrayList<>();
        spool.readAllBatches().forEach(batch -> indexes.add(batch.logIndex()));
        spool.controlFrames().forEach(frame -> indexes.add(frame.envelope().logIndex()));
        indexes.sort(Comparator.naturalOrder());
        return indexes;
    }

    @Test
    void withinAPassControlRecordsHaveTheSmallerLogIndex() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_NEWEST)) {
            for (int i = 0; i < 5; i++) {
                spool.handOver(spool.made(MadeBatches.stream("host", 1), 2, 20));
                spool.offer(TestSpool.OWN, ControlRecords.mode());
                spool.pass();
                List<Topics.ControlFrame> control = spool.readControl();
                assertThat(spool.readAllBatches().get(0).logIndex())
                        .isEqualTo(control.get(control.size() - 1).envelope().logIndex() + 1);
            }
            assertThat(spool.controlFrames()).hasSize(6);
        }
    }

    @Test
    void aGapThatCannotBeSyncedIsTakenBackAndAppendedOnceMoreWithAnotherLogIndex() throws IOException {
        try (TestSpool spool = open(WhenFull.DROP_NEWEST)) {
            spool.append(1, 2);
            spool.made(MadeBatches.stream("host", 1), 5, 20); // refused by the ring
            files.refuse(call -> call.ofControl()
                            && call.file().endsWith(".segment")
                            && call.what().equals("sync")
                    ? "Input/output error"
                    : null);
            spool.append(1, 1); // shows the jump; without a durable GAP it must not be appended
            assertThat(spool.readControl())
                    .extracting(Topics.ControlFrame::kind)
                    .containsExactly("STARTED");
            assertThat(spool.red("spool-control")).contains("Input/output error");
            files.refuseNothing();
            spool.await("the GAP", () -> !spool.gaps().isEmpty());
            spool.append(1, 1);
            assertThat(logIndexes(spool)).containsExactly(0L, 1L, 2L, 4L, 5L); // 3 may come back after a loss of power
            assertThat(spool.controlFrames())
                    .extracting(frame -> frame.envelope().firstSequence())
                    .isEqualTo(LongStream.range(0, spool.controlFrames().size())
                            .boxed()
                            .toList());
            spool.topics.assertExact(spool.madeUpTo());
        }
        try (TestSpool next = new TestSpool(TestSpool.config(directory))) {
            assertThat(next.readAllBatches()).hasSize(3);
            assertThat(next.gaps()).isEmpty();
        }
    }

    @Test
    void whatAFailedWriteLeftInAReservedFileIsNoDamage() throws IOException {
        Path left = directory.resolveSibling(directory.getFileName() + "-left");
        try (TestSpool spool = open(WhenFull.DROP_NEWEST)) {
            files.refuse(call -> call.ofControl()
                            && call.file().endsWith(".segment")
                            && call.what().equals("sync")
                    ? "Input/output error"
                    : null);
            spool.control(TestSpool.OWN, ControlRecords.kernelGap(5)); // written, not synced, taken back
            TestSpool.crashed(directory, left);
        }
        assertThat(SpoolReport.verify(left, (done, all) -> {}).whole()).isTrue();
        try (TestSpool next = new TestSpool(TestSpool.config(left))) {
            assertThat(next.readControl()).extracting(Topics.ControlFrame::kind).containsExactly("STARTED", "STARTED");
            assertThat(Files.exists(left.resolve("control"))).isTrue();
        }
    }
}
