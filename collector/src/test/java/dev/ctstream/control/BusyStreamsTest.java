package dev.ctstream.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.control.BusyStreams.Figures;
import dev.ctstream.metrics.Metrics;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** However many namespaces and zones there are, few are shown by themselves, and nothing is missing from the sums. */
class BusyStreamsTest {
    private final Metrics metrics = new Metrics();
    private final BusyStreams busy = new BusyStreams(metrics);

    @AfterEach
    void close() {
        metrics.close();
    }

    /** Zones 1 to the number, with 10 events and 2 living flows times the zone's number, in 2 s. */
    private static void take(BusyStreams.Taking taking, String netns, int zones, long moreLive) {
        long live = zones * (zones + 1L) + moreLive;
        taking.namespace(
                netns,
                live,
                visitor -> {
                    for (int zone = 1; zone <= zones; zone++) {
                        visitor.stream(zone, 10L * zone);
                    }
                },
                zone -> 2L * zone);
    }

    private String[] lines(String metric) {
        return metrics.prometheusText()
                .lines()
                .filter(line -> line.startsWith(metric + "{"))
                .toArray(String[]::new);
    }

    @Test
    void fewAreShownByThemselvesAndTheRestTogether() {
        BusyStreams.Taking taking = busy.take(2);
        take(taking, "host", 25, 7);
        taking.end();
        assertThat(busy.namespaces()).containsExactly(new Figures("host", "", 1625, 657));
        List<Figures> zones = busy.zones();
        assertThat(zones).hasSize(BusyStreams.MOST + 1);
        assertThat(zones.get(0)).isEqualTo(new Figures("host", "25", 125, 50));
        assertThat(zones.get(BusyStreams.MOST - 1)).isEqualTo(new Figures("host", "6", 30, 12));
        assertThat(zones.get(BusyStreams.MOST)).isEqualTo(new Figures("other", "other", 75, 37));
        assertThat(lines("ctstream_zone_events_per_second"))
                .hasSize(21)
                .contains("ctstream_zone_events_per_second{netns=\"host\",zone=\"25\"} 125.0")
                .contains("ctstream_zone_events_per_second{netns=\"other\",zone=\"other\"} 75.0");
        assertThat(lines("ctstream_netns_live_flows"))
                .containsExactly("ctstream_netns_live_flows{netns=\"host\"} 657.0");
    }

    @Test
    void aThousandNamespacesHave21Series() {
        BusyStreams.Taking taking = busy.take(2);
        for (int i = 0; i < 1_000; i++) {
            take(taking, "ns" + i, 1 + i % 30, 0);
        }
        take(taking, "other", 40, 0);
        take(taking, "idle", 0, 0);
        taking.end();
        for (String metric : List.of(
                "ctstream_netns_events_per_second",
                "ctstream_netns_live_flows",
                "ctstream_zone_events_per_second",
                "ctstream_zone_live_flows")) {
            String[] lines = lines(metric);
            assertThat(lines).as(metric).hasSize(21).doesNotHaveDuplicates();
            double sum = Arrays.stream(lines)
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                    .sum();
            assertThat(sum).as(metric).isEqualTo(metric.endsWith("second") ? 4_100 + expected(5) : 1_640 + expected(2));
        }
        assertThat(busy.namespaces())
                .extracting(Figures::netns)
                .doesNotContain("idle")
                .endsWith("other");
    }

    /** The sum over the 1000 namespaces of a value that is {@code factor} times the number of each of their zones. */
    private static double expected(int factor) {
        double sum = 0;
        for (int i = 0; i < 1_000; i++) {
            int zones = 1 + i % 30;
            sum += factor * zones * (zones + 1) / 2.0;
        }
        return sum;
    }

    @Test
    void withoutEventsNothingIsShown() {
        assertThat(busy.zones()).isEmpty();
        BusyStreams.Taking taking = busy.take(1);
        take(taking, "host", 3, 0);
        taking.end();
        busy.take(1).end();
        assertThat(busy.zones()).isEmpty();
        assertThat(lines("ctstream_zone_live_flows")).isEmpty();
    }
}
