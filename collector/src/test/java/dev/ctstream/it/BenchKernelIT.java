package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.netlink.FreshNamespace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ctstream bench}, started as by the launcher's script, with 20 000 events. */
class BenchKernelIT {
    private static final int FLOWS = 10_000;

    @TempDir
    private Path folder;

    @Test
    void countsEveryEventOfEachReaderAndReportsItsCost() throws Exception {
        FreshNamespace.run(() -> {
            Path json = folder.resolve("results.json");
            // Paced: without root the receive buffer may hold only some hundred events.
            String out = bench("0.2", "--readers", "receive,encode", "--rates", "20000", "--json", json.toString());
            assertThat(out.lines()).anyMatch(line -> line.matches("encode +20000 +3 .*"));
            JsonNode measurements =
                    new ObjectMapper().readTree(Files.readString(json)).path("measurements");
            assertThat(measurements).hasSize(2);
            for (JsonNode one : measurements) {
                assertThat(one.path("offered_events").asLong()).isEqualTo(2 * FLOWS);
                assertThat(one.path("received_events").asLong()
                                + one.path("lost_events").asLong())
                        .isEqualTo(2 * FLOWS);
                assertThat(one.path("refused_flows").asLong()).isZero();
                assertThat(one.path("cpu_us_per_event").asDouble()).isPositive();
                assertThat(one.path("thread_receive_us_per_event").asDouble()).isPositive();
                assertThat(one.path("generator_us_per_event").asDouble()).isPositive();
                assertThat(one.path("peak_rss_mib").asDouble()).isPositive();
                assertThat(one.path("receive_latency_p99_ms").asDouble()).isPositive();
            }
            assertThat(measurements.get(1).path("encoded_bytes_per_event").asDouble())
                    .isBetween(20.0, 200.0);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "0.2"}) // 0: as soon as it has subscribed
    void measuresEachEventUpToTheBrokersLog(String warmUpSeconds) throws Exception {
        FreshNamespace.run(() -> {
            Path json = folder.resolve("results.json");
            // No snapshot: it would announce flows whose NEW was lost, so that more events are acknowledged than
            // received.
            String out = bench(
                    warmUpSeconds,
                    "--readers",
                    "kafka",
                    "--rates",
                    "20000",
                    "-D",
                    "snapshot=false",
                    "--json",
                    json.toString());
            assertThat(out).doesNotContain("unaccounted").contains("log: from each event's kernel time");
            JsonNode one = new ObjectMapper()
                    .readTree(Files.readString(json))
                    .path("measurements")
                    .path(0);
            long received = one.path("received_events").asLong();
            assertThat(received + one.path("lost_events").asLong()).isEqualTo(2 * FLOWS);
            assertThat(one.path("acknowledged_events").asLong()).isEqualTo(received);
            assertThat(one.path("unacknowledged_events").asLong(-1)).isZero();
            assertThat(one.path("kernel_to_log_count").asLong()).isEqualTo(received);
            assertThat(one.path("produce_requests_per_second").asDouble()).isPositive();
            double median = one.path("kernel_to_log_p50_ms").asDouble();
            assertThat(median).isBetween(0.1, 30_000.0);
            assertThat(one.path("kernel_to_log_max_ms").asDouble()).isGreaterThanOrEqualTo(median);
        });
    }

    private String bench(String warmUpSeconds, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("bench", "--load", "ctnetlink", "--zones", "3"));
        arguments.addAll(List.of("--flows", Integer.toString(FLOWS), "--warm-up-seconds", warmUpSeconds));
        arguments.addAll(List.of("--warm-up-rate", "20000"));
        arguments.addAll(List.of(more));
        try (LaunchedProgram bench = LaunchedProgram.start(
                folder, Map.of("CTSTREAM_IN_NAMESPACE", "1"), List.of(), arguments.toArray(new String[0]))) {
            assertThat(bench.exitCode()).as(bench::err).isZero();
            return bench.out();
        }
    }
}
