package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.Loss;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random bit flips in spools of several segments: every batch that is not handed out is declared exactly, with its
 * stream.
 */
class BitFlipTest {
    private static final long SEED = Long.getLong("test.seed", 20261121);
    private static final int ROUNDS = 200;
    private static final int FLIPS_A_ROUND = 4;

    @TempDir
    private Path temporary;

    @Test
    void eachFlippedBitDestroysAtMostOneBatchAndCountsStayExact() throws IOException {
        Path closed = temporary.resolve("closed");
        Map<Long, BatchEnvelope> all = new HashMap<>();
        try (TestSpool spool = new TestSpool(TestSpool.config(closed))) {
            for (int i = 0; i < 30; i++) {
                spool.append(i % 4, 19);
                spool.appendControl("host");
            }
            spool.readAllBatches().forEach(batch -> all.put(batch.number(), batch));
        }
        assertThat(TestSpool.segments(closed)).hasSizeGreaterThan(3);
        SplittableRandom random = new SplittableRandom(SEED);
        int unnamed = 0;
        int lost = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Path directory = TestSpool.crashed(closed, temporary.resolve("round-" + round));
            List<String> flips = new ArrayList<>();
            for (int i = 0; i < FLIPS_A_ROUND; i++) {
                flips.add(flip(directory, random));
            }
            String what = "seed " + SEED + " round " + round + " flips " + flips;
            try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
                check(spool, new HashMap<>(all), what);
                lost += (int) spool.lostBatches();
                unnamed += (int) spool.losses.stream()
                        .filter(loss -> loss.stream() == null)
                        .count();
            }
        }
        assertThat(lost).as("flips that hit a batch").isGreaterThan(ROUNDS * FLIPS_A_ROUND / 2);
        assertThat(unnamed).as("losses without a stream, of %d", lost).isLessThanOrEqualTo(lost / 50);
    }

    private static void check(TestSpool spool, Map<Long, BatchEnvelope> missing, String what) throws IOException {
        long last = 0;
        for (BatchEnvelope batch : spool.readAllBatches()) {
            assertThat(batch.number()).as(what).isGreaterThan(last);
            assertThat(missing.remove(batch.number())).as(what).isEqualTo(batch);
            last = batch.number();
        }
        assertThat(missing).as(what).hasSizeLessThanOrEqualTo(FLIPS_A_ROUND);
        assertThat(spool.lostBatches()).as(what).isEqualTo(missing.size());
        assertThat(spool.lostEvents())
                .as(what)
                .isEqualTo(missing.values().stream()
                        .mapToLong(BatchEnvelope::events)
                        .sum());
        for (Loss loss : spool.losses) {
            if (loss.stream() != null) {
                assertThat(missing.values())
                        .as("%s %s", what, loss)
                        .anyMatch(batch -> batch.stream().equals(loss.stream())
                                && batch.firstSequence() >= loss.firstSequence()
                                && batch.nextSequence() <= loss.nextSequence());
            }
        }
    }

    private static String flip(Path directory, SplittableRandom random) throws IOException {
        List<Path> segments = TestSpool.segments(directory);
        Path segment = segments.get(random.nextInt(segments.size()));
        long bit = random.nextLong(8 * Files.size(segment));
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(bit / 8);
            int old = file.read();
            file.seek(bit / 8);
            file.write(old ^ 1 << bit % 8);
        }
        return segment.getFileName() + ":" + bit;
    }
}
