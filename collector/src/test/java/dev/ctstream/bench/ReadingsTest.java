package dev.ctstream.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Parsing of the kernel's text and of the metrics page, and the summary of several rounds. */
class ReadingsTest {
    private static final String TABLE = """
            sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
            000000000547d229 12  711        00000005 2560     0        0     2        17       568
            00000000874d7f22 12  712        00000000 1280     0        0     2        3        569
            00000000874d7f23 4   713        00000001 1280     0        0     2        3        570
            00000000874d7f24 12  714        00000004 640      0        0     2        1        571
            """;

    @Test
    void countsOnlySubscribedNetfilterSocketsOfTheProcess() {
        assertThat(NetlinkSockets.of(TABLE, Set.of("568", "569", "570"))).isEqualTo(new NetlinkSockets(1, 2560, 17));
        assertThat(NetlinkSockets.of(TABLE, Set.of("568", "571"))).isEqualTo(new NetlinkSockets(2, 3200, 18));
        assertThat(NetlinkSockets.of(TABLE, Set.of())).isEqualTo(new NetlinkSockets(0, 0, 0));
    }

    @Test
    void metricsAreSummedUpOverTheirLabels() {
        String text = """
                # HELP a_total text
                a_total{type="new"} 3.0
                a_total{type="destroy"} 4.0
                b 1.5E2
                c NaN
                d_bucket{le="+Inf"} 7
                """;
        assertThat(MetricsText.sums(text)).containsOnly(entry("a_total", 7.0), entry("b", 150.0));
    }

    @Test
    void roundsOfOneMeasurementGiveAMedianWithItsRange() {
        List<Measurement> cells = List.of(cell("a", 1, 3), cell("b", 1, 9), cell("a", 2, 1), cell("a", 3, 8));
        Map<String, List<Measurement>> groups = Spread.groups(cells);
        assertThat(groups).hasSize(2);
        assertThat(Spread.of(groups.values().iterator().next(), "x")).isEqualTo(new Spread(3, 1, 8));
        assertThat(Spread.of(List.of(cell("a", 1, 2), cell("a", 2, 5)), "x")).isEqualTo(new Spread(3.5, 2, 5));
        assertThat(Spread.of(cells, "y").median()).isNaN();
    }

    private static Measurement cell(String reader, int round, double x) {
        return new Measurement(
                reader, new LoadSpec(LoadSpec.Kind.PACKETS, 0, 0, 1, 1, 100, 0, 0), round, Map.of("x", x));
    }
}
