package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.netlink.FreshNamespace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ctstream bench} with foreign readers: {@code conntrack -E}, and a minimal reader in C. */
class BenchOracleIT {
    private static final int FLOWS = 10_000;

    @TempDir
    private Path folder;

    @Test
    void measuresConntrackAndAMinimalReader() throws Exception {
        Path drain = compileDrain();
        FreshNamespace.run(() -> {
            Path json = folder.resolve("results.json");
            try (LaunchedProgram bench = LaunchedProgram.start(
                    folder,
                    Map.of("CTSTREAM_IN_NAMESPACE", "1"),
                    List.of(),
                    "bench",
                    "--load=ctnetlink",
                    "--readers=conntrack,floor,blocking",
                    "--reader=floor=" + drain,
                    "--reader=blocking=" + drain + " 0",
                    "--rates=20000",
                    "--flows=" + FLOWS,
                    "--warm-up-seconds=0.1",
                    "--json=" + json)) {
                assertThat(bench.exitCode()).as(bench::err).isZero();
            }
            JsonNode measurements =
                    new ObjectMapper().readTree(Files.readString(json)).path("measurements");
            assertThat(measurements).hasSize(3);
            for (JsonNode one : measurements) {
                assertThat(one.path("offered_events").asLong()).isEqualTo(2 * FLOWS);
                assertThat(one.has("unaccounted_events")).isFalse(); // they tell nothing of what they received
                assertThat(one.path("lost_events").asLong()).isBetween(0L, 2L * FLOWS);
                assertThat(one.path("cpu_us_per_event").asDouble())
                        .as(one.toString())
                        .isPositive();
            }
        });
    }

    private Path compileDrain() throws Exception {
        Path source = Path.of("bench", "drain.c").toAbsolutePath();
        Path drain = folder.resolve("drain");
        Process gcc = new ProcessBuilder("gcc", "-O2", "-Wall", "-Werror", "-o", drain.toString(), source.toString())
                .inheritIO()
                .start();
        assertThat(gcc.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(gcc.exitValue()).isZero();
        return drain;
    }
}
