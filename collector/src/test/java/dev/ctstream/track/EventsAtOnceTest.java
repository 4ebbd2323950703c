package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowEventHandler;
import dev.ctstream.metrics.Metrics;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Events delivered in groups have the same effect on sink and ledger as events delivered one by one. */
class EventsAtOnceTest {
    private static final long SEED = Long.getLong("test.seed", 20_261_121);
    private static final long RECEIVED = 1_795_244_919_000_000_000L;
    private static final int WINDOWS = 20_000;
    private static final int LEDGER_FLOWS = 12_000; // the index grows at 8192; more random flows exist
    private static final int FEW = 20;
    private static final int MANY = 30_000;
    private static final EventSource HOST = new TrackedSource(3, "host");

    private final Side atOnce = new Side();
    private final Side oneByOne = new Side();
    private final SplittableRandom random = new SplittableRandom(SEED);
    private long received = RECEIVED;

    /** Creates a message with the given flyweight. */
    private interface Message extends Function<MadeFlows, FlowEvent> {}

    private static final class Side {
        final Metrics metrics = new Metrics();
        final RecordingSink sink = new RecordingSink();
        final FlowTracker tracker = new FlowTracker(
                sink,
                new TrackConfig(true, 60_000, LEDGER_FLOWS, 60_000, false, TrackConfig.Timing.DEFAULT),
                new TrackMetrics(metrics));
        final MadeFlows[] flows = Stream.generate(MadeFlows::new)
                .limit(FlowEventHandler.MAX_EVENTS)
                .toArray(MadeFlows[]::new);

        long live() {
            tracker.onDrained(HOST, 0);
            return tracker.namespace(HOST).counts().live();
        }

        /** Live flows and counters. */
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
        List<RecordingSink.Seen> events = atOnce.sink.take();
        assertThat(events).as("seed %d", SEED).isEqualTo(oneByOne.sink.take());
        return events.size();
    }

    private static Message begin(int flow, int id) {
        return flows -> flows.begin(flow, id);
    }

    private static Message end(int flow, int id) {
        return flows -> flows.end(flow, id);
    }

    /** Up to eight messages, of few or of many flows; also a flow that begins and ends, and one that begins again. */
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
                case 3 -> window.add(flows -> flows.entry(flow, id, 5_000, flow)); // an UPDATE with the start time
                case 4 ->
                    window.add(flows -> flows.endStarted(flow, id, 4_000)); // an earlier flow if the start is known
                default -> window.add(begin(flow, id));
            }
        }
        return window.subList(0, count);
    }

    @Test
    void randomMessagesGiveTheSameEventsAndLedger() {
        int events = 0;
        for (int i = 0; i < WINDOWS; i++) {
            receive(window());
            if (i % 100 == 0) {
                events += verifySame();
            }
        }
        assertThat(atOnce.live()).as("seed %d", SEED).isGreaterThan(8_192);
        events += verifySame();
        assertThat(events).isGreaterThan(64_000);
    }

    @Test
    void aFlowThatBeginsAndEndsInOneWindowIsRemoved() {
        receive(List.of(begin(1, 1), begin(2, 1), end(1, 1)));
        assertThat(atOnce.live()).isEqualTo(1);
        verifySame();
    }

    @Test
    void aFlowThatEndsAndBeginsAgainInOneWindowIsLive() {
        receive(List.of(begin(1, 1)));
        receive(List.of(end(1, 1), begin(1, 1)));
        assertThat(atOnce.live()).isEqualTo(1);
        receive(List.of(end(1, 1), begin(1, 1), end(1, 1)));
        assertThat(atOnce.live()).isZero();
        verifySame();
    }
}
