package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.FlowEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FlowLedgerTest {
    private static final long SEED = Long.getLong("test.seed", 4);

    private final MadeFlows flows = new MadeFlows();
    private final FlowIdentity identity = new FlowIdentity();

    private record Key(int source, int flow, int id) {}

    private long load(int source, FlowEvent event) {
        identity.load(source, event);
        return identity.hash();
    }

    @Test
    void behavesAsAMapUnderRandomOperations() {
        SplittableRandom random = new SplittableRandom(SEED);
        FlowLedger ledger = new FlowLedger(700);
        Map<Key, Integer> model = new HashMap<>();
        for (int i = 0; i < 400_000; i++) {
            Key key = new Key(random.nextInt(2), random.nextInt(600), random.nextInt(2));
            FlowEvent event = flows.begin(key.flow, key.id);
            long hash = load(key.source, event);
            ledger.fetch(new FlowIdentity[] {identity}, 1);
            int found = ledger.find(identity, hash);
            assertThat(found).as("seed %d, step %d", SEED, i).isEqualTo(model.getOrDefault(key, FlowLedger.NONE));
            if (found == FlowLedger.NONE) {
                int added = ledger.add(identity, hash, event, 0);
                assertThat(added == FlowLedger.NONE).isEqualTo(model.size() == 700);
                if (added != FlowLedger.NONE) {
                    model.put(key, added);
                }
            } else if (random.nextInt(3) > 0) {
                if (random.nextBoolean()) {
                    ledger.remove(found);
                } else {
                    ledger.remove(found, hash);
                }
                model.remove(key);
            }
            assertThat(ledger.size()).isEqualTo(model.size());
        }
        assertThat(walk(ledger)).containsExactlyInAnyOrderElementsOf(model.values());
        model.forEach((key, reference) -> {
            long hash = load(key.source, flows.begin(key.flow, key.id));
            assertThat(ledger.find(identity, hash)).isEqualTo(reference);
        });
    }

    /** Covers a growing index, runs of occupied slots, and removals within such runs. */
    @Test
    void manyFlowsAreFoundAfterTheIndexHasGrown() {
        SplittableRandom random = new SplittableRandom(SEED);
        FlowLedger ledger = new FlowLedger(100_000);
        Map<Key, Integer> model = new HashMap<>();
        for (int i = 0; i < 150_000; i++) {
            Key key = new Key(0, random.nextInt(90_000), 0);
            FlowEvent event = flows.begin(key.flow, key.id);
            long hash = load(0, event);
            int found = ledger.find(identity, hash);
            assertThat(found).as("seed %d, step %d", SEED, i).isEqualTo(model.getOrDefault(key, FlowLedger.NONE));
            if (found == FlowLedger.NONE) {
                model.put(key, ledger.add(identity, hash, event, 0));
            } else {
                ledger.remove(found, hash);
                model.remove(key);
            }
        }
        assertThat(ledger.size()).isEqualTo(model.size()).isGreaterThan(30_000);
        // Sorted, since a comparison in any order takes the square of their number.
        assertThat(walk(ledger).stream().sorted())
                .containsExactlyElementsOf(model.values().stream().sorted().toList());
    }

    private static List<Integer> walk(FlowLedger ledger) {
        List<Integer> found = new ArrayList<>();
        for (int position = 0; position < ledger.positions(); position++) {
            if (ledger.at(position) != FlowLedger.NONE) {
                found.add(ledger.at(position));
            }
        }
        return found;
    }

    @Test
    void identityIsReadBackFromARecord() {
        FlowLedger ledger = new FlowLedger(100);
        for (int flow = 0; flow < 100; flow++) {
            FlowEvent event = flows.begin(flow, flow * 7);
            long hash = load(3, event);
            int reference = ledger.add(identity, hash, event, 0);
            FlowIdentity back = new FlowIdentity();
            ledger.record(reference).identity(back);
            assertThat(back.hash()).isEqualTo(hash);
            assertThat(ledger.record(reference).matches(back)).isTrue();
        }
    }

    @Test
    void flowsThatDifferInOneFieldAreDifferent() {
        FlowLedger ledger = new FlowLedger(100);
        FlowEvent event = flows.begin(5, 1);
        long hash = load(0, event);
        ledger.add(identity, hash, event, 0);
        assertThat(ledger.find(identity, load(1, flows.begin(5, 1)))).isEqualTo(FlowLedger.NONE); // namespace
        assertThat(ledger.find(identity, load(0, flows.begin(5, 2)))).isEqualTo(FlowLedger.NONE); // id
        assertThat(ledger.find(identity, load(0, flows.begin(60_005, 1)))).isEqualTo(FlowLedger.NONE); // address
        assertThat(ledger.find(identity, load(0, flows.begin(7, 1)))).isEqualTo(FlowLedger.NONE); // port, zone
        assertThat(ledger.find(identity, load(0, flows.begin(5, 1)))).isNotEqualTo(FlowLedger.NONE);
    }

    @Test
    void memoryMatchesTheDocumentedSize() {
        int most = 100_000;
        FlowLedger ledger = new FlowLedger(most);
        for (int i = 0; i < most; i++) {
            int flow = 3 * i + 1; // IPv4
            FlowEvent event = flows.begin(flow, i);
            assertThat(ledger.add(identity, load(0, event), event, 0)).isNotEqualTo(FlowLedger.NONE);
        }
        assertThat(ledger.full()).isTrue();
        long index = 262_144 * Long.BYTES;
        assertThat((ledger.allocatedBytes() - index) / (double) most).isBetween(104.0, 107.0);
    }

    @Test
    void freedRecordsAreReused() {
        FlowLedger ledger = new FlowLedger(10);
        for (int round = 0; round < 100; round++) {
            for (int flow = 0; flow < 10; flow++) {
                FlowEvent event = flows.begin(flow, round);
                assertThat(ledger.add(identity, load(0, event), event, 0)).isNotEqualTo(FlowLedger.NONE);
            }
            FlowEvent event = flows.begin(11, round);
            assertThat(ledger.add(identity, load(0, event), event, 0)).isEqualTo(FlowLedger.NONE);
            assertThat(ledger.full()).isTrue();
            walk(ledger).forEach(ledger::remove);
            assertThat(ledger.size()).isZero();
            assertThat(ledger.full()).isFalse();
        }
        assertThat(ledger.positions()).isLessThanOrEqualTo(20);
    }
}
