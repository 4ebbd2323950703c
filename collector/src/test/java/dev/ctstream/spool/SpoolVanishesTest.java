package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody removes the spool's directory, or a file in it, while it is in use: it is made again, and what was appended
 * and not acknowledged is declared, also control records, also what earlier runs had left.
 */
class SpoolVanishesTest {
    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("parent/spool");
    }

    private TestSpool open(Topics topics) throws IOException {
        return new TestSpool(TestSpool.Setup.of(TestSpool.config(directory())).topics(topics));
    }

    private static void remove(Path tree) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private interface Removal {
        void run() throws IOException;
    }

    private boolean isRed(TestSpool spool) {
        return spool.red("spool-directory").contains(directory() + " was removed, or files in it");
    }

    /** Two thirds of each stream are acknowledged; then the files go. */
    private void everythingElseIsDeclared(Removal removal) throws IOException {
        Topics topics = new Topics();
        TestSpool earlier = open(topics);
        try (earlier) {
            earlier.append(1, 30);
            earlier.append(2, 30);
            Objects.requireNonNull(earlier.next());
            earlier.acknowledge(1);
            earlier.appendControl();
        }
        TestSpool spool = open(topics);
        try (spool) {
            spool.append(1, 10);
            spool.append(3, 10);
            for (int i = 0; i < 69; i++) {
                Objects.requireNonNull(spool.next());
            }
            spool.acknowledge(68);
            removal.run();
            spool.await("red", () -> isRed(spool));
            assertThat(spool.spool.events().unacknowledged()).isZero();
            spool.append(1, 3);
            spool.append(4, 2);
            assertThat(Files.isRegularFile(SpoolDirectory.stateFile(directory())))
                    .isTrue();
            assertThat(Files.isRegularFile(directory().resolve(SpoolDirectory.LOCK)))
                    .isTrue();
            spool.await("ready again", () -> spool.red("spool-directory").isEmpty());
            List<BatchEnvelope> read = spool.readAllBatches();
            assertThat(read).extracting(BatchEnvelope::number).containsExactly(81L, 82L, 83L, 84L, 85L);
            assertThat(spool.gaps()).isNotEmpty().allMatch(gap -> gap.cause().equals("damage"));
            topics.assertComplete(earlier.madeUpTo());
            topics.assertComplete(spool.madeUpTo());
            for (TestSpool each : List.of(earlier, spool)) {
                AcknowledgedPosition.RunStream own = new AcknowledgedPosition.RunStream(each.run, TestSpool.OWN);
                long next = topics.arrived(own).length();
                topics.assertComplete(
                        Map.of(own, Math.max(next, topics.declared(own).length())));
                assertThat(topics.declared(own).cardinality())
                        .as("control records")
                        .isPositive();
            }
            spool.acknowledge(85);
        }
        try (TestSpool next = open(topics)) {
            assertThat(next.readAllBatches()).isEmpty();
            assertThat(next.gaps()).isEmpty();
            next.append(1, 1);
            assertThat(next.readAll()).containsExactly(86L);
        }
    }

    @Test
    void theDirectoryIsMadeAgain() throws IOException {
        everythingElseIsDeclared(() -> remove(directory()));
    }

    @Test
    void itsParentIsMadeAgain() throws IOException {
        everythingElseIsDeclared(() -> remove(directory().resolve("..").normalize()));
    }

    @Test
    void theSegmentInUseIsEnough() throws IOException {
        everythingElseIsDeclared(() -> {
            List<Path> segments = TestSpool.segments(directory());
            Files.delete(segments.get(segments.size() - 1));
        });
    }

    @Test
    void theControlSegmentInUseIsEnough() throws IOException {
        everythingElseIsDeclared(() -> {
            List<Path> segments = TestSpool.controlSegments(directory());
            Files.delete(segments.get(segments.size() - 1));
        });
    }

    @Test
    void theLockFileIsEnough() throws IOException {
        everythingElseIsDeclared(() -> Files.delete(directory().resolve(SpoolDirectory.LOCK)));
    }

    @Test
    void anotherDirectoryInItsPlaceIsNoticed() throws IOException {
        everythingElseIsDeclared(() -> {
            Files.move(directory(), temporary.resolve("moved"));
            Files.createDirectory(directory());
        });
    }

    @Test
    void onlyWhatKafkaDoesNotHaveIsDeclared() throws IOException {
        Topics topics = new Topics();
        try (TestSpool spool = open(topics)) {
            spool.append(1, 10);
            spool.readAllBatches();
            spool.acknowledge(7);
            remove(directory());
            spool.await("red", () -> isRed(spool));
            spool.pass();
            AcknowledgedPosition.RunStream stream =
                    new AcknowledgedPosition.RunStream(spool.run, MadeBatches.stream("host", 1));
            assertThat(spool.lostRanges().stream().filter(range -> range.owner().equals(stream)))
                    .containsExactly(new DeclaredGap.Range(stream, 70, 100));
        }
    }

    /** A record may say that Kafka has everything, or a GAP for it, only when that GAP is in Kafka before it. */
    @Test
    void noRecordBeforeTheGapSaysThatKafkaHasEverything() throws IOException {
        try (TestSpool spool = open(new Topics())) {
            spool.append(1, 10);
            spool.acknowledgeControl();
            remove(directory());
            spool.await("red", () -> {
                if (spool.outbox.size() == 0) {
                    spool.offer(TestSpool.OWN, ControlRecords.heartbeat()); // one is the first in the new directory
                }
                return isRed(spool);
            });
            List<Topics.ControlFrame> frames = new ArrayList<>();
            spool.await("the GAP", () -> {
                frames.addAll(spool.readControl());
                return frames.stream()
                        .anyMatch(
                                frame -> frame.isGap() && DeclaredGap.of(frame).ofEvents());
            });
            Predicate<Topics.ControlFrame> isEverything = frame ->
                    frame.fields().get("acknowledged_log_index") != null && frame.number("acknowledged_log_index") > 10;
            Topics.ControlFrame gap = frames.stream()
                    .filter(Topics.ControlFrame::isGap)
                    .filter(frame -> DeclaredGap.of(frame).ofEvents())
                    .findFirst()
                    .orElseThrow();
            assertThat(frames.stream()
                            .filter(frame ->
                                    frame.envelope().number() < gap.envelope().number()))
                    .noneMatch(isEverything);
        }
    }

    /** What a vanished GAP declared is declared again. */
    @Test
    void aLossWhoseGapVanishedIsDeclaredAgain() throws IOException {
        Topics topics = new Topics();
        try (TestSpool spool = open(topics)) {
            StreamId zone = MadeBatches.stream("host", 1);
            spool.handOver(spool.made(zone, 10, 20));
            spool.made(zone, 5, 20); // refused by the ring
            spool.handOver(spool.made(zone, 10, 20));
            spool.pass();
            spool.spool.controlBlocked(true);
            Objects.requireNonNull(spool.next());
            Objects.requireNonNull(spool.next());
            spool.acknowledge(2); // Kafka has both batches, and not the GAP between them
            spool.spool.controlBlocked(false);
            assertThat(spool.topics.control()).isEmpty();
            remove(directory());
            spool.await("red", () -> isRed(spool));
            spool.pass();
            spool.readAllBatches();
            topics.assertComplete(spool.madeUpTo());
        }
    }

    /** It names no stream, so the record itself is appended again; also that of a run before. */
    @Test
    void whatTheKernelLostIsDeclaredAgainWhenItsGapVanished() throws IOException {
        Topics topics = new Topics();
        TestSpool earlier = open(topics);
        try (earlier) {
            earlier.control(TestSpool.OWN, ControlRecords.kernelGap(7));
        }
        try (TestSpool spool = open(topics)) {
            spool.control(TestSpool.OWN, ControlRecords.kernelGap(11));
            remove(directory());
            spool.await("red", () -> isRed(spool));
            List<DeclaredGap> kernel = spool.gaps().stream()
                    .filter(gap -> gap.cause().equals("kernel"))
                    .toList();
            assertThat(kernel).extracting(DeclaredGap::count).containsExactly(7L, 11L);
            assertThat(kernel).extracting(gap -> gap.owner().run()).containsExactly(earlier.run, spool.run);
        }
    }

    @Test
    void whatIsLeftOfTheFilesIsRemovedWhenItIsDeclared() throws IOException {
        try (TestSpool spool = open(new Topics())) {
            while (TestSpool.segments(directory()).size() < 3) {
                spool.append(1, 20);
            }
            Files.delete(TestSpool.segments(directory()).get(2));
            spool.await("red", () -> isRed(spool));
            spool.append(1, 1);
            assertThat(TestSpool.segments(directory())).hasSize(1);
            assertThat(TestSpool.controlSegments(directory())).hasSize(1);
        }
    }

    /** Before the GAP is durable, nothing says that the position is after what was lost. */
    @Test
    void theProcessMayDieBeforeTheLossIsDeclared() throws IOException {
        RecordedFiles files = new RecordedFiles(directory());
        Topics topics = new Topics();
        TestSpool spool = new TestSpool(
                TestSpool.Setup.of(TestSpool.config(directory())).topics(topics).files(files));
        Path left = temporary.resolve("left");
        try (spool) {
            while (TestSpool.segments(directory()).size() < 3) {
                spool.append(1, 20);
            }
            long made = spool.madeUpTo().values().iterator().next();
            Files.delete(TestSpool.segments(directory()).get(1));
            Files.delete(directory().resolve(SpoolDirectory.LOCK));
            files.refuse(call -> call.ofControl() && call.changesData() ? RecordedFiles.FULL : null);
            spool.await("red", () -> isRed(spool));
            spool.append(1, 3);
            TestSpool.crashed(directory(), left);
            assertThat(made).isPositive();
            try (TestSpool next =
                    new TestSpool(TestSpool.Setup.of(TestSpool.config(left)).topics(topics))) {
                assertThat(next.readAllBatches()).as("what is left").isNotEmpty();
                topics.assertExact(
                        Map.of(new AcknowledgedPosition.RunStream(spool.run, MadeBatches.stream("host", 1)), made));
            }
            files.refuseNothing();
        }
    }

    @Test
    void theProcessMayDieRightAfterTheDirectoryWasMadeAgain() throws IOException {
        Topics topics = new Topics();
        TestSpool spool = open(topics);
        Path left = temporary.resolve("left");
        try (spool) {
            spool.append(1, 10);
            spool.append(2, 10);
            List<Path> segments = TestSpool.segments(directory());
            Files.delete(segments.get(segments.size() - 1));
            spool.await("red", () -> isRed(spool));
            spool.pass();
            TestSpool.crashed(directory(), left);
        }
        try (TestSpool next =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(left)).topics(topics))) {
            assertThat(next.readAllBatches()).as("all of it is declared").isEmpty();
            topics.assertComplete(spool.madeUpTo());
        }
    }
}
