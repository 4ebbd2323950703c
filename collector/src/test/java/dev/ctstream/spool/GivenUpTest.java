package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SpoolPosition;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GivenUpTest {
    private static final int NUMBERS = 60;

    private final GivenUp givenUp = new GivenUp();

    private static MissingBatches hole(long first, long next) {
        return new MissingBatches(new SpoolPosition(first, 10 * first), new SpoolPosition(next, 10 * next));
    }

    @Test
    void onlyTheRestIsUndeclared() {
        givenUp.add(hole(2, 4), 1);
        givenUp.add(hole(6, 8), 2);
        assertThat(givenUp.undeclared(new SpoolPosition(1, 10), new SpoolPosition(9, 90)))
                .containsExactly(hole(1, 2), hole(4, 6), hole(8, 9));
        assertThat(givenUp.undeclared(new SpoolPosition(2, 20), new SpoolPosition(4, 40)))
                .isEmpty();
    }

    @Test
    void whatIsCoveredAlreadyKeepsItsOwnGap() {
        givenUp.add(hole(2, 4), 1);
        givenUp.add(hole(1, 6), 7);
        assertThat(givenUp.covering(1)).isEqualTo(new GivenUp.Range(hole(1, 2), 7));
        assertThat(givenUp.covering(3)).isEqualTo(new GivenUp.Range(hole(2, 4), 1));
        assertThat(givenUp.covering(5)).isEqualTo(new GivenUp.Range(hole(4, 6), 7));
        assertThat(givenUp.covering(6)).isNull();
    }

    @Test
    void onlyRangesWithoutAGapGetOne() {
        givenUp.add(hole(2, 4), 1);
        givenUp.add(hole(5, 7), GivenUp.NOT_APPENDED);
        givenUp.appended(hole(1, 9), 3);
        assertThat(givenUp.covering(2)).isEqualTo(new GivenUp.Range(hole(2, 4), 1));
        assertThat(givenUp.covering(5)).isEqualTo(new GivenUp.Range(hole(5, 7), 3));
    }

    @Test
    void aSegmentOfControlRecordsIsNeededWhileItExplainsARange() {
        givenUp.add(hole(2, 4), 5);
        assertThat(givenUp.needsControlBefore(5)).isFalse();
        assertThat(givenUp.needsControlBefore(6)).isTrue();
        givenUp.forgetBefore(3);
        assertThat(givenUp.needsControlBefore(6)).isTrue();
        givenUp.forgetBefore(4);
        assertThat(givenUp.needsControlBefore(6)).isFalse();
    }

    @Test
    void aSegmentOfControlRecordsIsNeededWhileItExplainsAJumpThatIsStillThere() {
        givenUp.lostBefore(new SpoolPosition(4, 40), 5, 6);
        givenUp.lostBefore(new SpoolPosition(4, 40), 7, 8);
        assertThat(givenUp.needsControlBefore(5)).isFalse();
        assertThat(givenUp.needsControlBefore(6)).isTrue();
        givenUp.forgetBefore(3);
        assertThat(givenUp.needsControlBefore(6)).isTrue();
        givenUp.forgetBefore(4);
        assertThat(givenUp.needsControlBefore(9)).isFalse();
        assertThat(givenUp.lossesBefore(new SpoolPosition(4, 40)))
                .as("batch 4 still waits for the GAP")
                .isEqualTo(
                        new GivenUp.Range(new MissingBatches(new SpoolPosition(4, 40), new SpoolPosition(4, 40)), 8));
    }

    @Test
    void behavesAsASetOfNumbers() {
        long seed = Long.getLong("test.seed", 5);
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < 500; round++) {
            GivenUp holes = new GivenUp();
            BitSet model = new BitSet();
            List<MissingBatches> added = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                int first = random.nextInt(NUMBERS);
                int next = first + 1 + random.nextInt(10);
                added.add(hole(first, next));
                holes.add(hole(first, next), i);
                model.set(first, next);
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
