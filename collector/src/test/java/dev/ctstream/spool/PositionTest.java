package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stored position: what happens while it cannot be stored, or is lost; and the epochs of runs. */
class PositionTest {
    private static final String REFUSED = "Operation not permitted";

    @TempDir
    private Path directory;

    private TestSpool open(RecordedFiles files, WhenFull whenFull, Topics topics) throws IOException {
        return new TestSpool(TestSpool.Setup.of(TestSpool.config(directory, 512 << 10, whenFull))
                .files(files)
                .topics(topics));
    }

    private static boolean isWrite(RecordedFiles.Call call) {
        return call.file().equals("state") && call.what().equals("write");
    }

    private static boolean isDeletion(RecordedFiles.Call call) {
        return call.what().equals("delete") && call.file().endsWith(".segment");
    }

    private void nothingIsDeletedWhileItCannotBeStored(String what) throws IOException {
        Topics topics = new Topics();
        RecordedFiles files = new RecordedFiles(directory);
        TestSpool spool = open(files, WhenFull.DROP_OLDEST, topics);
        Path left = directory.resolveSibling(directory.getFileName() + "-left");
        try (spool) {
            spool.append(1, 5);
            files.refuse(call -> call.file().equals("state") && call.what().equals(what) ? REFUSED : null);
            long acknowledged = 0;
            for (int i = 0; i < 300; i++) {
                spool.append(i % 3, 10);
                if (i < 60) {
                    List<BatchEnvelope> read = spool.readAllBatches();
                    acknowledged = read.isEmpty()
                            ? acknowledged
                            : read.get(read.size() - 1).number();
                    spool.acknowledge(acknowledged);
                }
            }
            assertThat(files.calls().stream().filter(PositionTest::isDeletion)).isEmpty();
            assertThat(spool.red("spool-position")).contains("state", REFUSED, "no segment is deleted until it can");
            assertThat(spool.red("spool")).contains("spool.max-bytes is reached; new data is dropped");
            TestSpool.crashed(directory, left);
            files.refuseNothing();
            spool.await("ready", () -> spool.red("spool-position").isEmpty());
            spool.append(1, 1);
            spool.await("space", spool::healthy);
            assertThat(files.calls().stream().filter(PositionTest::isDeletion)).isNotEmpty();
            spool.readAllBatches();
            topics.assertExact(spool.madeUpTo());
        }
        try (TestSpool next = new TestSpool(TestSpool.config(left, 512 << 10, WhenFull.DROP_OLDEST))) {
            next.readAllBatches();
            assertThat(next.gaps().stream().filter(gap -> gap.frame().number("stream_epoch") == next.run.streamEpoch()))
                    .as("everything is still there, and declared by nobody")
                    .isEmpty();
            assertThat(next.lostRanges())
                    .allMatch(
                            range -> topics.declared(range.owner()).nextClearBit((int) range.first()) >= range.next());
        }
    }

    /** Since when a killed run's events may be missing; stored by the last pass. */
    private long storedAliveNanos() throws IOException {
        return Objects.requireNonNull(SpoolCheckpoint.read(SpoolFileSystem.HOST, SpoolDirectory.stateFile(directory)))
                .aliveNanos();
    }

    @Test
    void whatWaitsBeforeTheRingOrInItIsNotTakenForAppended() throws IOException {
        long hourAgo = StageClock.HOST.realtimeNanos() - TimeUnit.HOURS.toNanos(1);
        try (TestSpool spool = open(new RecordedFiles(directory), WhenFull.DROP_OLDEST, new Topics())) {
            spool.ring.waitingSince(hourAgo);
            for (int i = 0; i <= Spool.MAX_BATCHES_PER_PASS; i++) {
                spool.handOver(spool.made(MadeBatches.stream("host", 1), 1, 1));
            }
            spool.pass();
            assertThat(spool.ring.size()).isEqualTo(1);
            spool.ring.waitingSince(Long.MAX_VALUE);
            spool.pass();
            spool.spool.storeNow();
            assertThat(spool.ring.size()).isZero();
            assertThat(storedAliveNanos()).isLessThan(hourAgo);
            spool.pass();
            spool.spool.storeNow();
            assertThat(storedAliveNanos()).isGreaterThan(hourAgo);
        }
    }

    @Test
    void nothingIsDeletedWhileThePositionCannotBeWritten() throws IOException {
        nothingIsDeletedWhileItCannotBeStored("write");
    }

    @Test
    void nothingIsDeletedWhileThePositionCannotBeSynced() throws IOException {
        nothingIsDeletedWhileItCannotBeStored("sync");
    }

    @Test
    void acknowledgedEventsThatAreStillThereComeAgainAfterACrashAndAreNotDeclared() throws IOException {
        RecordedFiles files = new RecordedFiles(directory);
        Path left = directory.resolveSibling(directory.getFileName() + "-left");
        try (TestSpool spool = open(files, WhenFull.DROP_NEWEST, new Topics())) {
            files.refuse(call -> isWrite(call) ? REFUSED : null);
            spool.append(1, 50);
            assertThat(spool.readAll()).hasSize(50);
            spool.acknowledge(50);
            TestSpool.crashed(directory, left);
        }
        try (TestSpool next = new TestSpool(TestSpool.config(left))) {
            assertThat(next.readAll()).hasSize(50);
            assertThat(next.gaps()).isEmpty();
        }
    }

    /** Both slots of the position are lost, and the oldest segments were given up. */
    @Test
    void aLostPositionDoesNotMakeNewEventsPassForGivenUp() throws IOException {
        try (TestSpool spool = open(new RecordedFiles(directory), WhenFull.DROP_OLDEST, new Topics())) {
            while (Files.exists(directory.resolve("0000000000000001.segment"))
                    || spool.gaps().isEmpty()) {
                spool.append(1, 10);
            }
        }
        for (Path segment : TestSpool.segments(directory)) {
            Files.delete(segment);
        }
        Files.delete(SpoolDirectory.stateFile(directory));
        try (TestSpool spool = open(new RecordedFiles(directory), WhenFull.DROP_OLDEST, new Topics())) {
            spool.append(1, 5);
            assertThat(spool.readAllBatches()).hasSize(5);
            spool.topics.assertExact(spool.madeUpTo());
        }
    }

    @Test
    void epochsRiseWhateverTheClockSays() throws IOException {
        long now = 1_795_244_000_000_000_000L;
        long twoHours = 7_200_000_000_000L;
        long first;
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).clock(() -> now))) {
            assertThat(spool.run.streamEpoch()).isEqualTo(now);
            spool.append(1, 1);
            first = spool.run.streamEpoch();
        }
        long second;
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).clock(() -> now - twoHours))) {
            second = spool.run.streamEpoch();
            assertThat(second).isGreaterThan(first);
        }
        Files.delete(SpoolDirectory.stateFile(directory));
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).clock(() -> now - twoHours))) {
            assertThat(spool.run.streamEpoch()).as("known from the segments").isGreaterThan(second);
            assertThat(Objects.requireNonNull(spool.spool.previousRun())
                            .identity()
                            .streamEpoch())
                    .isEqualTo(second);
        }
    }

    @Test
    void epochsRiseAlsoWhenOnlyThePositionKnowsTheRunBefore() throws IOException {
        try (TestSpool spool = new TestSpool(TestSpool.Setup.of(TestSpool.config(directory))
                .clock(() -> 1000)
                .withoutStarted())) {
            assertThat(spool.run.streamEpoch()).isEqualTo(1000);
        }
        assertThat(TestSpool.segments(directory)).isEmpty();
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(directory)).clock(() -> 10))) {
            assertThat(spool.run.streamEpoch()).isEqualTo(1001);
        }
    }
}
