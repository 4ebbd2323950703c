package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolCheckpointTest {
    @TempDir
    private Path directory;

    /** Of a slot with the names below. */
    private static final int LENGTH = 112;

    private Path file = Path.of("");

    @BeforeEach
    void name() {
        file = directory.resolve("state");
    }

    private static SpoolCheckpoint.Values values(long number) {
        return new SpoolCheckpoint.Values(
                positions(number), positions(number + 1000), new RunIdentity("host", "boot", 77), number * 1000);
    }

    private static SpoolCheckpoint.Positions positions(long number) {
        return new SpoolCheckpoint.Positions(
                new SpoolPosition(number, 10 * number), new SpoolPosition(number + 5, 10 * number + 50));
    }

    private void save(int from, int to) throws IOException {
        try (SpoolCheckpoint state = SpoolCheckpoint.open(SpoolFileSystem.HOST, file)) {
            for (int number = from; number <= to; number++) {
                state.save(values(number));
            }
        }
    }

    @Test
    void theLastSavedValuesAreRead() throws IOException {
        assertThat(SpoolCheckpoint.read(SpoolFileSystem.HOST, file)).isNull();
        for (int last = 1; last < 6; last++) {
            save(last, last);
            assertThat(SpoolCheckpoint.read(SpoolFileSystem.HOST, file)).isEqualTo(values(last));
        }
    }

    @Test
    void aHalfWrittenSlotLeavesThePreviousOneIntact() throws IOException {
        save(1, 4);
        byte[] whole = Files.readAllBytes(file);
        for (int slot = 0; slot < 2; slot++) {
            for (int at = 0; at < LENGTH; at++) {
                byte[] torn = whole.clone();
                torn[slot * 4096 + at] ^= 0x40;
                Files.write(file, torn);
                int other = slot == 0 ? 3 : 4; // generation 4 is in the first slot
                assertThat(SpoolCheckpoint.read(SpoolFileSystem.HOST, file))
                        .as("slot %d byte %d", slot, at)
                        .isEqualTo(values(other));
            }
        }
    }

    /** The disk may fill up between the first save and the second, which is to the other slot. */
    @Test
    void bothSlotsHaveTheirPlaceOnTheDiskAfterTheFirstSave() throws IOException {
        save(1, 1);
        assertThat(Files.size(file)).isEqualTo(8192);
        assertThat(SpoolCheckpoint.read(SpoolFileSystem.HOST, file)).isEqualTo(values(1));
    }

    /** Another file of the spool had gone, and this one was still there. */
    @Test
    void whatIsSavedAfterTheFileWasMadeAgainIsTheNewest() throws IOException {
        save(1, 5);
        try (SpoolCheckpoint state = SpoolCheckpoint.open(SpoolFileSystem.HOST, file)) {
            state.makeAgain();
            assertThat(state.last()).isNull();
            state.save(values(9));
            assertThat(SpoolCheckpoint.read(SpoolFileSystem.HOST, file)).isEqualTo(values(9));
            Files.delete(file);
            state.makeAgain();
            state.save(values(10));
        }
        assertThat(SpoolCheckpoint.read(SpoolFileSystem.HOST, file)).isEqualTo(values(10));
    }

    @Test
    void noSlotIsUsedWhenBothAreDamaged() throws IOException {
        save(1, 2);
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            raw.write(new byte[8192]);
        }
        assertThat(SpoolCheckpoint.read(SpoolFileSystem.HOST, file)).isNull();
        save(7, 7);
        assertThat(SpoolCheckpoint.read(SpoolFileSystem.HOST, file)).isEqualTo(values(7));
    }

    @Test
    void aLostStateFileCausesOnlyRepetition() throws IOException {
        Path spoolDirectory = directory.resolve("spool");
        try (TestSpool spool = new TestSpool(TestSpool.config(spoolDirectory))) {
            spool.append(1, 5);
            spool.readAll();
            spool.acknowledge(3);
            spool.stop();
        }
        Files.delete(SpoolDirectory.stateFile(spoolDirectory));
        try (TestSpool spool = new TestSpool(TestSpool.config(spoolDirectory))) {
            assertThat(spool.readAll()).isEqualTo(List.of(1L, 2L, 3L, 4L, 5L));
            assertThat(spool.gaps()).isEmpty();
            assertThat(spool.spool.previousRun()).isNotNull().matches(Spool.PreviousRun::clean);
        }
    }
}
