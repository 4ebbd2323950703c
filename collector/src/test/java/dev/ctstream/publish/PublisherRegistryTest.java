package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ctstream.metrics.Check;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.SteppedClock;
import dev.ctstream.record.Framing;
import dev.ctstream.record.RegistryStandIn;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.ZoneWidths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.MockProducer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a run with {@code record.framing=confluent} when the registry is away, wrong, or another one. */
class PublisherRegistryTest {
    private static final Duration SOON = MockCluster.SOON;
    private static final String ORDER =
            "{\"type\":\"record\",\"name\":\"Order\",\"namespace\":\"com.acme\",\"fields\":[{\"name\":\"n\",\"type\":\"int\"}]}";

    private final TestBacklog backlog = new TestBacklog();
    private final Health health = new Health();
    private final Metrics metrics = new Metrics();
    private final PublishMetrics counters = new PublishMetrics(metrics);
    private final MockCluster cluster = new MockCluster();

    @TempDir
    private Path folder;

    private RegistryStandIn registry;
    private PublishConfig config;
    private @Nullable Publisher publisher;
    private @Nullable Thread thread;

    @BeforeEach
    void start() throws IOException {
        registry = new RegistryStandIn(0, 40);
        config = config(
                Map.of("schema.registry.url", registry.url(), "schema.registry.basic.auth.user.info", "me:hush"));
    }

    private PublishConfig config(Map<String, String> settings) {
        return new PublishConfig(
                new PublishConfig.TopicNames("events", "control", true, 12, -1),
                new PublishConfig.RecordForm(Layout.BATCH, Framing.CONFLUENT, true, true, 256 << 10),
                ZoneWidths.DEFAULT,
                16 << 20,
                Map.of("bootstrap.servers", MockCluster.ADDRESS),
                Optional.of(new RegistryConfig(settings, true, folder)));
    }

    private void publish() {
        Publisher begun = new Publisher(
                new Publisher.Parts(config, backlog, counters, health, new TestTopics()), unused -> cluster);
        Thread started = new Thread(begun, "publisher");
        started.start();
        publisher = begun;
        thread = started;
    }

    @AfterEach
    void stop() throws InterruptedException {
        registry.close();
        if (thread != null && publisher != null) {
            publisher.stop(Duration.ofMillis(1));
            thread.join(SOON.toMillis());
            assertThat(thread.isAlive()).isFalse();
            assertThat(health.components()).doesNotContainKey(RegistryWatch.COMPONENT);
        }
        metrics.close();
    }

    private void awaitRed(String reason) {
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(health.reasons().get(RegistryWatch.COMPONENT)).contains(reason);
            assertThat(health.reasons().get(PublishFailures.COMPONENT)).contains(reason);
        });
        assertThat(cluster.producers).isEmpty();
        assertThat(counters.registryFailures.value()).isPositive();
        assertThat(health.reasons().toString()).doesNotContain("hush");
    }

    private String state() {
        return Objects.requireNonNull(health.components().get(RegistryWatch.COMPONENT))
                .reason();
    }

    private byte[] firstValue() {
        backlog.addEvents(TestBacklog.zone(7), 1);
        MockProducer<byte[], byte[]> producer = cluster.producer(0, 1);
        return producer.history().get(0).value();
    }

    @Test
    void recordsCarryTheIdsOfTheRegistryWhichAreKeptInTheSpool() throws IOException {
        publish();
        assertThat(firstValue()).startsWith(0, 0, 0, 0, 41);
        assertThat(Files.readAllLines(folder.resolve("schema-ids")))
                .containsExactly(
                        "ctstream schema ids 1",
                        String.format(
                                "%s control-value %016x 42", registry.url(), Schemas.fingerprint(Schemas.CONTROL)),
                        String.format("%s events-value %016x 41", registry.url(), Schemas.fingerprint(Schemas.BATCH)));
        assertThat(state()).isEqualTo("schema ids 41 (events), 42 (control)");
    }

    @Test
    void aRegistryThatIsAwayAtTheStartIsWaitedForAndThenPublishingBegins() throws IOException {
        int port = registry.port();
        registry.close();
        publish();
        awaitRed("schema registry http://127.0.0.1:" + port + " cannot be reached");
        registry = new RegistryStandIn(port, 6);
        assertThat(firstValue()).startsWith(0, 0, 0, 0, 7);
        assertThat(health.reasons()).isEmpty();
    }

    @Test
    void aRegistryThatIsAwayAtTheStartIsNotNeededWhenItsIdsAreKept() throws Exception {
        SchemaIds before = SchemaIds.ask(config);
        registry.close();
        publish();
        assertThat(firstValue()).startsWith(0, 0, 0, 0, before.events());
        assertThat(health.reasons()).isEmpty();
        assertThat(state()).contains("cannot be reached").endsWith("; the ids that it gave before are used");
    }

    @Test
    void aRegistryThatGoesAwayLaterIsNotMissed() {
        publish();
        assertThat(firstValue()).startsWith(0, 0, 0, 0, 41);
        registry.close();
        cluster.producers.get(0).errorNext(new org.apache.kafka.common.errors.NotLeaderOrFollowerException("moved"));
        assertThat(cluster.producer(1, 1).history().get(0).value()).startsWith(0, 0, 0, 0, 41);
    }

    @Test
    void wrongCredentialsAreSaid() {
        registry.authorization = "Bearer other";
        publish();
        awaitRed("does not accept the credentials (HTTP 401)");
        registry.authorization = null;
        assertThat(firstValue()).startsWith(0, 0, 0, 0, 41);
    }

    @Test
    void aSubjectThatHoldsAnotherRecordStopsPublishing() {
        registry.add("events-value", ORDER);
        publish();
        awaitRed("holds another record, com.acme.Order");
    }

    @Test
    void anIncompatibleSubjectStopsPublishing() {
        registry.add(
                "events-value",
                Schemas.BATCH
                        .toString()
                        .replace(
                                "{\"name\":\"ct_zone\",\"type\":\"int\"", "{\"name\":\"ct_zone\",\"type\":\"string\""));
        publish();
        awaitRed("does not fit this version's in both directions");
    }

    @Test
    void idsFromTheFileGiveWayToWhatTheRegistrySaysLater() throws Exception {
        SteppedClock clock = new SteppedClock();
        int port = registry.port();
        SchemaIds before = SchemaIds.ask(config);
        registry.close();
        RegistryWatch watch = new RegistryWatch(config, health, counters.registryFailures, clock);
        assertThat(watch.connect().same(before)).isTrue();
        assertThat(watch.changed()).isFalse();
        registry = new RegistryStandIn(port, 99); // a new one, whose ids are others
        clock.advance(TimeUnit.SECONDS.toNanos(31));
        await().atMost(SOON).until(watch::changed);
        assertThat(watch.connect()).isEqualTo(new SchemaIds(100, 101, ""));
        assertThat(watch.changed()).isFalse();
        watch.end();
    }

    @Test
    void aRegistryThatLacksASchemaAndPermitsNoRegistrationStopsPublishing() throws Exception {
        SchemaIds before = SchemaIds.ask(config);
        assertThat(before.confirmed()).isTrue();
        registry.close();
        registry = new RegistryStandIn(registry.port(), 0);
        registry.readOnly = true;
        publish();
        awaitRed("ConntrackBatch is missing in subject events-value and cannot be registered: ");
    }

    @Test
    void aCommandAsksForItsOwnSchemaAndKeepsNothing() throws Exception {
        assertThat(SchemaIds.askForControl(config).control()).isEqualTo(41);
        assertThat(registry.requests).allMatch(request -> request.contains("/control-value"));
        assertThat(folder.resolve("schema-ids")).doesNotExist();
    }

    @Test
    void checksEndWhenTheRegistryIsSlow() throws Exception {
        assertThat(SchemaIds.late(config).failed()).isTrue();
        assertThat(SchemaIds.late(config).scope()).isEqualTo(registry.url());
    }

    @Test
    void aDamagedFileHasNoIds() throws Exception {
        Files.writeString(folder.resolve("schema-ids"), "something else\n");
        registry.close();
        assertThatThrownBy(() -> SchemaIds.ask(config)).hasMessageContaining("cannot be reached");
    }

    @Test
    void checksSayWhatTheCollectorWouldDoAndChangeNothing() throws Exception {
        assertThat(SchemaIds.check(config))
                .hasSize(2)
                .allMatch(Check::isOk)
                .extracting(Check::found)
                .allMatch(found -> found.endsWith("yet; the collector registers it"));
        assertThat(registry.requests).noneMatch(request -> request.contains("/versions") && request.startsWith("POST"));
        SchemaIds.ask(config);
        assertThat(SchemaIds.check(config))
                .extracting(Check::found)
                .first()
                .asString()
                .endsWith("has it with id 41");
        registry.authorization = "Bearer other";
        assertThat(SchemaIds.check(config))
                .extracting(Check::result)
                .containsOnly(Check.Result.WARN); // the ids are kept
        registry.authorization = null;
        registry.add("control-value", ORDER);
        PublishConfig shared = config;
        List<Check> other = SchemaIds.check(new PublishConfig(
                new PublishConfig.TopicNames("control", "x", true, 12, -1),
                shared.records(),
                shared.zoneWidth(),
                shared.inFlightBytes(),
                shared.kafka(),
                shared.registry()));
        assertThat(other).singleElement().satisfies(check -> {
            assertThat(check.failed()).isTrue();
            assertThat(check.found()).contains("holds another record, com.acme.Order");
            assertThat(check.remedy()).startsWith("give ctstream a topic of its own");
        });
    }
}
