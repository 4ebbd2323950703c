package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolCheckpointTest {
    @TempDir
    private Path directory;

    private Path file = Path.of("");

    @BeforeEach
    void name() {
        file = directory.resolve("state");
    }

    private static SpoolCheckpoint.Values values(long number, boolean clean) {
        return new SpoolCheckpoint.Values(
                new SpoolPosition(number, 10 * number),
                new SpoolPosition(number + 5, 10 * number + 50),
                List.of(new MissingBatches(new SpoolPosition(number + 1, 3), new SpoolPosition(number + 2, 13))),
                new RunIdentity("host", "boot", 77),
                number * 1000,
                clean);
    }

    private void save(int from, int to) throws IOException {
        try (SpoolCheckpoint state = SpoolCheckpoint.open(file)) {
            for (int number = from; number <= to; number++) {
                state.save(values(number, number == to));
            }
        }
    }

    @Test
    void theLastSavedValuesAreRead() throws IOException {
        assertThat(SpoolCheckpoint.read(file)).isNull();
        for (int last = 1; last < 6; last++) {
            save(last, last);
            assertThat(SpoolCheckpoint.read(file)).isEqualTo(values(last, true));
        }
    }

    @Test
    void aHalfWrittenSlotLeavesThePreviousOneIntact() throws IOException {
        save(1, 4);
        byte[] whole = Files.readAllBytes(file);
        for (int slot = 0; slot < 2; slot++) {
            for (int at = 0; at < 124; at++) {
                byte[] torn = whole.clone();
                torn[slot * 4096 + at] ^= 0x40;
                Files.write(file, torn);
                int other = slot == 0 ? 3 : 4; // generation 4 is in the first slot
                assertThat(SpoolCheckpoint.read(file))
                        .as("slot %d byte %d", slot, at)
                        .isEqualTo(values(other, other == 4));
            }
        }
    }

    @Test
    void noSlotIsUsedWhenBothAreDamaged() throws IOException {
        save(1, 2);
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            raw.write(new byte[8192]);
        }
        assertThat(SpoolCheckpoint.read(file)).isNull();
        save(7, 7);
        assertThat(SpoolCheckpoint.read(file)).isEqualTo(values(7, true));
    }

    @Test
    void onlyTheNewestHolesAreKept() throws IOException {
        List<MissingBatches> holes = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            holes.add(new MissingBatches(new SpoolPosition(2L * i, i), new SpoolPosition(2L * i + 1, i + 1)));
        }
        SpoolCheckpoint.Values one = values(1, false);
        try (SpoolCheckpoint state = SpoolCheckpoint.open(file)) {
            state.save(new SpoolCheckpoint.Values(
                    one.acknowledged(), one.next(), holes, one.identity(), one.aliveNanos(), one.clean()));
        }
        assertThat(SpoolCheckpoint.read(file))
                .isNotNull()
                .satisfies(read ->
                        assertThat(read.holes()).isEqualTo(holes.subList(500 - DeclaredLosses.STORED_MAX, 500)));
    }

    @Test
    void aLostStateFileCausesOnlyRepetition() throws IOException {
        Path spoolDirectory = directory.resolve("spool");
        try (TestSpool spool = new TestSpool(TestSpool.config(spoolDirectory))) {
            spool.append(1, 5);
            spool.readAll();
            spool.spool.acknowledge(3);
        }
        Files.delete(SpoolDirectory.stateFile(spoolDirectory));
        try (TestSpool spool = new TestSpool(TestSpool.config(spoolDirectory))) {
            assertThat(spool.readAll()).isEqualTo(List.of(1L, 2L, 3L, 4L, 5L));
            assertThat(spool.losses).isEmpty();
            assertThat(spool.spool.previousRun()).isNotNull().matches(previous -> !previous.clean());
        }
    }
}
