package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.netlink.TestJvm;
import dev.ctstream.record.Framing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs the programs of {@code docs/downstream} as a user would, with a folder for what they print. */
final class DownstreamKit {
    /** A whole run, start of the engine included, on a machine that is busy. */
    static final Duration PATIENCE = Duration.ofMinutes(3);

    private static final Path PROGRAMS = Path.of("docs/downstream");

    private final Path folder;
    private final String bootstrapServers;
    private final String registry;
    private int runs;

    DownstreamKit(Path folder, String bootstrapServers, String registry) {
        this.folder = folder;
        this.bootstrapServers = bootstrapServers;
        this.registry = registry;
    }

    static Path file(String name) {
        return PROGRAMS.resolve(name);
    }

    /** The lines that kcat and the Python program print of a topic. */
    List<String> python(String topic, String... options) throws IOException, InterruptedException {
        List<String> python =
                new ArrayList<>(List.of("python3", file("python/events.py").toString(), "--registry", registry));
        python.addAll(List.of(options));
        Path out = folder.resolve("out-" + ++runs);
        Path err = folder.resolve("err-" + runs);
        List<ProcessBuilder> pipe = List.of(
                new ProcessBuilder("kcat", "-C", "-b", bootstrapServers, "-t", topic, "-e", "-q", "-f", "%R%s")
                        .redirectError(ProcessBuilder.Redirect.INHERIT),
                new ProcessBuilder(python).redirectOutput(out.toFile()).redirectError(err.toFile()));
        for (Process process : ProcessBuilder.startPipeline(pipe)) {
            end(process, err);
        }
        return Files.readAllLines(out);
    }

    /** Starts a program of Java that runs until it is ended. */
    Process start(String program, String... arguments) throws IOException {
        List<String> command = java(program);
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectOutput(folder.resolve("out-" + ++runs).toFile())
                .redirectError(folder.resolve("err-" + runs).toFile())
                .start();
    }

    /** The command that the program's head gives: a source file, with the jars that its module has gathered. */
    static List<String> java(String program) {
        Path source = file(program);
        return TestJvm.command(
                "-Xmx700m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", // most of what it runs, it runs once
                "--add-opens=java.base/java.util=ALL-UNNAMED",
                "-cp",
                source.resolveSibling("target/lib/*").toString(),
                source.toString());
    }

    /** A run of Flink SQL that is to be put together. */
    SqlRun flink() {
        return new SqlRun();
    }

    static String text(String name) throws IOException {
        return Files.readString(file(name));
    }

    /** Files of SQL that one JVM runs one after the other. */
    final class SqlRun {
        private final List<String> files = new ArrayList<>();

        /** Makes {@code conntrack_events} of a topic, in place of what it was before. */
        void tables(Layout layout, Framing framing, String topic) throws IOException {
            String drop = """
                    DROP VIEW IF EXISTS conntrack_events;
                    DROP TABLE IF EXISTS conntrack_events;
                    DROP TABLE IF EXISTS conntrack_batches;
                    """;
            String tables = text(layout == Layout.BATCH ? "flink/batch.sql" : "flink/flat.sql")
                    .replaceAll("\\$\\{TOPIC:[^}]*}", topic);
            add(
                    "tables-" + files.size(),
                    drop
                            + (framing == Framing.BARE
                                    ? tables.replace("'avro-confluent',", "'avro'")
                                            .replaceAll("\n *'value.avro-confluent.*", "")
                                    : tables));
        }

        /** A query on {@code conntrack_events}; its rows are found under the name. */
        void query(String name, String sql) throws IOException {
            add(name, sql);
        }

        private void add(String name, String sql) throws IOException {
            files.add(Files.writeString(folder.resolve(name), sql).toString());
        }

        Rows run(Map<String, String> variables) throws IOException, InterruptedException {
            List<String> command = java("flink/Sql.java");
            command.addAll(files);
            Path out = folder.resolve("out-" + ++runs);
            Path err = folder.resolve("err-" + runs);
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
            builder.environment()
                    .putAll(Map.of("BOOTSTRAP", bootstrapServers, "REGISTRY", registry, "BOUNDED", "latest-offset"));
            builder.environment().putAll(variables);
            end(builder.start(), err);
            return new Rows(Files.readAllLines(out));
        }
    }

    /** The rows that queries found. */
    static final class Rows {
        private final Map<String, List<Map<String, @Nullable Object>>> byQuery = new TreeMap<>();

        Rows(List<String> lines) throws IOException {
            List<Map<String, @Nullable Object>> current = new ArrayList<>();
            for (String line : lines) {
                if (line.startsWith("-- ")) {
                    current = new ArrayList<>();
                    byQuery.put(line.substring("-- ".length()), current);
                } else {
                    current.add(json(line));
                }
            }
        }

        List<Map<String, @Nullable Object>> of(String query) {
            return Objects.requireNonNull(byQuery.get(query), query);
        }
    }

    private static void end(Process process, Path err) throws IOException, InterruptedException {
        try {
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(Files.readString(err)).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    /** A line of JSON as a map in the form of {@code ExtremeEvents.plain}. */
    static Map<String, @Nullable Object> json(String line) throws IOException {
        Map<?, ?> fields = new ObjectMapper().readValue(line, Map.class);
        Map<String, @Nullable Object> plain = new TreeMap<>();
        fields.forEach((name, value) -> plain.put(String.valueOf(name), whole(value)));
        return plain;
    }

    private static @Nullable Object whole(@Nullable Object value) {
        if (value instanceof Map<?, ?> fields) {
            Map<String, @Nullable Object> plain = new TreeMap<>();
            fields.forEach((name, inner) -> plain.put(String.valueOf(name), whole(inner)));
            return plain;
        }
        return value instanceof Number number ? number.longValue() : value;
    }
}
