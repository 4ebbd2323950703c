package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code docs/downstream/streams} against a broker, with events whose answers are known; each record comes twice. */
class KafkaStreamsDownstreamIT {
    private static final DownstreamServers SERVERS = DownstreamServers.get();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource
    void sessionsOpenFlowsAndVolume(Layout layout) throws Exception {
        String topic = "streams-" + layout.name().toLowerCase(Locale.ROOT);
        SERVERS.create(topic); // the program makes its own
        DownstreamKit kit = new DownstreamKit(folder, SERVERS.bootstrapServers(), SERVERS.registry.url());
        Process streams = kit.start(
                "streams/ConntrackStreams.java",
                SERVERS.bootstrapServers(),
                topic,
                "state.dir=" + folder.resolve("state"),
                "commit.interval.ms=200",
                "schema.registry.url=" + SERVERS.registry.url());
        try {
            SERVERS.publishStory(topic, layout);
            SERVERS.publishStory(topic, layout);
            verify(new Results(topic).read(streams));
        } finally {
            streams.destroy();
            assertThat(streams.waitFor(DownstreamKit.PATIENCE.toSeconds(), TimeUnit.SECONDS)) // it writes to the folder
                    .isTrue();
        }
    }

    /** What the program writes, by result and key. */
    private static final class Results {
        private final String topic;
        private final Map<String, List<String>> values = new HashMap<>();

        Results(String topic) {
            this.topic = topic;
        }

        Results read(Process streams) {
            Map<String, Object> settings = Map.of(
                    "bootstrap.servers",
                    SERVERS.bootstrapServers(),
                    "group.id",
                    "check-" + topic,
                    "auto.offset.reset",
                    "earliest");
            try (KafkaConsumer<String, String> consumer =
                    new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
                consumer.subscribe(List.of(topic + ".sessions", topic + ".open", topic + ".volume"));
                await().atMost(DownstreamKit.PATIENCE).until(() -> {
                    assertThat(streams.isAlive()).isTrue();
                    consumer.poll(Duration.ofMillis(200))
                            .forEach(record -> values.computeIfAbsent(
                                            record.topic().substring(topic.length() + 1) + " " + record.key(),
                                            key -> new ArrayList<>())
                                    .add(record.value()));
                    return complete();
                });
            }
            return this;
        }

        private boolean complete() {
            return all("sessions h/host/7").size() >= FlowStory.FINISHED
                    && last("open h/host/7").equals("1")
                    && last("volume h/host/7@2023-11-14T22:15:00Z").equals("18000");
        }

        List<String> all(String key) {
            return values.getOrDefault(key, List.of(""));
        }

        String last(String key) {
            return all(key).get(all(key).size() - 1);
        }
    }

    private static void verify(Results results) {
        assertThat(results.all("sessions h/host/7"))
                .hasSize(FlowStory.FINISHED)
                .contains("10.0.0.1 40000 192.0.2.10 443 protocol 6 bytes " + FlowStory.A_BYTES + " seconds 150");
        assertThat(results.last("volume h/host/7@2023-11-14T22:13:00Z"))
                .isEqualTo(String.valueOf((FlowStory.FINISHED - 1) * FlowStory.SHORT_BYTES)); // all but A's
        assertThat(results.last("volume h/host/7@2023-11-14T22:14:00Z")).isEqualTo("7500"); // INTERIM of A and B
        assertThat(results.values).hasSize(5);
    }
}
