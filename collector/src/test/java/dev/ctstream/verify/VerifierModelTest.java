package dev.ctstream.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Recorded;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/**
 * Random streams with random deletions, repetitions, declarations that overlap, and a part that is not acknowledged,
 * compared with plain sets.
 */
class VerifierModelTest {
    private static final int ROUNDS = 150;
    private static final String[] CAUSES = {"handover", "spool", "damage", "rejected"};

    private final long seed = Long.getLong("test.seed", new SplittableRandom().nextLong());

    /** The expected result. */
    private static final class Expected {
        final Map<Integer, Set<Long>> present = new HashMap<>();
        final Map<Integer, Set<Long>> declared = new HashMap<>();
        final Map<Integer, Long> next = new TreeMap<>();
        final Map<Integer, Long> acknowledgedNext = new HashMap<>();
        final Set<Long> open = new HashSet<>();
        long duplicates;
        long opened;
        long closed;
        long unopened;

        Set<Long> present(int zone) {
            return present.computeIfAbsent(zone, of -> new TreeSet<>());
        }

        Set<Long> declared(int zone) {
            return declared.computeIfAbsent(zone, of -> new HashSet<>());
        }
    }

    @Test
    void agreesWithPlainSets() {
        for (int round = 0; round < ROUNDS; round++) {
            check(new SplittableRandom(seed + round), "-Dtest.seed=" + (seed + round));
        }
    }

    private void check(SplittableRandom random, String replay) {
        Recorded topic = new Recorded();
        Recorded.Run run = topic.run(0).started();
        Expected expected = new Expected();
        int zones = random.nextInt(1, 5);
        long acknowledged = random.nextBoolean() ? Long.MAX_VALUE : random.nextLong(1, 80);
        run.acknowledging(acknowledged);
        for (int zone = 0; zone < zones; zone++) {
            stream(random, topic, run, zone, expected);
            report(run, zone == zones - 1 ? "STOPPED" : "HEARTBEAT", acknowledged, expected);
        }
        VerifyReport report = Verified.of(topic);

        Set<String> undeclared = new TreeSet<>();
        long declared = 0;
        long inSpool = 0;
        long present = 0;
        for (Map.Entry<Integer, Long> stream : expected.next.entrySet()) {
            int zone = stream.getKey();
            TreeSet<Long> there = (TreeSet<Long>) expected.present(zone);
            present += there.size();
            long end =
                    Math.max(there.isEmpty() ? 0 : there.last() + 1, expected.acknowledgedNext.getOrDefault(zone, 0L));
            for (long sequence = 0; sequence < stream.getValue(); sequence++) {
                if (there.contains(sequence)) {
                    continue;
                }
                if (expected.declared(zone).contains(sequence)) {
                    declared++;
                } else if (sequence < end) {
                    undeclared.add(zone + "#" + sequence);
                } else {
                    inSpool++;
                }
            }
        }
        Set<String> holes = new TreeSet<>();
        for (Hole hole : report.holes()) {
            for (long sequence = hole.first(); sequence <= hole.last(); sequence++) {
                holes.add(hole.stream().zone() + "#" + sequence);
            }
        }
        assertThat(holes).as(replay).isEqualTo(undeclared);
        assertThat(report.undeclared()).as(replay).isEqualTo(undeclared.size());
        assertThat(report.proven()).as(replay).isEqualTo(undeclared.isEmpty());
        assertThat(report.problems()).as(replay).isEmpty();
        assertThat(report.present()).as(replay).isEqualTo(present);
        assertThat(report.duplicates()).as(replay).isEqualTo(expected.duplicates);
        assertThat(report.declared()).as(replay).isEqualTo(declared);
        assertThat(report.inSpool()).as(replay).isEqualTo(inSpool);
        assertThat(report.flowsOpened()).as(replay).isEqualTo(expected.opened);
        assertThat(report.flowsClosed()).as(replay).isEqualTo(expected.closed);
        assertThat(report.flows.unopened).as(replay).isEqualTo(expected.unopened);
        assertThat(report.flowsOpen()).as(replay).isEqualTo(expected.open.size());
    }

    private static void report(Recorded.Run run, String kind, long acknowledged, Expected expected) {
        if (run.logIndex() <= acknowledged) {
            expected.acknowledgedNext.putAll(expected.next);
        }
        run.report(kind, 0, expected.next);
    }

    private static void stream(SplittableRandom random, Recorded topic, Recorded.Run run, int zone, Expected expected) {
        long sequence = 0;
        long nextFlow = zone * 1_000_000L;
        List<Long> begun = new ArrayList<>();
        for (int batches = random.nextInt(0, 15); batches > 0; batches--) {
            long first = sequence;
            GenericRecord[] events = new GenericRecord[random.nextInt(1, 12)];
            boolean there = random.nextInt(4) != 0;
            for (int i = 0; i < events.length; i++) {
                boolean begins = begun.isEmpty() || random.nextBoolean();
                long flow = begins ? nextFlow++ : begun.remove(random.nextInt(begun.size()));
                if (begins) {
                    begun.add(flow);
                }
                events[i] = Recorded.event(sequence++, begins ? "NEW" : "DESTROY", flow);
                if (there) {
                    expected.present(zone).add(sequence - 1);
                    count(expected, begins, flow);
                }
            }
            expected.next.put(zone, sequence);
            run.batch(zone, 0, events);
            if (there) {
                repeat(random, topic, events.length, expected);
            } else {
                topic.events.remove(topic.events.size() - 1);
            }
            for (int gaps = random.nextInt(6) - 3; gaps > 0; gaps--) {
                declare(random, run, zone, random.nextLong(Math.max(0, first - 20), sequence), sequence, expected);
            }
        }
    }

    /** Declares a range that ends below {@code end}, in one or two ranges that overlap. */
    private static void declare(
            SplittableRandom random, Recorded.Run run, int zone, long first, long end, Expected expected) {
        long last = random.nextLong(first, end);
        long middle = random.nextLong(first, last + 1);
        String cause = CAUSES[random.nextInt(CAUSES.length)];
        if (random.nextBoolean()) {
            run.gap(cause, zone, first, last);
        } else {
            run.gap(cause, Recorded.range(zone, first, middle), Recorded.range(zone, (first + middle) / 2, last));
        }
        for (long sequence = first; sequence <= last; sequence++) {
            expected.declared(zone).add(sequence);
        }
    }

    private static void repeat(SplittableRandom random, Recorded topic, int count, Expected expected) {
        Recorded.Placed placed = topic.events.get(topic.events.size() - 1);
        for (int again = random.nextInt(8) - 5; again > 0; again--) {
            topic.events.add(placed);
            expected.duplicates += count;
        }
    }

    private static void count(Expected expected, boolean begins, long flow) {
        if (begins) {
            expected.opened++;
            expected.open.add(flow);
        } else {
            expected.closed++;
            if (!expected.open.remove(flow)) {
                expected.unopened++;
            }
        }
    }
}
