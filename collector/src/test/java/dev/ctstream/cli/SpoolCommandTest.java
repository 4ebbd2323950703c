package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.StreamId;
import dev.ctstream.spool.SpoolWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolCommandTest {
    private static final StreamId ZONE_3 = MadeBatches.stream("host", 3);
    private static final StreamId ZONE_4 = MadeBatches.stream("host", 4);

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private Path directory() {
        return folder.resolve("spool");
    }

    /** Two batches of zone 3, one of zone 4, and STARTED; the first batch is acknowledged. */
    private SpoolWriter filled() throws IOException {
        SpoolWriter writer = new SpoolWriter(directory());
        writer.append(ZONE_3, 0, 3);
        writer.append(ZONE_4, 0, 2);
        writer.append(ZONE_3, 3, 2);
        writer.acknowledge(1);
        return writer;
    }

    private int run(String... arguments) {
        out.reset();
        err.reset();
        PrintStream say = new PrintStream(err, true, StandardCharsets.UTF_8);
        return Main.execute(new Console(out, say, Map.of(), false, false), arguments);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private void flip(long offset) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(segment().toFile(), "rw")) {
            file.seek(offset);
            int old = file.read();
            file.seek(offset);
            file.write(old ^ 1);
        }
    }

    private Path segment() throws IOException {
        try (var files = Files.newDirectoryStream(directory(), "*.segment")) {
            return files.iterator().next();
        }
    }

    @Test
    void listShowsALiveAndAClosedSpool() throws IOException {
        try (SpoolWriter writer = filled()) {
            assertThat(run("spool", "list", directory().toString())).isZero();
            assertThat(out())
                    .startsWith("collector: running, process "
                            + ProcessHandle.current().pid() + " (host host-1, run of ");
            // The position is stored only once per second.
            assertThat(out())
                    .containsPattern("\\d{16}.segment +open +\\d+ +3 +7 +2 +20.* 20.* 7\n")
                    .containsPattern("control/\\d{16}.segment +open +\\d+ +1 +0 +0 +20.* 20.* 1\n")
                    .containsPattern("all segments +1 +\\d+ +3 +7 +2 +7\n")
                    .endsWith("waiting for Kafka: 3 batches, 7 events, 1 control record\n");
            writer.append(ZONE_4, 2, 1);
        }
        assertThat(run("spool", "list", directory().toString())).isZero();
        assertThat(out())
                .startsWith("collector: not running, clean shutdown")
                .containsPattern("segment +sealed +\\d+ +4 +8 .* 5\n")
                .endsWith("waiting for Kafka: 3 batches, 5 events, 2 control records\n");
        assertThat(err()).isEmpty();
    }

    @Test
    void listShowsBatchesThatKafkaRejected() throws IOException {
        try (SpoolWriter writer = filled()) {
            writer.refuse();
        }
        assertThat(run("spool", "list", directory().toString())).isZero();
        assertThat(out()).containsPattern("dead-letter +sealed +\\d+ +1 +2 +1 .*refused\n");
    }

    @Test
    void jsonIsOneObject() throws IOException {
        filled().close();
        assertThat(run("spool", "list", "-o", "json", directory().toString())).isZero();
        assertThat(out())
                .startsWith("{\"collector_pid\":null,\"ended_in_order\":true,\"host_id\":\"host-1\",")
                .contains("\"acknowledged_number\":1", "\"state\":\"sealed\"", "\"first_received_ns\":1795244000")
                .endsWith("\"batches\":3,\"events\":7,\"streams\":2,\"waiting_batches\":2,\"waiting_events\":4,"
                        + "\"waiting_control_records\":2,\"dead_letters\":0}}\n");
        assertThat(new ObjectMapper().readTree(out()).fieldNames())
                .toIterable()
                .contains("segments", "control_segments", "dead_letters", "totals");
        flip(1024 + 200);
        assertThat(run("spool", "verify", "-o", "json", directory().toString())).isEqualTo(1);
        assertThat(out())
                .startsWith("{\"whole\":false,")
                .contains("\"losses\":[{\"netns\":\"host\",\"ct_zone\":3,\"first_sequence\":0,\"last_sequence\":2,"
                        + "\"batches\":1,\"events\":3}]")
                .endsWith("\"damaged\":{\"batches\":1,\"events\":3},\"missing\":{\"batches\":0,\"events\":0},"
                        + "\"lost\":{\"batches\":0,\"events\":0}}\n");
        assertThat(new ObjectMapper().readTree(out()).fieldNames())
                .toIterable()
                .contains("segments", "dead_letters", "lost");
    }

    @Test
    void catPrintsEventsLikeRead() throws IOException {
        try (SpoolWriter writer = filled()) {
            writer.refuse();
            assertThat(cat("-o", "json")).isZero();
        }
        List<String> lines = out().lines().toList();
        assertThat(lines).hasSize(7);
        assertThat(lines.get(0)).startsWith("{\"host_id\":\"host-1\",").contains("\"ct_zone\":3", "\"sequence\":0,");
        assertThat(lines).filteredOn(line -> line.contains("\"ct_zone\":4")).hasSize(2);
        assertThat(cat("-o", "json", "--zone", "3", "--count", "4")).isZero();
        assertThat(out().lines()).hasSize(4).allMatch(line -> line.contains("\"ct_zone\":3"));
        assertThat(cat("-o", "json", "--dead-letters")).isZero();
        assertThat(out().lines()).hasSize(2).allMatch(line -> line.contains("\"ct_zone\":4"));
        assertThat(cat("-o", "json", "--control")).isZero();
        assertThat(out().lines()).hasSize(10);
        assertThat(out().lines().toList().get(0)).contains("\"control_sequence\":0");
        assertThat(cat()).isZero();
        assertThat(out().lines()).hasSize(7).allMatch(line -> line.contains(" zone "));
        assertThat(err()).isEmpty();
    }

    private int cat(String... options) {
        List<String> arguments = new ArrayList<>(List.of("spool", "cat"));
        arguments.addAll(List.of(options));
        arguments.add(directory().toString());
        return run(arguments.toArray(String[]::new));
    }

    @Test
    void verifyAcceptsAWholeSpool() throws IOException {
        filled().close();
        assertThat(run("spool", "verify", directory().toString())).isZero();
        assertThat(out())
                .containsPattern("segment +sealed +\\d+ +3 +7 +0 +0  whole\n")
                .containsPattern("control/\\d{16}.segment +sealed +\\d+ +2 +0 +0 +0  whole\n")
                .endsWith("""
                        whole:    3 batches, 7 events
                        damaged:  0 batches, 0 events
                        missing:  0 batches, 0 events
                        lost:     0 batches, 0 events
                        WHOLE
                        """);
    }

    @Test
    void verifyExitsWith1AndNamesTheDamage() throws IOException {
        filled().close();
        flip(1024 + 200);
        assertThat(run("spool", "verify", directory().toString())).isEqualTo(1);
        assertThat(out())
                .containsPattern("segment +sealed +\\d+ +2 +4 +1 +3  damaged\n")
                .contains(": damaged: namespace host, zone 3, sequences 0..2: 1 batch, 3 events\n")
                .endsWith("""
                        damaged:  1 batch, 3 events
                        missing:  0 batches, 0 events
                        lost:     0 batches, 0 events; Kafka has the rest
                        DAMAGED
                        """); // it is acknowledged
        assertThat(cat()).isEqualTo(1);
        assertThat(out().lines()).hasSize(4);
        assertThat(err()).contains("damaged bytes; ctstream spool verify");
    }

    @Test
    void verifyReportsAMissingSegment() throws IOException {
        filled().close();
        Files.delete(segment());
        assertThat(run("spool", "verify", directory().toString())).isEqualTo(1);
        assertThat(out()).contains("missing:  2 batches, 4 events\n", "lost:     2 batches, 4 events\n");
    }

    @Test
    void errorsNameTheDirectoryAndWhatToDo() throws IOException {
        filled().close();
        SpoolWriter.makeLater(segment());
        Path none = folder.resolve("none");
        for (String command : List.of("list", "cat", "verify")) {
            assertThat(run("spool", command, none.toString())).isEqualTo(1);
            assertThat(err())
                    .isEqualTo("ctstream: spool directory " + none
                            + " does not exist; ctstream run --dump-config shows spool.directory\n");
            assertThat(run("spool", command, folder.toString())).isEqualTo(1);
            assertThat(err()).contains(folder + " is not a spool").contains("spool.directory");
            assertThat(run("spool", command, directory().toString())).isEqualTo(1);
            assertThat(err()).contains("it has version 4, this program reads version 3; use the version");
            assertThat(out()).isEmpty();
            assertThat(run("spool", command)).isEqualTo(2);
        }
        assertThat(run("spool")).isEqualTo(2);
        assertThat(err()).contains("list, cat, verify");
    }
}
