package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.ctstream.netlink.Mounts;
import dev.ctstream.netlink.TestJvm;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Invariants 4 and 6 on real file systems: full and read-only disks, and killed processes. */
class SpoolKernelIT {
    private static final long DISK_BYTES = 4 << 20;
    /** More than the disk can hold. */
    private static final int MANY = 12_000;

    private static final long CONTROL_BYTES = 256 << 10;
    private static final long DEADLINE_NANOS = 10_000_000_000L;
    private static final int KILLS = Integer.getInteger("spool.kills", 8);

    @TempDir
    private Path temporary;

    private Path disk = Path.of("");
    private final List<BatchEnvelope> read = new ArrayList<>();
    private long handedOver;

    @BeforeEach
    void mount() throws IOException {
        disk = temporary.resolve("disk");
        Mounts.tmpfs(disk, DISK_BYTES);
    }

    @AfterEach
    void unmount() throws IOException {
        Mounts.unmount(disk);
    }

    private TestSpool open(long segmentBytes, WhenFull whenFull) throws IOException {
        return new TestSpool(
                new SpoolConfig(disk.resolve("spool"), 1L << 30, segmentBytes, CONTROL_BYTES, 1000, whenFull));
    }

    private void append(TestSpool spool, int batches) {
        for (int i = 0; i < batches; i++) {
            spool.append((int) (handedOver++ % 3), 1);
        }
    }

    private interface Condition {
        boolean holds() throws IOException;
    }

    /** Runs rounds of the spool thread until the condition holds. */
    private static void await(TestSpool spool, String what, Condition condition) throws IOException {
        long deadline = System.nanoTime() + DEADLINE_NANOS;
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            spool.spool.pass(20_000_000);
        }
    }

    private void readAndAcknowledge(TestSpool spool) throws IOException {
        List<BatchEnvelope> now = spool.readAllBatches();
        read.addAll(now);
        if (!now.isEmpty()) {
            spool.acknowledge(now.get(now.size() - 1).number());
        }
    }

    /** Appends until no more batches are lost, which shows that service has resumed by itself. */
    private void appendUntilHealthy(TestSpool spool) throws IOException {
        long before = spool.appendedNumber();
        await(spool, "healthy again", () -> {
            append(spool, 1);
            return spool.healthy() && spool.appendedNumber() > before;
        });
    }

    private void assertAccounted(TestSpool spool) throws IOException {
        await(spool, "declared", () -> {
            spool.acknowledgeControl();
            return spool.topics.arrivedEvents() + spool.topics.declaredEvents() == handedOver * TestSpool.COUNT;
        });
        spool.topics.assertExact(spool.madeUpTo());
        assertThat(read).extracting(BatchEnvelope::number).isSorted().doesNotHaveDuplicates();
        assertThat(spool.gaps()).isNotEmpty().allMatch(gap -> gap.cause().equals("spool"));
    }

    @Test
    void onAFullDiskNewBatchesAreDroppedAndDeclaredAndServiceResumes() throws IOException {
        try (TestSpool spool = open(64 << 10, WhenFull.DROP_NEWEST)) {
            append(spool, MANY);
            assertThat(spool.healthy()).isFalse();
            assertThat(spool.health.reasons().get("spool"))
                    .contains("the disk of the spool is full; new data is dropped");
            readAndAcknowledge(spool);
            assertThat(read.get(0).number()).isEqualTo(1);
            appendUntilHealthy(spool);
            append(spool, 50);
            readAndAcknowledge(spool);
            assertAccounted(spool);
        }
    }

    @Test
    void onAFullDiskTheOldestSegmentIsDropped() throws IOException {
        try (TestSpool spool = open(64 << 10, WhenFull.DROP_OLDEST)) {
            append(spool, 2 * MANY);
            readAndAcknowledge(spool);
            assertThat(read.get(read.size() - 1).number()).isEqualTo(2 * MANY);
            assertThat(read.size()).isGreaterThan(3000);
            assertAccounted(spool);
        }
    }

    @Test
    void controlRecordsSurviveAFullDisk() throws IOException {
        try (TestSpool spool = open(64 << 10, WhenFull.DROP_NEWEST)) {
            append(spool, MANY);
            for (int i = 0; i < 100; i++) {
                spool.appendControl();
            }
            spool.readControl();
            assertThat(spool.controlFrames().stream()
                            .filter(frame -> frame.kind().equals("MODE")))
                    .as("appended while the disk is full")
                    .hasSize(100)
                    .extracting(frame -> frame.envelope().firstSequence())
                    .isSorted();
            readAndAcknowledge(spool);
            appendUntilHealthy(spool);
            readAndAcknowledge(spool);
            assertAccounted(spool);
        }
    }

    @Test
    void aDiskFilledByASingleSegmentIsFreedOnceKafkaHasIt() throws IOException {
        try (TestSpool spool = open(64 << 20, WhenFull.DROP_NEWEST)) {
            append(spool, MANY);
            assertThat(spool.healthy()).isFalse();
            assertThat(TestSpool.segments(disk.resolve("spool"))).hasSize(1);
            readAndAcknowledge(spool);
            appendUntilHealthy(spool);
            append(spool, 100);
            readAndAcknowledge(spool);
            assertThat(read.get(read.size() - 1).number()).isGreaterThan(3000);
            assertAccounted(spool);
        }
    }

    @Test
    void aDiskFilledByAnotherProgramLosesOnlyBatchesReceivedMeanwhile() throws IOException {
        try (TestSpool spool = open(64 << 10, WhenFull.DROP_NEWEST)) {
            append(spool, 100);
            Path foreign = disk.resolve("foreign");
            fill(foreign);
            append(spool, 100);
            assertThat(spool.healthy()).isFalse();
            Files.delete(foreign);
            appendUntilHealthy(spool);
            append(spool, 100);
            readAndAcknowledge(spool);
            assertThat(read.size()).isGreaterThanOrEqualTo(200);
            assertAccounted(spool);
        }
        try (TestSpool spool = open(64 << 10, WhenFull.DROP_NEWEST)) {
            assertThat(spool.gaps()).isEmpty();
            assertThat(spool.readAll()).isEmpty();
        }
    }

    private static void fill(Path file) throws IOException {
        try (var out = Files.newOutputStream(file)) {
            byte[] block = new byte[4096];
            while (true) {
                out.write(block);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    @Test
    void aSpoolOpensOnAFullDisk() throws IOException {
        try (TestSpool spool = open(64 << 10, WhenFull.DROP_NEWEST)) {
            append(spool, 100);
        }
        Path left = TestSpool.crashed(disk.resolve("spool"), disk.resolve("left"));
        Path foreign = disk.resolve("foreign");
        fill(foreign);
        SpoolConfig config = new SpoolConfig(left, 1L << 30, 64 << 10, CONTROL_BYTES, 1000, WhenFull.DROP_NEWEST);
        try (TestSpool spool = new TestSpool(config)) {
            append(spool, 10);
            assertThat(spool.healthy()).isFalse();
            readAndAcknowledge(spool);
            assertThat(read).hasSize(100);
            Files.delete(foreign);
            appendUntilHealthy(spool);
            readAndAcknowledge(spool);
            await(spool, "declared", () -> {
                spool.acknowledgeControl();
                return read.size() + spool.lostBatches() == handedOver;
            });
        }
    }

    /** What is below the mount is the spool's no more: everything that Kafka does not have is declared. */
    @Test
    void aReadOnlyMountOverTheDirectoryIsRedAndServiceResumesAfterIt() throws IOException {
        Path directory = disk.resolve("spool");
        try (TestSpool spool = open(64 << 10, WhenFull.DROP_OLDEST)) {
            append(spool, 10);
            Mounts.coverReadOnly(directory);
            await(spool, "red", () -> {
                append(spool, 1);
                return spool.red("spool-directory").contains("cannot be made again");
            });
            Mounts.unmount(directory);
            appendUntilHealthy(spool);
            readAndAcknowledge(spool);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            readAndAcknowledge(spool);
            spool.topics.assertComplete(spool.madeUpTo());
        }
    }

    @Test
    void aReadOnlyDirectoryIsAStartErrorWithARemedy() throws IOException {
        Path directory = disk.resolve("spool");
        Files.createDirectories(directory);
        Mounts.coverReadOnly(directory);
        try {
            assertThat(catchThrowable(() -> open(1 << 20, WhenFull.DROP_OLDEST).close()))
                    .hasMessageContaining(directory.toString())
                    .hasMessageContaining("Read-only file system")
                    .hasMessageContaining("make it writable");
        } finally {
            Mounts.unmount(directory);
        }
    }

    @Test
    void everythingReportedAsAppendedSurvivesKillNine() throws Exception {
        Path directory = temporary.resolve("killed");
        SplittableRandom random = new SplittableRandom(Long.getLong("test.seed", 17));
        long first = 1;
        for (int round = 0; round < KILLS; round++) {
            long reported = appendAndKill(directory, round + 1L, random.nextInt(1, 400));
            try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
                List<Long> numbers = spool.readAll();
                assertThat(numbers.get(0)).as("round %d", round).isEqualTo(first);
                long last = numbers.get(numbers.size() - 1);
                assertThat(last).as("round %d", round).isEqualTo(first + numbers.size() - 1);
                assertThat(last).as("round %d", round).isGreaterThanOrEqualTo(reported - 1);
                assertThat(spool.gaps()).as("round %d", round).isEmpty();
                spool.append(9, 1);
                assertThat(spool.readAll()).containsExactly(last + 1);
                spool.acknowledge(last + 1);
                first = last + 2;
            }
        }
    }

    /** Starts an appending process and kills it after it has reported this many writes; returns the last report. */
    private static long appendAndKill(Path directory, long epoch, int writes) throws Exception {
        Process process = new ProcessBuilder(TestJvm.command(
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path", "")),
                        AppendingProcess.class.getName(),
                        directory.toString(),
                        Long.toString(epoch)))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        long reported = -1;
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
            for (int i = 0; i < writes; i++) {
                reported = Long.parseLong(String.valueOf(out.readLine()));
            }
            process.toHandle().destroyForcibly(); // Process would close its output as well
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                reported = line.isEmpty() ? reported : Math.max(reported, Long.parseLong(line));
            }
        }
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return reported;
    }
}
