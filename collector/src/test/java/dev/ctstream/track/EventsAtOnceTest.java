package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowEventHandler;
import dev.ctstream.metrics.Metrics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Events that are handed over several at once do what they do one by one: the same batches, the same ledger. */
class EventsAtOnceTest {
    private static final long SEED = Long.getLong("test.seed", 20_261_121);
    private static final long RECEIVED = 1_795_244_919_000_000_000L;
    private static final int WINDOWS = 20_000;
    private static final int LEDGER_FLOWS = 12_000; // its index grows at 8192; the random flows are more
    private static final int FEW = 20;
    private static final int MANY = 30_000;
    private static final EventSource HOST = new Source(3, "host");

    private final Side atOnce = new Side();
    private final Side oneByOne = new Side();
    private final SplittableRandom random = new SplittableRandom(SEED);
    private long received = RECEIVED;

    private record Source(int index, String netns) implements EventSource {
        @Override
        public long dropsTotal() {
            return 0;
        }
    }

    /** A message, once it has been given the flyweight that reads it. */
    private interface Message extends Function<Flows, FlowEvent> {}

    private static final class Side {
        final Metrics metrics = new Metrics();
        final BatchRing ring = new BatchRing();
        final Batcher batcher = new Batcher(
                new BatchConfig(64, 256 << 10, 60_000), new RunIdentity("h", "b", 1), ring, new BatchMetrics(metrics));
        final FlowTracker tracker = new FlowTracker(
                batcher,
                new TrackConfig(true, 60_000, LEDGER_FLOWS, 60_000, false, TrackConfig.Timing.DEFAULT),
                new TrackMetrics(metrics));
        final Flows[] flows =
                Stream.generate(Flows::new).limit(FlowEventHandler.MAX_EVENTS).toArray(Flows[]::new);

        long live() {
            tracker.onDrained(HOST, 0);
            return tracker.namespace(HOST).published().live();
        }

        /** What is known and was counted. */
        String counted() {
            tracker.onPass(1);
            return metrics.prometheusText()
                    .lines()
                    .filter(line -> line.startsWith("ctstream_track_"))
                    .sorted()
                    .reduce("", (all, line) -> all + line + "\n");
        }
    }

    @AfterEach
    void close() {
        atOnce.metrics.close();
        oneByOne.metrics.close();
    }

    private void receive(List<Message> window) {
        received += 1_000;
        FlowEvent[] events = new FlowEvent[FlowEventHandler.MAX_EVENTS];
        for (int i = 0; i < window.size(); i++) {
            events[i] = window.get(i).apply(atOnce.flows[i]);
        }
        atOnce.tracker.onEvents(HOST, events, window.size(), received);
        for (Message message : window) {
            oneByOne.tracker.onEvent(HOST, message.apply(oneByOne.flows[0]), received);
        }
    }

    private int verifySame() {
        assertThat(atOnce.live()).isEqualTo(oneByOne.live());
        assertThat(atOnce.counted()).contains("ctstream_track_").isEqualTo(oneByOne.counted());
        return verifySameBatches();
    }

    private int verifySameBatches() {
        int batches = 0;
        EncodedBatch one = atOnce.ring.poll();
        EncodedBatch other = oneByOne.ring.poll();
        while (one != null && other != null) {
            assertThat(one.stream()).isEqualTo(other.stream());
            assertThat(one.firstSequence()).isEqualTo(other.firstSequence());
            assertThat(bytes(one)).as("seed %d", SEED).isEqualTo(bytes(other));
            atOnce.ring.release(one);
            oneByOne.ring.release(other);
            batches++;
            one = atOnce.ring.poll();
            other = oneByOne.ring.poll();
        }
        assertThat(one).isNull();
        assertThat(other).isNull();
        return batches;
    }

    private static byte[] bytes(EncodedBatch batch) {
        return Arrays.copyOfRange(batch.array(), batch.offset(), batch.offset() + batch.lengthBytes());
    }

    private static Message begin(int flow, int id) {
        return flows -> flows.begin(flow, id);
    }

    private static Message end(int flow, int id) {
        return flows -> flows.end(flow, id);
    }

    /** Up to eight messages, of few flows or of any; also a flow that comes and goes, and one that comes again. */
    private List<Message> window() {
        int count = 1 + random.nextInt(FlowEventHandler.MAX_EVENTS);
        List<Message> window = new ArrayList<>();
        while (window.size() < count) {
            int flow = random.nextInt(random.nextBoolean() ? FEW : MANY);
            int id = random.nextInt(2);
            switch (random.nextInt(9)) {
                case 0 -> window.addAll(List.of(begin(flow, id), end(flow, id)));
                case 1 -> window.addAll(List.of(end(flow, id), begin(flow, id)));
                case 2 -> window.add(end(flow, id));
                case 3 -> window.add(flows -> flows.entry(flow, id, 5_000, flow)); // an UPDATE that tells the start
                case 4 ->
                    window.add(flows -> flows.endStarted(flow, id, 4_000)); // of an earlier flow, when that is known
                default -> window.add(begin(flow, id));
            }
        }
        return window.subList(0, count);
    }

    @Test
    void randomMessagesMakeTheSameBatchesAndLedger() {
        int batches = 0;
        for (int i = 0; i < WINDOWS; i++) {
            receive(window());
            if (i % 100 == 0) {
                batches += verifySame();
            }
        }
        assertThat(atOnce.live()).as("seed %d", SEED).isGreaterThan(8_192);
        atOnce.batcher.closeAll();
        oneByOne.batcher.closeAll();
        batches += verifySame();
        assertThat(batches).isGreaterThan(1_000);
    }

    @Test
    void aFlowThatComesAndGoesInOneWindowIsForgotten() {
        receive(List.of(begin(1, 1), begin(2, 1), end(1, 1)));
        assertThat(atOnce.live()).isEqualTo(1);
        verifySame();
    }

    @Test
    void aFlowThatEndsAndComesAgainInOneWindowLives() {
        receive(List.of(begin(1, 1)));
        receive(List.of(end(1, 1), begin(1, 1)));
        assertThat(atOnce.live()).isEqualTo(1);
        receive(List.of(end(1, 1), begin(1, 1), end(1, 1)));
        assertThat(atOnce.live()).isZero();
        verifySame();
    }
}
