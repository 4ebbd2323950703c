package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.netlink.TestJvm;
import dev.ctstream.record.EventRecords;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A consumer's project outside the tree: the program of {@code schemas/README.md} is compiled and run against the
 * consumers' jar and what that depends on, and nothing else of ours.
 */
class ConsumersJarBrokerIT {
    private static final Path README = Path.of("../schemas/README.md");
    private static final Pattern PROGRAM =
            Pattern.compile("```java\n(.*?public class FinishedFlows.*?)```", Pattern.DOTALL);
    /** What a build tool resolves for ctstream-schemas and kafka-clients. */
    private static final List<String> JARS = List.of(
            "ctstream-schemas",
            "avro",
            "commons-",
            "jackson-",
            "jspecify",
            "kafka-clients",
            "lz4",
            "slf4j-api",
            "zstd");

    private static final List<String> TOPICS = List.of("conntrack.events", "conntrack.flat");
    private static final int MOST_LINES = 25;

    @TempDir
    private Path folder;

    @Test
    void aProjectOfTwentyLinesReadsBothLayoutsAndPrintsFinishedFlows() throws Exception {
        String program = program();
        assertThat(program.lines().filter(line -> !line.isBlank() && !line.startsWith("import")))
                .hasSizeLessThanOrEqualTo(MOST_LINES);
        compile(program);
        try (EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of())) {
            broker.start();
            createTopics(broker.bootstrapServers());
            try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                    Map.of("bootstrap.servers", broker.bootstrapServers()),
                    new ByteArraySerializer(),
                    new ByteArraySerializer())) {
                GenericRecord batch =
                        EventRecords.batch(7, List.of(EventRecords.event(0, "NEW"), EventRecords.event(1, "DESTROY")));
                send(producer, "conntrack.events", batch, batch); // at least once: the second is a repetition
                send(producer, "conntrack.flat", EventRecords.flat(7, 0, "NEW"), EventRecords.flat(7, 1, "DESTROY"));
            }
            for (String topic : TOPICS) {
                assertThat(run(broker.bootstrapServers(), topic)).hasSize(1);
            }
        }
    }

    private static void createTopics(String bootstrapServers) throws ExecutionException, InterruptedException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.createTopics(TOPICS.stream()
                            .map(topic -> new NewTopic(topic, 1, (short) 1))
                            .toList())
                    .all()
                    .get();
        }
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, String topic, GenericRecord... records)
            throws ExecutionException, InterruptedException {
        for (GenericRecord record : records) {
            producer.send(new ProducerRecord<>(topic, EventRecords.singleObject(record)))
                    .get();
        }
    }

    private static String program() throws IOException {
        Matcher program = PROGRAM.matcher(Files.readString(README));
        assertThat(program.find()).as("FinishedFlows in %s", README).isTrue();
        return program.group(1);
    }

    private void compile(String program) throws IOException {
        Path source = folder.resolve("FinishedFlows.java");
        Files.writeString(source, program);
        int result = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-cp", classPath(), "-d", folder.toString(), source.toString());
        assertThat(result).isZero();
    }

    /** Runs until a line has come, and a little longer, so that a second one would be seen. */
    private List<String> run(String bootstrapServers, String topic) throws IOException {
        Path output = folder.resolve(topic + ".txt");
        Process process = new ProcessBuilder(TestJvm.command(
                        "-cp", classPath() + File.pathSeparator + folder, "FinishedFlows", bootstrapServers, topic))
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            await().atMost(Duration.ofSeconds(60)).until(() -> !finished(output).isEmpty() || !process.isAlive());
            await().during(Duration.ofMillis(500)).until(() -> finished(output).size() <= 1);
            return finished(output);
        } finally {
            process.destroyForcibly();
        }
    }

    private static List<String> finished(Path output) throws IOException {
        return Files.readString(output, StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains(" > "))
                .toList();
    }

    private static String classPath() throws IOException {
        try (Stream<Path> jars = Files.list(Path.of(System.getProperty("ctstream.home"), "lib"))) {
            return jars.filter(jar ->
                            JARS.stream().anyMatch(jar.getFileName().toString().toLowerCase(Locale.ROOT)::startsWith))
                    .map(Path::toString)
                    .collect(Collectors.joining(File.pathSeparator));
        }
    }
}
