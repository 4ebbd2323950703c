package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.Metrics;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The label netns is bounded however many namespaces come and go, and what is counted stays counted. */
class NamespaceSeriesTest {
    private static final String DROPS = "ctstream_receive_kernel_dropped_events_total";

    private final Metrics metrics = new Metrics();
    private final NamespaceSeries series = new NamespaceSeries(metrics);
    private int sources;

    private final class Source implements EventSource {
        final int index = sources++;
        final String netns;
        long drops;

        Source(String netns) {
            this.netns = netns;
        }

        @Override
        public int index() {
            return index;
        }

        @Override
        public String netns() {
            return netns;
        }

        @Override
        public String netnsId() {
            return Integer.toString(index);
        }

        @Override
        public long dropsTotal() {
            return drops;
        }
    }

    @AfterEach
    void close() {
        metrics.close();
    }

    private Source add(String netns) {
        Source source = new Source(netns);
        series.add(source, () -> 1000);
        return source;
    }

    private List<String> lines(String name) {
        return metrics.prometheusText()
                .lines()
                .filter(line -> line.startsWith(name))
                .toList();
    }

    private double other(String name) {
        return lines(name + "{netns=\"other\"}").stream()
                .mapToDouble(line -> Double.parseDouble(line.split(" ", -1)[1]))
                .findFirst()
                .orElse(-1);
    }

    @Test
    void manyNamespacesThatComeAndGoHaveFewLabels() {
        List<Source> living = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            Source source = add("n" + i);
            source.drops = 1;
            living.add(source);
            if (living.size() > 500) {
                series.remove(living.remove(i % 100));
            }
        }
        assertThat(lines(DROPS)).hasSize(NamespaceSeries.MOST + 1);
        assertThat(metrics.prometheusText().lines().filter(line -> line.contains("netns=")))
                .hasSize(4 * (NamespaceSeries.MOST + 1));
        living.forEach(series::remove);
        assertThat(lines(DROPS)).hasSize(1);
        assertThat(lines("ctstream_receive_buffer_bytes")).hasSize(1);
    }

    @Test
    void theCounterOfTheOthersNeverFalls() {
        for (int i = 0; i < NamespaceSeries.MOST; i++) {
            add("n" + i);
        }
        assertThat(other(DROPS)).isEqualTo(-1);
        Source one = add("m1");
        Source two = add("m2");
        one.drops = 3;
        two.drops = 4;
        assertThat(other(DROPS)).isEqualTo(7);
        assertThat(other("ctstream_receive_buffer_bytes")).isEqualTo(2000);
        series.remove(one);
        assertThat(other(DROPS)).isEqualTo(7);
        series.add(one, () -> 1000); // another run has the same socket
        one.drops = 5;
        assertThat(other(DROPS)).isEqualTo(9);
    }

    @Test
    void aNamespaceThatIsCalledOtherIsOneOfThem() {
        Source source = add(NamespaceSeries.OTHER);
        source.drops = 2;
        for (int i = 0; i < NamespaceSeries.MOST + 1; i++) {
            add("n" + i);
        }
        assertThat(other(DROPS)).isEqualTo(2);
        series.remove(source);
        assertThat(other(DROPS)).isEqualTo(2);
    }
}
