package dev.ctstream.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Recorded;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** Random streams with random deletions, repetitions and declarations, compared with plain sets. */
class VerifierModelTest {
    private static final int ROUNDS = 150;
    private static final String[] CAUSES = {"handover", "spool", "damage", "rejected"};

    private final long seed = Long.getLong("test.seed", new SplittableRandom().nextLong());

    /** The expected result. */
    private static final class Expected {
        final Set<String> undeclared = new TreeSet<>();
        final Set<Long> open = new HashSet<>();
        final Map<Integer, Long> next = new TreeMap<>();
        long present;
        long duplicates;
        long declared;
        long opened;
        long closed;
        long unopened;
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
        for (int zone = 0; zone < zones; zone++) {
            stream(random, topic, run, zone, expected);
        }
        run.report("STOPPED", 0, expected.next);
        VerifyReport report = Verified.of(topic);

        Set<String> holes = new TreeSet<>();
        for (Hole hole : report.holes()) {
            for (long sequence = hole.first(); sequence <= hole.last(); sequence++) {
                holes.add(hole.stream().zone() + "#" + sequence);
            }
        }
        assertThat(holes).as(replay).isEqualTo(expected.undeclared);
        assertThat(report.undeclared()).as(replay).isEqualTo(expected.undeclared.size());
        assertThat(report.proven()).as(replay).isEqualTo(expected.undeclared.isEmpty());
        assertThat(report.problems()).as(replay).isEmpty();
        assertThat(report.present()).as(replay).isEqualTo(expected.present);
        assertThat(report.duplicates()).as(replay).isEqualTo(expected.duplicates);
        assertThat(report.declared()).as(replay).isEqualTo(expected.declared);
        assertThat(report.flowsOpened()).as(replay).isEqualTo(expected.opened);
        assertThat(report.flowsClosed()).as(replay).isEqualTo(expected.closed);
        assertThat(report.flows.unopened).as(replay).isEqualTo(expected.unopened);
        assertThat(report.flowsOpen()).as(replay).isEqualTo(expected.open.size());
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
                    count(expected, begins, flow);
                }
            }
            expected.next.put(zone, sequence);
            int declaredFrom = random.nextInt(events.length);
            boolean declare = random.nextInt(3) == 0;
            if (declare) {
                run.gap(CAUSES[random.nextInt(CAUSES.length)], zone, first + declaredFrom, sequence - 1);
            }
            if (there) {
                place(random, topic, run.batch(zone, 0, events), events.length, expected);
            } else {
                int covered = declare ? events.length - declaredFrom : 0;
                expected.declared += covered;
                for (long missing = first; missing < sequence - covered; missing++) {
                    expected.undeclared.add(zone + "#" + missing);
                }
            }
        }
    }

    private static void place(
            SplittableRandom random, Recorded topic, GenericRecord batch, int count, Expected expected) {
        expected.present += count;
        Recorded.Placed placed = topic.events.get(topic.events.size() - 1);
        assertThat(placed.record()).isSameAs(batch);
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
