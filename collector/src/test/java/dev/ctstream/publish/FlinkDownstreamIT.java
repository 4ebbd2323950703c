package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Framing;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The queries of {@code docs/downstream/flink} on both layouts, with events whose answers are known. */
class FlinkDownstreamIT {
    private static final DownstreamServers SERVERS = DownstreamServers.get();
    private static final long SECOND = 1_000;

    @TempDir
    private static Path folder;

    private static DownstreamKit.Rows rows;

    @BeforeAll
    static void run() throws Exception {
        DownstreamKit kit = new DownstreamKit(folder, SERVERS.bootstrapServers(), SERVERS.registry.url());
        DownstreamKit.SqlRun run = kit.flink();
        for (Layout layout : Layout.values()) {
            String topic = "flink-" + layout;
            SERVERS.create(topic);
            SERVERS.publishStory(topic, layout);
            run.tables(layout, Framing.CONFLUENT, topic);
            for (String query : List.of("scans", "who", "sessions", "finished", "translations")) {
                run.query(query + "." + layout, DownstreamKit.text("flink/" + query + ".sql"));
            }
        }
        rows = run.run(Map.of("ADDRESS", "198.51.100.1", "PORT", "61000", "AT", "2023-11-14 22:14:40"));
    }

    private static List<Map<String, @Nullable Object>> of(String query, Layout layout) {
        return rows.of(query + "." + layout);
    }

    private static long number(Map<String, @Nullable Object> row, String name) {
        return (Long) Objects.requireNonNull(row.get(name));
    }

    @ParameterizedTest
    @EnumSource
    void theScannerIsFoundAndNothingElse(Layout layout) {
        assertThat(of("scans", layout))
                .singleElement()
                .satisfies(row -> assertThat(row)
                        .containsEntry("source_address", "10.0.0.66")
                        .containsEntry("targets", (long) FlowStory.SCANNED)
                        .containsEntry("window_start", FlowStory.BEGIN_MILLIS));
    }

    @ParameterizedTest
    @EnumSource
    void whoHadTheTranslatedAddress(Layout layout) {
        assertThat(of("who", layout))
                .singleElement()
                .satisfies(row -> assertThat(row)
                        .containsEntry("source_address", "10.0.0.1")
                        .containsEntry("begin_time", FlowStory.BEGIN_MILLIS)
                        .containsEntry("end_time", FlowStory.BEGIN_MILLIS + 150 * SECOND));
    }

    @ParameterizedTest
    @EnumSource
    void everyFinishedFlowIsJoinedToItsBegin(Layout layout) {
        assertThat(of("sessions", layout)).hasSize(FlowStory.FINISHED);
        assertThat(of("sessions", layout))
                .filteredOn(row -> "10.0.0.1".equals(row.get("source_address")))
                .singleElement()
                .satisfies(row -> assertThat(number(row, "bytes_original") + number(row, "bytes_reply"))
                        .isEqualTo(FlowStory.A_BYTES));
    }

    @ParameterizedTest
    @EnumSource
    void bytesOfFinishedFlowsBySourceAndMinute(Layout layout) {
        assertThat(of("finished", layout)).hasSize(3);
        assertThat(of("finished", layout).stream()
                        .mapToLong(row -> number(row, "flows"))
                        .sum())
                .isEqualTo(FlowStory.FINISHED);
        assertThat(of("finished", layout))
                .filteredOn(row -> "10.0.0.1".equals(row.get("source_address")))
                .singleElement()
                .satisfies(row -> assertThat(number(row, "bytes_out") + number(row, "bytes_in"))
                        .isEqualTo(FlowStory.A_BYTES));
    }

    @Test
    void theLogOfTranslations() {
        for (Layout layout : Layout.values()) {
            assertThat(of("translations", layout))
                    .singleElement()
                    .satisfies(row -> assertThat(row)
                            .containsEntry("public_address", "198.51.100.1")
                            .containsEntry("public_port", 61_000L)
                            .containsEntry("seconds", 150L));
        }
    }
}
