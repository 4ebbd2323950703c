package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.DamagedSegmentException;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random sequences of everything that may happen to a spool, compared with a small model: a list of batches, the set of
 * possibly damaged ones, a read position and an acknowledged position.
 */
class SpoolModelTest {
    private static final long SEED = Long.getLong("test.seed", 3);
    private static final int RUNS = 40;
    private static final int ACTIONS = 120;

    @TempDir
    private Path temporary;

    /** The expected state. */
    private static final class Model {
        final TreeMap<Long, BatchEnvelope> appended = new TreeMap<>();
        final TreeSet<Long> damaged = new TreeSet<>();
        long readNext = 1;
        long acknowledged;
        long lost;
        long lostEvents;

        /** Checks that all skipped batches below a number are possibly damaged; counts each as lost once. */
        void skipped(long before, String what) {
            for (long number = readNext; number < before; number++) {
                assertThat(damaged).as(what).contains(number);
                BatchEnvelope gone = appended.remove(number);
                if (gone != null) {
                    lost++;
                    lostEvents += gone.events();
                }
            }
            readNext = before;
        }
    }

    @Test
    void aSpoolBehavesLikeItsModel() throws IOException {
        for (int run = 0; run < RUNS; run++) {
            long seed = SEED * 1_000_003 + run;
            new Run(seed, temporary.resolve("run-" + run)).play();
        }
    }

    private static final class Run {
        private final SplittableRandom random;
        private final String what;
        private final Path home;
        private final Model model = new Model();
        private final List<String> done = new ArrayList<>();
        private int generation;
        private Path directory;
        private TestSpool spool;
        private long next = 1;

        Run(long seed, Path home) throws IOException {
            random = new SplittableRandom(seed);
            what = "seed " + seed + ", replay with -Dtest.seed=" + SEED;
            this.home = home;
            directory = home.resolve("0");
            spool = new TestSpool(TestSpool.config(directory));
        }

        void play() throws IOException {
            try {
                for (int i = 0; i < ACTIONS; i++) {
                    act();
                }
                restart(true);
                readAll();
                assertLosses();
            } catch (AssertionError | IOException | RuntimeException e) {
                throw new AssertionError(what + " after " + done, e);
            } finally {
                spool.close();
            }
        }

        private void act() throws IOException {
            int dice = random.nextInt(100);
            if (dice < 45) {
                append();
            } else if (dice < 75) {
                read(1 + random.nextInt(30));
            } else if (dice < 87) {
                acknowledge();
            } else if (dice < 91) {
                done.add("rewind");
                spool.spool.rewind();
                model.readNext = model.acknowledged + 1;
            } else if (dice < 95) {
                restart(random.nextBoolean());
            } else {
                damage();
            }
        }

        private void append() {
            int batches = 1 + random.nextInt(40);
            done.add("append " + batches);
            for (int i = 0; i < batches; i++) {
                StreamId stream = MadeBatches.stream("ns" + random.nextInt(2), random.nextInt(3));
                EncodedBatch batch = spool.made(stream, 1 + random.nextInt(20), random.nextInt(900));
                model.appended.put(next, BatchEnvelope.of(new SpoolPosition(next, 0), batch));
                next++;
                spool.handOver(batch);
            }
            spool.pass();
        }

        private void read(int most) throws IOException {
            done.add("read " + most);
            for (int i = 0; i < most; i++) {
                QueuedBatch batch = spool.next();
                if (batch == null) {
                    model.skipped(next, what);
                    break;
                }
                BatchEnvelope found = batch.envelope();
                model.skipped(found.number(), what);
                BatchEnvelope expected = model.appended.get(found.number());
                assertThat(expected).as(what + " " + found).isNotNull();
                assertThat(new BatchEnvelope(
                                found.number(),
                                0,
                                EncodedBatch.NO_LOG_INDEX,
                                found.kind(),
                                found.stream(),
                                found.firstSequence(),
                                found.count(),
                                found.firstReceivedNanos(),
                                found.lastReceivedNanos()))
                        .isEqualTo(expected);
                model.readNext = found.number() + 1;
            }
        }

        private void readAll() throws IOException {
            read(Integer.MAX_VALUE);
        }

        private void acknowledge() {
            long number = model.acknowledged + random.nextLong(model.readNext - model.acknowledged);
            done.add("acknowledge " + number);
            spool.spool.acknowledge(number);
            model.acknowledged = Math.max(model.acknowledged, number);
        }

        /** Ends cleanly or dies; after a death, the stored acknowledged position may be an older one. */
        private void restart(boolean clean) throws IOException {
            done.add(clean ? "restart" : "crash");
            assertLosses();
            if (clean) {
                spool.close();
                spool = new TestSpool(TestSpool.config(directory));
            } else {
                Path left = TestSpool.crashed(directory, home.resolve(Integer.toString(++generation)));
                spool.close();
                directory = left;
                spool = new TestSpool(TestSpool.config(directory));
            }
            model.acknowledged = spool.spool.acknowledgedNumber();
            model.readNext = model.acknowledged + 1;
            model.lost = 0;
            model.lostEvents = 0;
            // After a crash, it is unknown whether a damaged end was appended, so its numbers are used again.
            next = model.acknowledged + spool.spool.unacknowledged() + 1;
            assertThat(model.damaged)
                    .as(what)
                    .containsAll(model.appended.tailMap(next).keySet());
            model.appended.tailMap(next).clear();
            model.damaged.tailSet(next).clear();
        }

        /** Destroys up to 3000 bytes of a segment; from now on, everything in it may be lost. */
        private void damage() throws IOException {
            List<Path> segments = TestSpool.segments(directory);
            if (segments.isEmpty()) {
                return;
            }
            Path segment = segments.get(random.nextInt(segments.size()));
            long size = Files.size(segment);
            long offset = random.nextLong(size);
            int bytes = (int) Math.min(size - offset, 1 + random.nextInt(3000));
            done.add("damage " + segment.getFileName() + " " + offset + "+" + bytes);
            for (long number : numbers(segment, offset, bytes)) {
                model.damaged.add(number);
            }
            byte[] garbage = new byte[bytes];
            random.nextBytes(garbage);
            try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
                file.seek(offset);
                file.write(garbage);
            }
        }

        /** The batches whose frames overlap a part of the file. */
        private static List<Long> numbers(Path segment, long offset, int bytes) throws IOException {
            List<Long> numbers = new ArrayList<>();
            try (SegmentReader reader = SegmentReader.open(segment)) {
                long begin = reader.position();
                while (reader.next()) {
                    if (reader.position() > offset && begin < offset + bytes) {
                        numbers.add(reader.envelope().number());
                    }
                    begin = reader.position();
                }
            } catch (DamagedSegmentException e) {
                return numbers; // nothing in it is left to damage
            }
            return numbers;
        }

        /** Checks that all batches skipped for the first time were declared, and no undamaged ones. */
        private void assertLosses() {
            assertThat(spool.lostBatches()).as(what).isBetween(model.lost, (long) model.damaged.size());
            assertThat(spool.lostEvents()).as(what).isGreaterThanOrEqualTo(model.lostEvents);
        }
    }
}
