package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TombstonesTest {
    private final Tombstones tombstones = new Tombstones();

    @Test
    void endedFlowsAreKeptForAllEntriesThatMayBeInTransit() {
        tombstones.begin();
        tombstones.add(42L << 32);
        for (int i = 0; i < Tombstones.ENTRIES_PER_SET; i++) {
            assertThat(tombstones.has(42L << 32)).as("entry %d", i).isTrue();
            assertThat(tombstones.has(43L << 32)).isFalse();
        }
        int more = 0;
        while (tombstones.has(42L << 32)) {
            more++;
        }
        assertThat(more).isLessThanOrEqualTo(Tombstones.ENTRIES_PER_SET);
    }

    @Test
    void theNextDumpBeginsEmpty() {
        tombstones.begin();
        tombstones.add(7);
        tombstones.begin();
        assertThat(tombstones.has(7)).isFalse();
    }

    @Test
    void tooManyEndedFlowsMakeTheDumpIncomplete() {
        SplittableRandom random = new SplittableRandom(1);
        tombstones.begin();
        for (int i = 0; i < Tombstones.SET_MAX; i++) {
            tombstones.add(random.nextLong());
        }
        assertThat(tombstones.overflowed()).isFalse();
        tombstones.add(random.nextLong());
        assertThat(tombstones.overflowed()).isTrue();
        tombstones.begin();
        assertThat(tombstones.overflowed()).isFalse();
    }
}
