package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.broker.EmbeddedBroker;
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
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The publisher, a broker and a real schema registry, read by {@code ctstream read} and by the consumers' jar: events read =
 * events produced, in both layouts and the three framings, without headers. In {@code mvn verify -Pdownstream}.
 */
class EveryReaderDownstreamIT {
    private static final int EVENTS = 10_000;
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final List<Map<String, @Nullable Object>> EXPECTED =
            sorted(EveryReaderTest.expected(EveryReaderTest.batches(EVENTS)));

    private static EmbeddedBroker broker;
    private static Apicurio registry;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() throws IOException {
        registry = Apicurio.start();
        broker = EmbeddedBroker.temporary(Map.of());
        broker.start();
    }

    @AfterAll
    static void stop() {
        broker.close();
        registry.close();
    }

    static Stream<Arguments> forms() {
        return Stream.of(Layout.values())
                .flatMap(layout -> Stream.of(Framing.values()).map(framing -> Arguments.of(layout, framing)));
    }

    private PublishConfig config(String topic, Layout layout, Framing framing) {
        return new PublishConfig(
                new PublishConfig.TopicNames(topic, topic + "-control", true, 3, 1),
                new PublishConfig.RecordForm(layout, framing, false, false, 256 << 10),
                ZoneWidths.DEFAULT,
                16 << 20,
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                framing == Framing.CONFLUENT
                        ? Optional.of(new RegistryConfig(Map.of(RegistrySettings.URL, registry.url()), true, folder))
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
        String topic = (layout + "." + framing).toLowerCase(Locale.ROOT);
        publish(config(topic, layout, framing));
        EveryReaderTest.mustBe(EXPECTED, sorted(consumed(topic)));
        EveryReaderTest.mustBe(EXPECTED, sorted(printed(topic)));
        System.out.println("reader ctstream read -o json, consumers' jar; layout " + layout + "; framing " + framing
                + ": " + EXPECTED.size() + " events read = produced");
    }

    /** By the consumers' jar. */
    private static List<Map<String, @Nullable Object>> consumed(String topic) {
        List<Map<String, @Nullable Object>> read = new ArrayList<>();
        Map<String, Object> settings = Map.of(
                "bootstrap.servers",
                broker.bootstrapServers(),
                "group.id",
                topic,
                "auto.offset.reset",
                "earliest",
                RegistrySettings.URL,
                registry.url());
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
    private List<Map<String, @Nullable Object>> printed(String topic) throws Exception {
        Path json = folder.resolve(topic + ".json");
        Path err = folder.resolve(topic + ".err");
        List<String> command = TestJvm.command(
                "-cp",
                Path.of(System.getProperty("ctstream.home"), "lib", "*").toString(),
                "dev.ctstream.cli.Main",
                "read",
                "--bootstrap-server",
                broker.bootstrapServers(),
                "--topic",
                topic,
                "--from-beginning",
                "--idle-seconds",
                "5",
                "-o",
                "json",
                "-D",
                RegistrySettings.URL + "=" + registry.url());
        Process process = new ProcessBuilder(command)
                .redirectOutput(json.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(err)).isZero();
        List<Map<String, @Nullable Object>> read = new ArrayList<>();
        ObjectMapper mapper = new ObjectMapper();
        for (String line : Files.readAllLines(json)) {
            Map<?, ?> fields = mapper.readValue(line, Map.class);
            Map<String, @Nullable Object> plain = new TreeMap<>();
            for (Schema.Field field : Schemas.FLAT.getFields()) {
                plain.put(field.name(), whole(fields.get(field.name())));
            }
            read.add(plain);
        }
        return read;
    }

    private static @Nullable Object whole(@Nullable Object value) {
        if (value instanceof Map<?, ?> fields) {
            Map<String, @Nullable Object> plain = new TreeMap<>();
            fields.forEach((name, inner) -> plain.put(String.valueOf(name), whole(inner)));
            return plain;
        }
        return value instanceof Number number ? number.longValue() : value;
    }

    private static List<Map<String, @Nullable Object>> sorted(List<Map<String, @Nullable Object>> events) {
        List<Map<String, @Nullable Object>> sorted = new ArrayList<>(events);
        sorted.sort(Comparator.comparingLong(event -> (Long) Objects.requireNonNull(event.get("sequence"))));
        return sorted;
    }

    @Test
    void theRegistryKeepsOurSchemasAndRefusesOthers() throws Exception {
        SchemaRegistry client = new SchemaRegistry(RegistrySettings.of(Map.of(RegistrySettings.URL, registry.url())));
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
