package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.TestJvm;
import dev.ctstream.record.EventsDeserializer;
import dev.ctstream.record.ExtremeEvents;
import dev.ctstream.record.Framing;
import dev.ctstream.record.RegistryException;
import dev.ctstream.record.RegistrySettings;
import dev.ctstream.record.SchemaRegistry;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.SubjectSchemas;
import dev.ctstream.record.ZoneWidths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The publisher, a broker and a real schema registry, read by {@code ctstream read}, by the consumers' jar, and by
 * programs of {@code docs/downstream}: events read = events produced, in both layouts and the three framings, without headers. In {@code mvn verify -Pdownstream}.
 */
class EveryReaderDownstreamIT {
    private static final int EVENTS = 10_000;
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final List<Map<String, @Nullable Object>> EXPECTED =
            sorted(EveryReaderTest.expected(EveryReaderTest.batches(EVENTS)));

    private static final DownstreamServers SERVERS = DownstreamServers.get();

    @TempDir
    private static Path folder;

    @BeforeAll
    static void publishAll() throws Exception {
        for (Layout layout : Layout.values()) {
            for (Framing framing : Framing.values()) {
                publish(config(topic(layout, framing), layout, framing));
            }
        }
    }

    private static String topic(Layout layout, Framing framing) {
        return (layout + "." + framing).toLowerCase(Locale.ROOT);
    }

    static Stream<Arguments> forms() {
        return Stream.of(Layout.values())
                .flatMap(layout -> Stream.of(Framing.values()).map(framing -> Arguments.of(layout, framing)));
    }

    private static PublishConfig config(String topic, Layout layout, Framing framing) throws IOException {
        return new PublishConfig(
                new PublishConfig.TopicNames(topic, topic + "-control", true, 3, 1),
                new PublishConfig.RecordForm(layout, framing, false, false, 256 << 10),
                ZoneWidths.DEFAULT,
                16 << 20,
                Map.of("bootstrap.servers", SERVERS.bootstrapServers()),
                framing == Framing.CONFLUENT
                        ? Optional.of(new RegistryConfig(
                                Map.of(RegistrySettings.URL, SERVERS.registry.url()),
                                true,
                                Files.createTempDirectory(folder, topic)))
                        : Optional.empty());
    }

    private static void publish(PublishConfig config) throws InterruptedException {
        TestBacklog backlog = new TestBacklog();
        EveryReaderTest.batches(EVENTS).forEach(backlog.events()::add);
        try (Metrics metrics = new Metrics()) {
            Publisher publisher = new Publisher(
                    new Publisher.Parts(config, backlog, new PublishMetrics(metrics), new Health(), new TestTopics()));
            Thread thread = new Thread(publisher, "publisher");
            thread.start();
            await().atMost(SOON).until(() -> backlog.events().unacknowledged() == 0);
            publisher.stop(Duration.ofSeconds(5));
            thread.join(SOON.toMillis());
        }
    }

    @ParameterizedTest
    @MethodSource("forms")
    void eventsReadAreEventsProduced(Layout layout, Framing framing) throws Exception {
        String topic = topic(layout, framing);
        ExecutorService readers = Executors.newFixedThreadPool(2); // they mostly start and wait
        try {
            Future<List<Map<String, @Nullable Object>>> printed = readers.submit(() -> printed(topic));
            Future<List<Map<String, @Nullable Object>>> byPython =
                    readers.submit(() -> byPython(topic, layout, framing));
            EveryReaderTest.mustBe(EXPECTED, sorted(consumed(topic)));
            EveryReaderTest.mustBe(EXPECTED, sorted(printed.get()));
            EveryReaderTest.mustBe(EXPECTED, sorted(byPython.get()));
        } finally {
            readers.shutdownNow();
        }
        System.out.println("readers ctstream read -o json, consumers' jar, kcat and Python; layout " + layout
                + "; framing " + framing + ": " + EXPECTED.size() + " events read = produced");
    }

    /** Flink has no format for single-object values. */
    @Test
    void flinkReadsTheEventsProduced() throws Exception {
        DownstreamKit.SqlRun run = kit().flink();
        for (Layout layout : Layout.values()) {
            for (Framing framing : List.of(Framing.CONFLUENT, Framing.BARE)) {
                run.tables(layout, framing, topic(layout, framing));
                run.query(topic(layout, framing), "SELECT * FROM conntrack_events;");
            }
        }
        DownstreamKit.Rows rows = run.run(Map.of());
        for (Layout layout : Layout.values()) {
            for (Framing framing : List.of(Framing.CONFLUENT, Framing.BARE)) {
                List<Map<String, @Nullable Object>> read = new ArrayList<>(rows.of(topic(layout, framing)));
                read.forEach(row -> row.remove("row_time"));
                EveryReaderTest.mustBe(EXPECTED, sorted(read));
                System.out.println("reader Flink SQL; layout " + layout + "; framing " + framing + ": "
                        + EXPECTED.size() + " events read = produced");
            }
        }
    }

    private static DownstreamKit kit() {
        return new DownstreamKit(folder, SERVERS.bootstrapServers(), SERVERS.registry.url());
    }

    /** By kcat and docs/downstream/python. A bare value does not say which record it is. */
    private static List<Map<String, @Nullable Object>> byPython(String topic, Layout layout, Framing framing)
            throws Exception {
        DownstreamKit kit = kit();
        return events(
                framing == Framing.BARE
                        ? kit.python(topic, "--bare", layout == Layout.BATCH ? "ConntrackBatch" : "ConntrackFlatEvent")
                        : kit.python(topic));
    }

    /** By the consumers' jar. */
    private static List<Map<String, @Nullable Object>> consumed(String topic) {
        List<Map<String, @Nullable Object>> read = new ArrayList<>();
        Map<String, Object> settings = Map.of(
                "bootstrap.servers",
                SERVERS.bootstrapServers(),
                "group.id",
                topic,
                "auto.offset.reset",
                "earliest",
                RegistrySettings.URL,
                SERVERS.registry.url());
        EventsDeserializer events = new EventsDeserializer();
        events.configure(settings, false);
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), events)) {
            consumer.subscribe(List.of(topic));
            await().atMost(SOON).until(() -> {
                consumer.poll(Duration.ofMillis(200))
                        .forEach(record -> record.value().forEach(event -> read.add(ExtremeEvents.plain(event))));
                return read.size() >= EXPECTED.size();
            });
        }
        return read;
    }

    /** By {@code ctstream read -o json}. */
    private static List<Map<String, @Nullable Object>> printed(String topic) throws Exception {
        Path json = folder.resolve(topic + ".json");
        Path err = folder.resolve(topic + ".err");
        List<String> command = TestJvm.command(
                "-cp",
                Path.of(System.getProperty("ctstream.home"), "lib", "*").toString(),
                "dev.ctstream.cli.Main",
                "read",
                "--bootstrap-server",
                SERVERS.bootstrapServers(),
                "--topic",
                topic,
                "--from-beginning",
                "--idle-seconds",
                "2",
                "-o",
                "json",
                "-D",
                RegistrySettings.URL + "=" + SERVERS.registry.url());
        Process process = new ProcessBuilder(command)
                .redirectOutput(json.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(err)).isZero();
        return events(Files.readAllLines(json));
    }

    /** Events that were printed as JSON, one a line. */
    private static List<Map<String, @Nullable Object>> events(List<String> lines) throws IOException {
        List<Map<String, @Nullable Object>> read = new ArrayList<>();
        for (String line : lines) {
            Map<String, @Nullable Object> event = DownstreamKit.json(line);
            event.keySet().removeIf(name -> Schemas.FLAT.getField(name) == null); // times of the record
            read.add(event);
        }
        return read;
    }

    private static List<Map<String, @Nullable Object>> sorted(List<Map<String, @Nullable Object>> events) {
        List<Map<String, @Nullable Object>> sorted = new ArrayList<>(events);
        sorted.sort(Comparator.comparingLong(event -> (Long) Objects.requireNonNull(event.get("sequence"))));
        return sorted;
    }

    @Test
    void theRegistryKeepsOurSchemasAndRefusesOthers() throws Exception {
        SchemaRegistry client =
                new SchemaRegistry(RegistrySettings.of(Map.of(RegistrySettings.URL, SERVERS.registry.url())));
        SubjectSchemas schemas = new SubjectSchemas(client, true);
        await().atMost(SOON) // its first answer may take longer than a call
                .ignoreException(RegistryException.class)
                .until(() -> schemas.find("own", Schemas.BATCH).isEmpty());
        int id = schemas.id("own", Schemas.BATCH);
        assertThat(schemas.id("own", Schemas.BATCH)).isEqualTo(id);
        assertThat(schemas.find("own", Schemas.BATCH)).hasValue(id);
        assertThat(client.schema(id)).isEqualTo(Schemas.BATCH);
        Schema retyped = new Schema.Parser()
                .parse(Schemas.BATCH
                        .toString()
                        .replace("\"name\":\"ct_id\",\"type\":\"long\"", "\"name\":\"ct_id\",\"type\":\"int\""));
        assertThat(client.isCompatible("own-value", retyped)).isFalse();
        assertThatThrownBy(() -> client.register("own-value", retyped))
                .isInstanceOf(RegistryException.class)
                .hasMessageContaining("HTTP 409");
        assertThatThrownBy(() -> schemas.id("own", Schemas.FLAT))
                .hasMessageContaining("holds another record, dev.ctstream.record.ConntrackBatch");
        assertThatThrownBy(() -> client.schema(999_999)).hasMessageContaining("has no schema id 999999");
    }
}
