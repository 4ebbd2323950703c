package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.RunIdentity;
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
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random sequences of everything that may happen to a spool, compared with a small model: a list of batches, the set of
 * possibly damaged ones, a read position and an acknowledged position. Everything that was appended, to either chain, is
 * handed out in order, or declared.
 */
class SpoolModelTest {
    private static final long SEED = Long.getLong("test.seed", 3);
    /** Each run syncs some hundred times; {@code -Dspool.model.runs=N} for more. */
    private static final int RUNS = Integer.getInteger("spool.model.runs", 8);

    private static final int ACTIONS = 120;

    @TempDir
    private Path temporary;

    /** A batch that was appended. */
    private record Appended(BatchEnvelope envelope, AcknowledgedPosition.RunStream stream) {}

    /** The expected state. */
    private static final class Model {
        final TreeMap<Long, Appended> appended = new TreeMap<>();
        final TreeSet<Long> damaged = new TreeSet<>();
        final Map<AcknowledgedPosition.RunStream, BitSet> damagedSequences = new HashMap<>();
        long readNext = 1;
        long acknowledged;

        /** Checks that all skipped batches below a number are possibly damaged. */
        void skipped(long before, String what) {
            for (long number = readNext; number < before; number++) {
                assertThat(damaged).as(what).contains(number);
            }
            readNext = before;
        }

        void damage(long number) {
            damaged.add(number);
            Appended batch = appended.get(number);
            if (batch != null) {
                damagedSequences
                        .computeIfAbsent(batch.stream(), stream -> new BitSet())
                        .set((int) batch.envelope().firstSequence(), (int)
                                batch.envelope().nextSequence());
            }
        }
    }

    @Test
    void aSpoolBehavesLikeItsModel() throws IOException {
        for (int run = 0; run < RUNS; run++) {
            new Run(SEED * 1_000_003 + run, temporary.resolve("run-" + run), false).play();
        }
    }

    @Test
    void aSpoolWithADamagedControlChainBehavesLikeItsModel() throws IOException {
        for (int run = 0; run < RUNS; run++) {
            new Run(SEED * 1_000_033 + run, temporary.resolve("run-" + run), true).play();
        }
    }

    private static final class Run {
        private final SplittableRandom random;
        private final String what;
        private final Path home;
        private final boolean damageControl;
        private final Model model = new Model();
        private final Topics topics = new Topics();
        private final Set<RunIdentity> runs = new LinkedHashSet<>();
        private final List<String> done = new ArrayList<>();
        private int generation;
        private Path directory;
        private TestSpool spool;
        private long next = 1;

        Run(long seed, Path home, boolean damageControl) throws IOException {
            random = new SplittableRandom(seed);
            what = "seed " + seed + ", replay with -Dtest.seed=" + SEED;
            this.home = home;
            this.damageControl = damageControl;
            directory = home.resolve("0");
            spool = open();
        }

        private TestSpool open() throws IOException {
            SpoolConfig config = TestSpool.config(directory, 1L << 30, 512 << 10, SpoolConfig.WhenFull.DROP_OLDEST);
            TestSpool opened = new TestSpool(TestSpool.Setup.of(config).topics(topics));
            runs.add(opened.run);
            return opened;
        }

        void play() throws IOException {
            try {
                for (int i = 0; i < ACTIONS; i++) {
                    act();
                }
                restart(true);
                readAll();
                assertEvents();
                assertControl();
            } catch (AssertionError | IOException | RuntimeException e) {
                throw new AssertionError(what + " after " + done, e);
            } finally {
                spool.close();
            }
        }

        private void act() throws IOException {
            int dice = random.nextInt(100);
            if (dice < 40) {
                append();
            } else if (dice < 46) {
                done.add("control");
                spool.appendControl();
            } else if (dice < 74) {
                read(1 + random.nextInt(30));
            } else if (dice < 85) {
                acknowledge();
            } else if (dice < 87) {
                done.add("rewind");
                spool.rewind();
                model.readNext = model.acknowledged + 1;
            } else if (dice < 89) {
                done.add("rewind control");
                spool.rewindControl();
            } else if (dice < 94) {
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
                model.appended.put(
                        next,
                        new Appended(
                                BatchEnvelope.of(new SpoolPosition(next, 0), batch),
                                new AcknowledgedPosition.RunStream(spool.run, stream)));
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
                    if (!spool.acknowledgeControl().isEmpty()) {
                        continue; // the GAP that it waited for may be in Kafka now
                    }
                    model.skipped(next, what);
                    break;
                }
                BatchEnvelope found = batch.envelope();
                model.skipped(found.number(), what);
                Appended expected =
                        Objects.requireNonNull(model.appended.get(found.number()), () -> what + " " + found);
                assertThat(new AcknowledgedPosition.RunStream(batch.identity(), found.stream()))
                        .isEqualTo(expected.stream());
                assertThat(new BatchEnvelope(
                                found.number(),
                                0,
                                EncodedBatch.NO_LOG_INDEX,
                                found.kind(),
                                found.stream(),
                                found.firstSequence(),
                                found.count(),
                                found.firstReceivedNanos(),
                                found.lastReceivedNanos(),
                                found.givesUp()))
                        .isEqualTo(expected.envelope());
                model.readNext = found.number() + 1;
            }
        }

        private void readAll() throws IOException {
            read(Integer.MAX_VALUE);
        }

        private void acknowledge() throws IOException {
            long number = model.acknowledged + random.nextLong(model.readNext - model.acknowledged);
            done.add("acknowledge " + number);
            spool.acknowledge(number);
            model.acknowledged = Math.max(model.acknowledged, number);
        }

        /** Ends cleanly or dies; after a death, the stored acknowledged position may be an older one. */
        private void restart(boolean clean) throws IOException {
            done.add(clean ? "restart" : "crash");
            if (clean) {
                spool.stop();
            } else {
                Path left = TestSpool.crashed(directory, home.resolve(Integer.toString(++generation)));
                spool.close();
                directory = left;
            }
            spool = open();
            model.acknowledged = spool.acknowledgedNumber();
            model.readNext = model.acknowledged + 1;
            // After a crash, it is unknown whether a damaged end was appended, so its numbers are used again.
            next = spool.appendedNumber() + 1;
            assertThat(model.damaged)
                    .as(what)
                    .containsAll(model.appended.tailMap(next).keySet());
            model.appended.tailMap(next).clear();
            model.damaged.tailSet(next).clear();
        }

        /** Destroys up to 3000 bytes of a segment; from now on, everything in it may be lost. */
        private void damage() throws IOException {
            boolean ofControl = damageControl && random.nextInt(3) == 0;
            List<Path> segments = ofControl ? TestSpool.controlSegments(directory) : TestSpool.segments(directory);
            if (segments.isEmpty()) {
                return;
            }
            Path segment = segments.get(random.nextInt(segments.size()));
            long size = Files.size(segment);
            long offset = ofControl ? random.nextLong(6000) : random.nextLong(size);
            int bytes = (int) Math.max(0, Math.min(size - offset, 1 + random.nextInt(3000)));
            done.add("damage " + directory.relativize(segment) + " " + offset + "+" + bytes);
            if (!ofControl) {
                numbers(segment, offset, bytes).forEach(model::damage);
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
            try (SegmentReader reader = SegmentReader.open(SpoolFileSystem.HOST, segment)) {
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

        /** Every batch has arrived or is declared, and nothing is declared that was not damaged. */
        private void assertEvents() {
            Map<AcknowledgedPosition.RunStream, BitSet> unknown = new HashMap<>();
            for (Appended batch : model.appended.values()) {
                unknown.computeIfAbsent(batch.stream(), stream -> new BitSet())
                        .set((int) batch.envelope().firstSequence(), (int)
                                batch.envelope().nextSequence());
            }
            long undeclared = 0;
            for (Map.Entry<AcknowledgedPosition.RunStream, BitSet> stream : unknown.entrySet()) {
                stream.getValue().andNot(topics.arrived(stream.getKey()));
                stream.getValue().andNot(topics.declared(stream.getKey()));
                undeclared += stream.getValue().cardinality();
            }
            List<DeclaredGap> gaps = gaps();
            long unnamed = gaps.stream()
                    .filter(gap -> gap.ranges().isEmpty())
                    .mapToLong(DeclaredGap::events)
                    .sum();
            unknown.values().removeIf(BitSet::isEmpty);
            assertThat(undeclared)
                    .as(
                            "%s: neither arrived nor declared %s, gaps %s",
                            what,
                            unknown,
                            gaps.stream().map(DeclaredGap::toString).toList())
                    .isLessThanOrEqualTo(unnamed);
            if (!damageControl) {
                for (DeclaredGap gap : gaps) {
                    assertThat(gap.ofEvents()).as("%s %s", what, gap).isTrue();
                    for (DeclaredGap.Range range : gap.ranges()) {
                        BitSet lost = new BitSet();
                        lost.set((int) range.first(), (int) range.next());
                        lost.andNot(model.damagedSequences.getOrDefault(range.owner(), new BitSet()));
                        assertThat(lost)
                                .as("%s: not damaged of %s", what, range)
                                .isEqualTo(new BitSet());
                    }
                }
            }
        }

        private List<DeclaredGap> gaps() {
            return topics.control().stream()
                    .filter(Topics.ControlFrame::isGap)
                    .map(DeclaredGap::of)
                    .toList();
        }

        /** Every control record has arrived or is declared. */
        private void assertControl() {
            boolean unnamed = gaps().stream()
                    .anyMatch(gap -> !gap.ofEvents() && gap.ranges().isEmpty());
            for (RunIdentity run : runs) {
                AcknowledgedPosition.RunStream stream = new AcknowledgedPosition.RunStream(run, TestSpool.OWN);
                BitSet known = (BitSet) topics.arrived(stream).clone();
                known.or(topics.declared(stream));
                if (!unnamed) {
                    assertThat(known.nextClearBit(0)).as("%s %s", what, stream).isEqualTo(known.length());
                }
                if (!damageControl) {
                    assertThat(topics.arrived(stream)).as("%s %s", what, stream).isEqualTo(known);
                    assertThat(known.length()).as("%s %s", what, stream).isPositive();
                }
            }
        }
    }
}
