package dev.ctstream.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.ctstream.record.Recorded;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** Retention removes the beginning of each partition by itself: of events, and of the records that say what they lack. */
class ExpiredRecordsTest {
    private static final long SEED = Long.getLong("test.seed", 1);
    private static final int SEEDS = Integer.getInteger("test.seeds", 400);
    private static final int ZONES = 6;

    private final Recorded topic = new Recorded();
    private final Map<Integer, Long> next = new TreeMap<>();
    private Recorded.Run run = topic.run(0);

    private static VerifyReport verify(Recorded topic, Map<Integer, Integer> eventsCut, int controlCut) {
        Verifier verifier = new Verifier(new Verifier.Limits(1000, 1000, 1 << 20));
        Map<Integer, Integer> left = new HashMap<>(eventsCut);
        left.forEach((partition, records) -> verifier.trimmed(false, partition));
        topic.events.removeIf(placed -> left.merge(placed.partition(), -1, Integer::sum) >= 0);
        if (controlCut > 0) {
            verifier.trimmed(true, 0);
            topic.control.subList(0, controlCut).clear();
        }
        return Verified.of(topic, verifier);
    }

    /** Of the last control record, ms. */
    private long now() {
        return (Long) topic.control.get(topic.control.size() - 1).record().get("time");
    }

    private void batch(int zone, int count) {
        long first = next.merge(zone, (long) count, Long::sum) - count;
        GenericRecord[] items = new GenericRecord[count];
        for (int i = 0; i < count; i++) {
            items[i] = Recorded.event(first + i, "NEW", first + i);
            items[i].put("received_time_ns", TimeUnit.MILLISECONDS.toNanos(now()));
        }
        run.batch(zone, 0, items);
    }

    private void lose(int zone, int count) {
        long first = next.merge(zone, (long) count, Long::sum) - count;
        run.gap("spool", zone, first, first + count - 1);
    }

    private void play(SplittableRandom random, boolean last) {
        next.clear();
        for (int i = 4 + random.nextInt(40); i > 0; i--) {
            int zone = random.nextInt(ZONES);
            switch (random.nextInt(8)) {
                case 0, 1 -> lose(zone, 1 + random.nextInt(3));
                case 2 -> run.report("HEARTBEAT", 0, next);
                default -> batch(zone, 1 + random.nextInt(4));
            }
        }
        if (last || random.nextBoolean()) {
            run.report("STOPPED", 0, next);
        }
    }

    private void playAll(SplittableRandom random) {
        for (int i = 0; i < 3; i++) {
            Recorded.Run before = run;
            run = topic.run(TimeUnit.HOURS.toNanos(i));
            boolean clean = i > 0
                    && topic.control
                            .get(topic.control.size() - 1)
                            .record()
                            .get("kind")
                            .toString()
                            .equals("STOPPED");
            run = i == 0 ? run.started() : clean ? run.startedAfterEnd(before) : run.startedAfter(before);
            play(random, i == 2);
        }
    }

    @Test
    void nothingThatRetentionMayHaveRemovedIsMissing() {
        for (long seed = SEED; seed < SEED + SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            ExpiredRecordsTest test = new ExpiredRecordsTest();
            test.playAll(random);
            Map<Integer, Integer> sizes = new TreeMap<>();
            test.topic.events.forEach(placed -> sizes.merge(placed.partition(), 1, Integer::sum));
            Map<Integer, Integer> cut = new TreeMap<>();
            sizes.forEach((partition, records) -> {
                if (random.nextInt(3) > 0) {
                    cut.put(partition, 1 + random.nextInt(records));
                }
            });
            int controlCut = random.nextInt(3) > 0 ? random.nextInt(test.topic.control.size()) : 0;
            VerifyReport report = verify(test.topic, cut, controlCut);
            assertThat(report.problems())
                    .as("seed %d, cut %s, control %d", seed, cut, controlCut)
                    .isEmpty();
            assertThat(report.holes())
                    .as("seed %d, cut %s, control %d", seed, cut, controlCut)
                    .isEmpty();
        }
    }

    @Test
    void aGapThatRetentionHasRemovedMayHaveDeclaredAHole() {
        assertThat(undeclaredWithoutTheGap(true)).isZero();
        assertThat(undeclaredWithoutTheGap(false)).isEqualTo(3);
    }

    private static long undeclaredWithoutTheGap(boolean expired) {
        ExpiredRecordsTest test = new ExpiredRecordsTest();
        test.run.started();
        test.batch(7, 5);
        test.lose(7, 3);
        test.batch(7, 5);
        test.run.report("STOPPED", 0, test.next);
        return expired
                ? verify(test.topic, Map.of(), 2).undeclared()
                : withoutOne(test.topic).undeclared();
    }

    private static VerifyReport withoutOne(Recorded topic) {
        topic.control.remove(1);
        return Verified.of(topic);
    }

    /** A control record from before the event that precedes the hole is there: so is whatever declared the hole. */
    @Test
    void aHoleThatIsYoungerThanWhatRetentionHasRemovedIsMissing() {
        run.started();
        batch(7, 5);
        for (int i = 0; i < 10; i++) {
            run.report("HEARTBEAT", 0, next);
        }
        batch(7, 2);
        lose(7, 3);
        batch(7, 5);
        run.report("STOPPED", 0, next);
        topic.control.remove(topic.control.size() - 2);
        assertThat(verify(topic, Map.of(), 3).holes())
                .extracting(Hole::control, Hole::first, Hole::last)
                .containsExactly(tuple(false, 7L, 9L), tuple(true, 11L, 11L)); // the hole, and its GAP
    }

    /** A report counts them once more when others of their stream are lost. */
    @Test
    void expiredEventsAreNoYoungerForALaterLoss() {
        run.started();
        batch(7, 2);
        run.report("HEARTBEAT", 0, next);
        batch(3, 1); // on the same partition, and kept
        for (int i = 0; i < 10; i++) {
            run.report("HEARTBEAT", 0, next);
        }
        lose(7, 2);
        run.report("STOPPED", 0, next);
        VerifyReport report = verify(topic, Map.of(3, 1), 0);
        assertThat(report.holes()).isEmpty();
        assertThat(report.expired()).isEqualTo(2);
    }
}
