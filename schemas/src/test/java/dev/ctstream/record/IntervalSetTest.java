package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class IntervalSetTest {
    private final IntervalSet set = new IntervalSet();

    private List<String> holes(long from, long to) {
        List<String> holes = new ArrayList<>();
        set.forEachHole(from, to, (first, next) -> holes.add(first + ".." + next));
        return holes;
    }

    @Test
    void consecutiveNumbersTakeOneInterval() {
        for (long value = 0; value < 1_000_000; value++) {
            set.add(value);
        }
        assertThat(set.intervals()).isEqualTo(1);
        assertThat(set.count()).isEqualTo(1_000_000);
        assertThat(set.end()).isEqualTo(1_000_000);
    }

    @Test
    void touchingIntervalsMerge() {
        set.add(1);
        set.add(3);
        assertThat(set.intervals()).isEqualTo(2);
        set.add(2);
        assertThat(set.intervals()).isEqualTo(1);
        assertThat(set.add(2)).isFalse();
    }

    @Test
    void aRangeContainsItsBoundsExactly() {
        set.addRange(5, Long.MAX_VALUE);
        assertThat(set.contains(Long.MAX_VALUE - 1)).isTrue();
        assertThat(set.countIn(0, 10)).isEqualTo(5);
        assertThat(set.contains(4)).isFalse();
    }

    @Test
    void theLowestHoleIsFilledFirst() {
        set.add(1);
        set.add(5);
        set.add(9);
        List<String> filled = new ArrayList<>();
        set.fillLowestHole((from, to) -> filled.add(from + ".." + to));
        assertThat(filled).containsExactly("2..5");
        assertThat(holes(0, 11)).containsExactly("0..1", "6..9", "10..11");
        List<String> intervals = new ArrayList<>();
        set.forEach((from, to) -> intervals.add(from + ".." + to));
        assertThat(intervals).containsExactly("1..6", "9..10");
    }

    @Test
    void agreesWithATreeSet() {
        long seed = Long.getLong("test.seed", new SplittableRandom().nextLong());
        SplittableRandom random = new SplittableRandom(seed);
        TreeSet<Long> model = new TreeSet<>();
        for (int step = 0; step < 20_000; step++) {
            long from = random.nextLong(400);
            if (random.nextInt(4) == 0) {
                long to = from + random.nextLong(12);
                set.addRange(from, to);
                for (long value = from; value < to; value++) {
                    model.add(value);
                }
            } else {
                assertThat(set.add(from)).as("-Dtest.seed=%d", seed).isEqualTo(model.add(from));
            }
            long asked = random.nextLong(420);
            assertThat(set.contains(asked)).as("-Dtest.seed=%d", seed).isEqualTo(model.contains(asked));
            Long next = model.ceiling(asked);
            assertThat(set.nextFrom(asked))
                    .as("-Dtest.seed=%d", seed)
                    .isEqualTo(next == null ? Long.MAX_VALUE : next.longValue());
            long until = asked + random.nextLong(50);
            assertThat(set.countIn(asked, until))
                    .as("-Dtest.seed=%d", seed)
                    .isEqualTo(model.subSet(asked, until).size());
            assertThat(set.count()).as("-Dtest.seed=%d", seed).isEqualTo(model.size());
            if (model.size() > 350) {
                model.clear();
                set.clear();
            }
        }
    }
}
