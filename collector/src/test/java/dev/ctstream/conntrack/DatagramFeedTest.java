package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.ctstream.metrics.Metrics;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;

/** The recorded datagrams, as the flows that a rehearsal makes of them. */
class DatagramFeedTest {
    private static final long RECEIVED_NANOS = 5;

    private final List<Tuple> delivered = new ArrayList<>();
    private final FlowEventHandler handler = new FlowEventHandler() {
        @Override
        public void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos) {
            delivered.add(tuple(event.eventType(), event.original().protocol(), event.id(), receivedTimeNanos));
        }

        @Override
        public void onDrained(EventSource source, long dropsDelta) {}

        @Override
        public long onPass(long nowNanos) {
            return Long.MAX_VALUE;
        }
    };

    @Test
    void everyRecordedDatagramIsAnEventOfItsFlow() {
        try (Metrics metrics = new Metrics()) {
            DatagramFeed feed = new DatagramFeed(handler, new ReceiveMetrics(metrics), 2 * 7);
            assertThat(feed.size()).isEqualTo(7);
            for (int datagram = 0; datagram < feed.size(); datagram++) {
                feed.put(2 * datagram, datagram, 0);
                feed.put(2 * datagram + 1, datagram, 1);
            }
            feed.deliver(2 * feed.size(), RECEIVED_NANOS);

            List<Tuple> expected = new ArrayList<>();
            int[] types = {
                FlowEvent.NEW,
                FlowEvent.UPDATE,
                FlowEvent.UPDATE,
                FlowEvent.UPDATE,
                FlowEvent.DESTROY,
                FlowEvent.NEW,
                FlowEvent.DESTROY
            };
            for (int datagram = 0; datagram < types.length; datagram++) {
                int protocol = datagram < 5 ? 6 : 17;
                expected.add(tuple(types[datagram], protocol, 0L, RECEIVED_NANOS));
                expected.add(tuple(types[datagram], protocol, 0xB179379EL, RECEIVED_NANOS));
            }
            assertThat(delivered).containsExactlyElementsOf(expected);
        }
    }
}
