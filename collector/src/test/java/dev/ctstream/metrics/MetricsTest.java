package dev.ctstream.metrics;

import static dev.ctstream.metrics.MetricDescription.counter;
import static dev.ctstream.metrics.MetricDescription.gauge;
import static dev.ctstream.metrics.MetricDescription.histogram;
import static dev.ctstream.metrics.MetricDescription.info;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.ref.WeakReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private static final MetricDescription COUNTER = counter("ctstream_a_total", "", "A.");
    private static final MetricDescription OF_KIND = counter("ctstream_b_events_total", "events", "B.", "kind");
    private static final MetricDescription OPEN = gauge("ctstream_open", "", "Open.", "netns");
    private static final MetricDescription LAG = histogram("ctstream_publish_lag_seconds", "Lag.", "stage");

    private final Metrics metrics = new Metrics();

    @AfterEach
    void close() {
        metrics.close();
    }

    @Test
    void namesAppearExactlyAsRegistered() {
        metrics.counter(OF_KIND, "new").add(3);
        metrics.counter(counter("ctstream_spool_written_bytes_total", "bytes", "Bytes."))
                .add(1);
        metrics.doubleCounterFrom(counter("ctstream_work_seconds_total", "seconds", "Work."), () -> 0.5);
        metrics.gauge(OPEN, () -> 425984, "host");
        metrics.info(info("ctstream_build_info", "The program.", "version"), "0.1");
        assertThat(metrics.prometheusText().lines().filter(line -> !line.startsWith("#")))
                .containsExactlyInAnyOrder(
                        "ctstream_b_events_total{kind=\"new\"} 3.0",
                        "ctstream_spool_written_bytes_total 1.0",
                        "ctstream_work_seconds_total 0.5",
                        "ctstream_open{netns=\"host\"} 425984.0",
                        "ctstream_build_info{version=\"0.1\"} 1");
        assertThat(metrics.prometheusText())
                .contains("# TYPE ctstream_b_events_total counter")
                .contains("# TYPE ctstream_open gauge")
                .contains("# HELP ctstream_open Open.")
                .contains("# TYPE ctstream_build_info gauge");
    }

    @Test
    void aCounterLivesAsLongAsItsMetricsWithoutAnotherReference() {
        WeakReference<Counter> counter = new WeakReference<>(metrics.counter(COUNTER));
        System.gc();
        assertThat(metrics.prometheusText()).contains("ctstream_a_total 0.0");
        assertThat(counter.get()).isNotNull();
    }

    @Test
    void namesOfTheWrongFormAreRefused() {
        assertThatThrownBy(() -> counter("ctstream_receive_events", "events", "No total."))
                .hasMessageContaining("must end in _total");
        assertThatThrownBy(() -> counter("ctstream_work_millis_total", "seconds", "Not a base unit."))
                .hasMessageContaining("_seconds_total");
        assertThatThrownBy(() -> gauge("receive_open", "", "No prefix.")).hasMessageContaining("ctstream_");
        assertThatThrownBy(() -> gauge("ctstream_open_total", "", "A counter's ending."))
                .hasMessageContaining("_total");
        assertThatThrownBy(() -> gauge("ctstream_open_count", "", "A histogram's ending."))
                .hasMessageContaining("_count");
        assertThatThrownBy(() -> gauge("ctstream_open", "", "Odd label.", "Netns"))
                .hasMessageContaining("label");
        assertThatThrownBy(() -> histogram("ctstream_lag", "No unit.")).hasMessageContaining("_seconds");
    }

    @Test
    void aMetricIsRegisteredAsWhatItIs() {
        assertThatThrownBy(() -> metrics.gauge(COUNTER, () -> 0)).hasMessageContaining("is a COUNTER");
        assertThatThrownBy(() -> metrics.counter(OF_KIND)).hasMessageContaining("has the labels [kind]");
        assertThatThrownBy(() -> metrics.counter(COUNTER, "x")).hasMessageContaining("has the labels []");
    }

    @Test
    void registeringTheSameNameAndLabelsTwiceIsRefused() {
        metrics.counter(OF_KIND, "x");
        metrics.counter(OF_KIND, "y");
        assertThatThrownBy(() -> metrics.counter(OF_KIND, "x")).hasMessageContaining("already");
        assertThatThrownBy(() -> metrics.counter(counter(OF_KIND.name(), "events", "Another help.", "kind"), "z"))
                .isInstanceOf(IllegalArgumentException.class);
        metrics.latency(LAG, "ack");
        assertThatThrownBy(() -> metrics.latency(LAG, "ack")).hasMessageContaining("already");
    }

    @Test
    void removedMetricsDisappearAndMayBeRegisteredAgain() {
        metrics.gauge(OPEN, () -> 1, "a");
        metrics.gauge(OPEN, () -> 1, "b");
        metrics.remove(OPEN, "a");
        assertThat(metrics.prometheusText()).contains("{netns=\"b\"}").doesNotContain("{netns=\"a\"}");
        metrics.gauge(OPEN, () -> 7, "a");
        assertThat(metrics.prometheusText()).contains("ctstream_open{netns=\"a\"} 7.0");
    }

    @Test
    void sharedCountersLoseNothing() {
        Counter counter = metrics.sharedCounter(COUNTER);
        IntStream.range(0, 100_000).parallel().forEach(i -> counter.increment());
        assertThat(counter.value()).isEqualTo(100_000);
    }

    @Test
    void latenciesAreCumulativeHistograms() {
        LatencyRecorder latency = metrics.latency(LAG, "ack");
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
        metrics.counter(OF_KIND, "new");
        metrics.counter(OF_KIND, "destroy");
        metrics.gauge(OPEN, () -> 0, "host");
        metrics.latency(LAG, "ack");
        assertThat(metrics.describe()).containsExactly(OF_KIND, OPEN, LAG);
    }

    @Test
    void theProcessItselfIsMeasuredByTheUsualNames() {
        Health health = new Health();
        health.report("kafka", true, "");
        health.report("sysctls/blue", true, "");
        health.report("sysctls/red", false, "");
        health.watch("losses", () -> null);
        HealthMetrics.register(metrics, health, "0.1");
        assertThat(metrics.prometheusText())
                .containsPattern("process_cpu_seconds_total [1-9]?[0-9.]+")
                .containsPattern("process_resident_memory_bytes [1-9]")
                .containsPattern("process_virtual_memory_bytes [1-9]")
                .containsPattern("process_open_fds [1-9]")
                .containsPattern("process_max_fds [1-9]")
                .containsPattern("process_start_time_seconds 1\\.[0-9]+E9")
                .containsPattern("jvm_memory_used_bytes\\{area=\"heap\"\\} [1-9]")
                .containsPattern("ctstream_build_info\\{.*version=\"0.1\"")
                .contains("ctstream_ready{component=\"kafka\"} 1.0")
                .contains("ctstream_ready{component=\"losses\"} 1.0")
                .contains("ctstream_ready{component=\"sysctls\"} 0.0")
                .doesNotContain("NaN");
    }
}
