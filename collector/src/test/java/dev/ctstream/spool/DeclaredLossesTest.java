package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SpoolPosition;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DeclaredLossesTest {
    private static final int NUMBERS = 60;

    private static MissingBatches hole(long first, long next) {
        return new MissingBatches(new SpoolPosition(first, 10 * first), new SpoolPosition(next, 10 * next));
    }

    @Test
    void adjacentHolesAreMerged() {
        DeclaredLosses holes = DeclaredLosses.of(List.of(hole(1, 3), hole(5, 7), hole(3, 5)));
        assertThat(holes.list()).containsExactly(hole(1, 7));
    }

    @Test
    void onlyTheRestIsUndeclared() {
        DeclaredLosses holes = DeclaredLosses.of(List.of(hole(2, 4), hole(6, 8)));
        assertThat(holes.undeclared(new SpoolPosition(1, 10), new SpoolPosition(9, 90)))
                .containsExactly(hole(1, 2), hole(4, 6), hole(8, 9));
        assertThat(holes.undeclared(new SpoolPosition(2, 20), new SpoolPosition(4, 40)))
                .isEmpty();
    }

    @Test
    void behavesAsASetOfNumbers() {
        long seed = Long.getLong("test.seed", 5);
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < 500; round++) {
            DeclaredLosses holes = new DeclaredLosses();
            BitSet model = new BitSet();
            List<MissingBatches> added = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                int first = random.nextInt(NUMBERS);
                int next = first + 1 + random.nextInt(10);
                added.add(hole(first, next));
                holes.add(hole(first, next));
                model.set(first, next);
            }
            if (random.nextBoolean()) {
                int below = random.nextInt(NUMBERS);
                holes.forgetBefore(below);
                int kept = model.previousClearBit(below) + 1;
                model.clear(0, Math.max(kept, 0));
            }
            String what = "seed " + seed + " round " + round + " " + added;
            BitSet undeclared = new BitSet();
            for (MissingBatches part :
                    holes.undeclared(new SpoolPosition(0, 0), new SpoolPosition(NUMBERS + 10, 10 * (NUMBERS + 10)))) {
                assertThat(part.events()).as(what).isEqualTo(10 * part.batches());
                undeclared.set((int) part.first().number(), (int) part.next().number());
            }
            model.flip(0, NUMBERS + 10);
            assertThat(undeclared).as(what).isEqualTo(model);
            for (int number = 0; number < NUMBERS; number++) {
                assertThat(holes.contains(number)).as(what).isNotEqualTo(model.get(number));
            }
        }
    }
}
