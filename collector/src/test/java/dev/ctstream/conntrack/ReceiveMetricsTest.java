package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.Metrics;
import org.junit.jupiter.api.Test;

class ReceiveMetricsTest {
    @Test
    void eachCallIsCountedUnderItsName() {
        try (Metrics registry = new Metrics()) {
            ReceiveMetrics metrics = new ReceiveMetrics(registry);
            ReceiveObserver observer = metrics;
            observer.received(11);
            observer.decoded(FlowEvent.NEW);
            observer.decoded(FlowEvent.UPDATE);
            observer.decoded(FlowEvent.DESTROY);
            observer.decoded(FlowEvent.DESTROY);
            observer.skipped(2, 3);
            observer.truncated();
            observer.malformed();
            observer.otherMessage();
            observer.dumped();
            observer.overrun();
            observer.drained(9);
            observer.drained(8);
            assertThat(metrics.eventsTotal()).isEqualTo(4);
            assertThat(registry.prometheusText())
                    .contains("ctstream_receive_datagrams_total 11.0")
                    .contains("ctstream_receive_events_total{type=\"new\"} 1.0")
                    .contains("ctstream_receive_events_total{type=\"update\"} 1.0")
                    .contains("ctstream_receive_events_total{type=\"destroy\"} 2.0")
                    .contains("ctstream_receive_unknown_attributes_total 2.0")
                    .contains("ctstream_receive_unexpected_attributes_total 3.0")
                    .contains("ctstream_receive_truncated_datagrams_total 1.0")
                    .contains("ctstream_receive_malformed_messages_total 1.0")
                    .contains("ctstream_receive_other_messages_total 1.0")
                    .contains("ctstream_receive_dump_messages_total 1.0")
                    .contains("ctstream_receive_overruns_total 1.0")
                    .contains("ctstream_receive_drains_total 2.0")
                    .contains("ctstream_receive_largest_drain_events 9.0");
        }
    }
}
