package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FlowTableTest {
    @Test
    void agreesWithAHashMap() {
        long seed = Long.getLong("test.seed", new SplittableRandom().nextLong());
        SplittableRandom random = new SplittableRandom(seed);
        FlowTable table = new FlowTable(1 << 20);
        Map<Long, Integer> model = new HashMap<>();
        for (int step = 0; step < 200_000; step++) {
            long key = 1 + random.nextLong(3000) * (random.nextBoolean() ? 1 : 1L << 40);
            int slot = table.find(key);
            assertThat(slot != FlowTable.NONE).as("-Dtest.seed=%d", seed).isEqualTo(model.containsKey(key));
            if (slot != FlowTable.NONE) {
                assertThat(table.owner(slot)).as("-Dtest.seed=%d", seed).isEqualTo(model.get(key));
            }
            if (random.nextInt(5) < 2 && slot != FlowTable.NONE) {
                table.remove(slot);
                model.remove(key);
            } else {
                assertThat(table.put(key, step, 0)).isTrue();
                model.put(key, step);
            }
            if (step % 50_000 == 0) {
                int divisor = 2 + step % 3;
                table.removeIf(at -> table.owner(at) % divisor == 0);
                model.values().removeIf(owner -> owner % divisor == 0);
            }
            assertThat(table.size()).as("-Dtest.seed=%d", seed).isEqualTo(model.size());
        }
    }

    @Test
    void refusesNewFlowsAtItsCapacity() {
        FlowTable table = new FlowTable(4096 * 16);
        int taken = 0;
        for (long key = 1; key <= 5000; key++) {
            taken += table.put(key, 0, 0) ? 1 : 0;
        }
        assertThat(taken).isEqualTo(table.capacity()).isEqualTo(3072);
        assertThat(table.put(1, 7, 0)).isTrue();
    }
}
