package dev.ctstream.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The report for people. */
class ReportTest {
    private static final LoadSpec LOAD = new LoadSpec(LoadSpec.Kind.PACKETS, 0, 0, 1, 1, 100, 0, 0);

    @Test
    void lossesAfterTheKernelHaveTheirOwnColumn() {
        String table =
                table(new Measurement("kafka", LOAD, 1, Map.of(Measurement.LOST, 3.0, Measurement.LOST_LATER, 512.0)));
        assertThat(table.lines().findFirst().orElseThrow()).containsSubsequence(" lost ", " lost later ");
        assertThat(table).containsPattern("kafka +max +1 +- +3 +512 +-");
    }

    @Test
    void reportsEventsMissingBeforeOrAfterEncoding() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put(Measurement.UNACCOUNTED, 2.0);
        values.put(Measurement.UNACKNOWLEDGED, 128.0);
        assertThat(table(new Measurement("kafka", LOAD, 4, values)))
                .contains("unaccounted: kafka, max, round 4: 2 events (offered, not received)\n")
                .contains("unaccounted: kafka, max, round 4: 128 events (encoded, not acknowledged)\n");
        values.replaceAll((name, value) -> 0.0);
        assertThat(table(new Measurement("kafka", LOAD, 4, values))).doesNotContain("unaccounted");
    }

    private static String table(Measurement cell) {
        BenchConfig config = new BenchConfig(
                List.of(),
                LOAD,
                List.of(0L),
                List.of(1),
                1,
                new BenchConfig.WarmUp(0, 0),
                new BenchConfig.Cpus(0, 0),
                List.of(),
                Map.of(),
                "test");
        return new Report(config, List.of(cell)).table();
    }
}
