package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.segment.BatchEnvelope;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random bit flips in spools of several segments: every frame that is not handed out is declared exactly. */
class BitFlipTest {
    private static final long SEED = Long.getLong("test.seed", 20261121);
    private static final int ROUNDS = Integer.getInteger("bit.rounds", 100);
    private static final int FLIPS_A_ROUND = 4;

    @TempDir
    private Path temporary;

    private Path closed = Path.of("");
    private final Map<Long, BatchEnvelope> all = new HashMap<>();
    private final Map<Long, BatchEnvelope> control = new HashMap<>();
    private final Map<AcknowledgedPosition.RunStream, Long> sequences = new HashMap<>();

    @BeforeEach
    void fill() throws IOException {
        closed = temporary.resolve("closed");
        SpoolConfig config = TestSpool.config(closed, 1L << 30, 256 << 10, SpoolConfig.WhenFull.DROP_OLDEST);
        try (TestSpool spool = new TestSpool(config)) {
            for (int i = 0; i < 30; i++) {
                spool.append(i % 4, 20);
                for (int j = 0; j < 10; j++) {
                    spool.appendControl();
                }
            }
            for (QueuedBatch batch = spool.next(); batch != null; batch = spool.next()) {
                all.put(batch.envelope().number(), batch.envelope());
            }
            spool.readControl().forEach(frame -> control.put(frame.envelope().number(), frame.envelope()));
            sequences.putAll(spool.madeUpTo());
            sequences.put(new AcknowledgedPosition.RunStream(spool.run, TestSpool.OWN), (long) control.size());
        }
        assertThat(TestSpool.segments(closed)).hasSizeGreaterThan(3);
        assertThat(TestSpool.controlSegments(closed)).hasSizeGreaterThan(2);
    }

    @Test
    void eachFlippedBitDestroysAtMostOneBatchAndCountsStayExact() throws IOException {
        SplittableRandom random = new SplittableRandom(SEED);
        int unnamed = 0;
        int lost = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Path directory = TestSpool.crashed(closed, temporary.resolve("round-" + round));
            List<String> flips = flip(directory, TestSpool.segments(directory), random);
            String what = "seed " + SEED + " round " + round + " flips " + flips;
            try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
                check(spool, new HashMap<>(all), what);
                lost += (int) spool.lostBatches();
                unnamed += (int) spool.gaps().stream()
                        .filter(gap -> gap.ranges().isEmpty() && gap.events() > 0)
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
        for (DeclaredGap.Range range : spool.lostRanges()) {
            assertThat(missing.values())
                    .as("%s %s", what, range)
                    .anyMatch(batch -> batch.stream().equals(range.stream())
                            && batch.firstSequence() >= range.first()
                            && batch.nextSequence() <= range.next());
        }
    }

    /** Flips in the chain of control records: the events all come, and each record comes or is declared. */
    @Test
    void aFlippedBitInTheControlChainDestroysAtMostOneRecordAndNoEvents() throws IOException {
        SplittableRandom random = new SplittableRandom(SEED + 1);
        int lost = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Path directory = TestSpool.crashed(closed, temporary.resolve("control-" + round));
            List<String> flips = flip(directory, TestSpool.controlSegments(directory), random);
            String what = "seed " + SEED + " round " + round + " flips " + flips;
            try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
                List<BatchEnvelope> read = spool.readAllBatches();
                assertThat(read).as(what).hasSize(all.size());
                Map<Long, BatchEnvelope> missing = new HashMap<>(control);
                for (Topics.ControlFrame frame : spool.controlFrames()) {
                    BatchEnvelope expected = missing.remove(frame.envelope().number());
                    assertThat(expected == null || expected.equals(frame.envelope()))
                            .as("%s %s", what, frame)
                            .isTrue();
                }
                assertThat(missing).as(what).hasSizeLessThanOrEqualTo(FLIPS_A_ROUND);
                lost += missing.size();
                for (BatchEnvelope gone : missing.values()) {
                    assertThat(spool.gaps())
                            .as("%s %s", what, gone)
                            .anyMatch(gap -> !gap.ofEvents()
                                    && (gap.ranges().isEmpty()
                                            || gap.ranges().stream()
                                                    .anyMatch(range ->
                                                            range.stream().equals(gone.stream())
                                                                    && range.first() <= gone.firstSequence()
                                                                    && range.next() > gone.firstSequence())));
                }
            } catch (IOException | RuntimeException e) {
                throw new AssertionError(what, e);
            }
        }
        assertThat(lost).as("flips that hit a record").isGreaterThan(ROUNDS * FLIPS_A_ROUND / 2);
    }

    private static List<String> flip(Path directory, List<Path> segments, SplittableRandom random) throws IOException {
        List<String> flips = new ArrayList<>();
        for (int i = 0; i < FLIPS_A_ROUND; i++) {
            Path segment = segments.get(random.nextInt(segments.size()));
            long bit = random.nextLong(8 * Files.size(segment));
            try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
                file.seek(bit / 8);
                int old = file.read();
                file.seek(bit / 8);
                file.write(old ^ 1 << bit % 8);
            }
            flips.add(directory.relativize(segment) + ":" + bit);
        }
        return flips;
    }
}
