package dev.ctstream.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.ref.WeakReference;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private final Metrics metrics = new Metrics();

    @AfterEach
    void close() {
        metrics.close();
    }

    @Test
    void namesAppearExactlyAsRegistered() {
        metrics.counter("ctstream_receive_events_total", "events", "Events.", "type", "new")
                .add(3);
        metrics.counter("ctstream_spool_written_bytes_total", "bytes", "Bytes.").add(1);
        metrics.counter("ctstream_publish_retries_total", "", "Retries.");
        metrics.gauge("ctstream_receive_buffer_granted_bytes", "Granted.", () -> 425984, "netns", "host");
        metrics.gauge("ctstream_batch_open", "Open batches.", () -> 2);
        assertThat(metrics.prometheusText().lines().filter(line -> !line.startsWith("#")))
                .containsExactlyInAnyOrder(
                        "ctstream_receive_events_total{type=\"new\"} 3.0",
                        "ctstream_spool_written_bytes_total 1.0",
                        "ctstream_publish_retries_total 0.0",
                        "ctstream_receive_buffer_granted_bytes{netns=\"host\"} 425984.0",
                        "ctstream_batch_open 2.0");
        assertThat(metrics.prometheusText())
                .contains("# TYPE ctstream_receive_events_total counter")
                .contains("# TYPE ctstream_batch_open gauge")
                .contains("# HELP ctstream_batch_open Open batches.");
    }

    @Test
    void aCounterLivesAsLongAsItsMetricsWithoutAnotherReference() {
        WeakReference<Counter> counter = new WeakReference<>(metrics.counter("ctstream_a_total", "", "A."));
        System.gc();
        assertThat(metrics.prometheusText()).contains("ctstream_a_total 0.0");
        assertThat(counter.get()).isNotNull();
    }

    @Test
    void namesOfTheWrongFormAreRefused() {
        assertThatThrownBy(() -> metrics.counter("ctstream_receive_events", "events", "No total."))
                .hasMessageContaining("_events_total");
        assertThatThrownBy(() -> metrics.counter("ctstream_receive_total", "events", "No unit."))
                .hasMessageContaining("_events_total");
        assertThatThrownBy(() -> metrics.gauge("receive_open", "No prefix.", () -> 0))
                .hasMessageContaining("ctstream_");
        assertThatThrownBy(() -> metrics.gauge("ctstream_open_total", "A counter's ending.", () -> 0))
                .hasMessageContaining("_total");
        assertThatThrownBy(() -> metrics.gauge("ctstream_open", "Half a label.", () -> 0, "netns"))
                .hasMessageContaining("label");
        assertThatThrownBy(() -> metrics.latency("ctstream_lag", "No unit.")).hasMessageContaining("_seconds");
    }

    @Test
    void registeringTheSameNameAndLabelsTwiceIsRefused() {
        metrics.counter("ctstream_a_total", "", "A.", "kind", "x");
        metrics.counter("ctstream_a_total", "", "A.", "kind", "y");
        assertThatThrownBy(() -> metrics.counter("ctstream_a_total", "", "A.", "kind", "x"))
                .hasMessageContaining("already");
        assertThatThrownBy(() -> metrics.counter("ctstream_a_total", "", "Another help.", "kind", "z"))
                .isInstanceOf(IllegalArgumentException.class);
        metrics.latency("ctstream_lag_seconds", "Lag.");
        assertThatThrownBy(() -> metrics.latency("ctstream_lag_seconds", "Lag."))
                .hasMessageContaining("already");
    }

    @Test
    void removedMetricsDisappearAndMayBeRegisteredAgain() {
        metrics.gauge("ctstream_open", "Open.", () -> 1, "netns", "a");
        metrics.gauge("ctstream_open", "Open.", () -> 1, "netns", "b");
        metrics.remove("ctstream_open", "netns", "a");
        assertThat(metrics.prometheusText()).contains("{netns=\"b\"}").doesNotContain("{netns=\"a\"}");
        metrics.gauge("ctstream_open", "Open.", () -> 7, "netns", "a");
        assertThat(metrics.prometheusText()).contains("ctstream_open{netns=\"a\"} 7.0");
    }

    @Test
    void sharedCountersLoseNothing() {
        Counter counter = metrics.sharedCounter("ctstream_a_total", "", "A.");
        IntStream.range(0, 100_000).parallel().forEach(i -> counter.increment());
        assertThat(counter.value()).isEqualTo(100_000);
    }

    @Test
    void latenciesAreCumulativeHistograms() {
        LatencyRecorder latency = metrics.latency("ctstream_publish_lag_seconds", "Lag.", "stage", "ack");
        latency.recordNanos(200_000); // 0.0002 s
        latency.recordNanos(2_000_000_000L, 3);
        metrics.prometheusText(); // reading resets nothing
        latency.recordNanos(-5);
        latency.recordNanos(Long.MAX_VALUE);
        assertThat(metrics.prometheusText())
                .contains("# TYPE ctstream_publish_lag_seconds histogram")
                .contains("ctstream_publish_lag_seconds_bucket{stage=\"ack\",le=\"1.0E-4\"} 1\n")
                .contains("ctstream_publish_lag_seconds_bucket{stage=\"ack\",le=\"2.5E-4\"} 2\n")
                .contains("ctstream_publish_lag_seconds_bucket{stage=\"ack\",le=\"1.0\"} 2\n")
                .contains("ctstream_publish_lag_seconds_bucket{stage=\"ack\",le=\"2.5\"} 5\n")
                .contains("ctstream_publish_lag_seconds_bucket{stage=\"ack\",le=\"+Inf\"} 6\n")
                .contains("ctstream_publish_lag_seconds_count{stage=\"ack\"} 6\n");
        assertThat(latency.count()).isEqualTo(6);
        assertThat(latency.secondsAtPercentile(50)).isBetween(1.9, 2.1);
    }

    @Test
    void eachNameIsDescribedOnce() {
        metrics.counter("ctstream_b_events_total", "events", "B.", "type", "new");
        metrics.counter("ctstream_b_events_total", "events", "B.", "type", "destroy");
        metrics.gauge("ctstream_a_bytes", "A.", () -> 0);
        metrics.latency("ctstream_c_seconds", "C.");
        assertThat(metrics.describe())
                .containsExactly(
                        new MetricDescription("ctstream_a_bytes", "gauge", "bytes", List.of(), "A."),
                        new MetricDescription("ctstream_b_events_total", "counter", "events", List.of("type"), "B."),
                        new MetricDescription("ctstream_c_seconds", "histogram", "seconds", List.of(), "C."));
    }

    @Test
    void theProcessItselfIsMeasuredOnRequest() {
        metrics.bindProcess();
        assertThat(metrics.prometheusText()).contains("jvm_memory_used_bytes").contains("process_uptime_seconds");
    }
}
