package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.CheckedBlock;
import dev.ctstream.segment.SegmentVersionException;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A damaged position file, half of the time with right checksums: it is read, or not used; nothing else. */
class SpoolCheckpointFuzzTest {
    private static final long SEED = Long.getLong("test.seed", 20_261_129);
    private static final int FILES = 1_000;
    private static final int SLOT_BYTES = 4096;
    private static final int USED_BYTES = 160;

    @TempDir
    private Path folder;

    private static SpoolCheckpoint.Positions positions(long number) {
        SpoolPosition position = new SpoolPosition(number, number * 10);
        return new SpoolCheckpoint.Positions(position, position);
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void damageIsNoPositionOrAnotherVersion() throws IOException {
        Path file = folder.resolve("state");
        try (SpoolCheckpoint state = SpoolCheckpoint.open(SpoolFileSystem.HOST, file)) {
            for (long number = 1; number <= 2; number++) {
                state.save(new SpoolCheckpoint.Values(
                        positions(number), positions(number), new RunIdentity("host", "boot", number), number));
            }
        }
        byte[] good = Files.readAllBytes(file);
        SplittableRandom random = new SplittableRandom(SEED);
        int unused = 0;
        int refused = 0;
        for (int i = 0; i < FILES; i++) {
            byte[] bad = damaged(good, random);
            Files.write(file, bad);
            try {
                unused += SpoolCheckpoint.read(SpoolFileSystem.HOST, file) == null ? 1 : 0;
            } catch (SegmentVersionException e) {
                refused++;
                assertThat(e).message().contains("version");
            } catch (RuntimeException e) {
                throw new AssertionError("file " + i + ", -Dtest.seed=" + SEED, e);
            }
        }
        assertThat(unused).as("files without a position").isGreaterThan(FILES / 50);
        assertThat(refused).as("files of another version").isGreaterThan(0);
    }

    private static byte[] damaged(byte[] good, SplittableRandom random) {
        int length = random.nextInt(8) == 0 ? random.nextInt(good.length + 1) : good.length;
        ByteBuffer bytes = ByteBuffer.allocate(length).put(good, 0, length).clear();
        for (int slot = 0; slot < length; slot += SLOT_BYTES) {
            int most = Math.min(USED_BYTES, length - slot);
            for (int i = random.nextInt(4); i > 0; i--) {
                bytes.put(slot + random.nextInt(most), (byte) (random.nextBoolean() ? random.nextInt() : 0xFF));
            }
            int says = most > 12 ? bytes.getShort(slot + 6) & 0xFFFF : 0;
            if (random.nextBoolean() && says > 12 && says <= Math.min(SLOT_BYTES, length - slot)) {
                CheckedBlock.seal(bytes.slice(slot, says), says, 8);
            }
        }
        return bytes.array();
    }
}
