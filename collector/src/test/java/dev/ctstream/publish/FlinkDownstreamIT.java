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
    private static final long OUTAGE_SECONDS = 600;
    private static final String SHORT = "'5' SECOND";
    private static final String LONG = "'20' MINUTE";

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
        outage(run);
        rows = run.run(Map.of("ADDRESS", "198.51.100.1", "PORT", "61000", "AT", "2023-11-14 22:14:40"));
    }

    /** Host late publishes what happened ten minutes before what host h has published already. */
    private static void outage(DownstreamKit.SqlRun run) throws Exception {
        SERVERS.create("flink-late");
        SERVERS.publish("flink-late", FlowStory.records(Layout.EVENT, "h", OUTAGE_SECONDS * SECOND));
        SERVERS.publish("flink-late", FlowStory.records(Layout.EVENT, "late", 0));
        for (String lateness : List.of(SHORT, LONG)) {
            run.tables(Layout.EVENT, Framing.CONFLUENT, "flink-late", lateness);
            run.query("late." + lateness, DownstreamKit.text("flink/scans.sql"));
        }
    }

    @Test
    void windowsHaveTheEventsOfAnOutageOnlyIfTheyWaitForIt() {
        assertThat(rows.of("late." + SHORT))
                .extracting(row -> row.get("host_id"))
                .containsExactly("h");
        assertThat(rows.of("late." + LONG))
                .extracting(row -> row.get("host_id"))
                .containsExactly("late", "h");
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
