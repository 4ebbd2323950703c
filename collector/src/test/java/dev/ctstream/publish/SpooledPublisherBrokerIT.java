package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TestBroker;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.Framing;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.StreamId;
import dev.ctstream.record.ZoneWidths;
import dev.ctstream.spool.Spool;
import dev.ctstream.spool.SpoolConfig;
import dev.ctstream.spool.SpoolMetrics;
import dev.ctstream.spool.SpoolReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The durable spool, the publisher and a real broker together. */
class SpooledPublisherBrokerIT {
    private static final String TOPIC = "spooled";
    private static final StreamId GOOD = MadeBatches.stream("host", 4);
    private static final StreamId BAD = MadeBatches.stream("host", 5);
    private static final StreamId CONTROL = MadeBatches.stream("host", StreamId.CONTROL_ZONE);
    private static final ControlRecord STARTED = new ControlRecord.Started(
            ControlRecord.Started.AT_START,
            new ControlRecord.Settings("test", "", "NEW", "batch", 0),
            null,
            new ControlRecord.NamespaceState(null, ControlRecord.Sysctls.UNKNOWN, null, null, null));
    private static final int BATCHES = 200;
    private static final int EVENTS = 10;

    @TempDir
    private Path folder;

    private final BatchRing ring = new BatchRing();
    private final ControlOutbox outbox = new ControlOutbox(ring);
    private final Health health = new Health();

    @Test
    void aRecordThatIsNeverAcceptedBecomesADeadLetterAndAllOthersArrive() throws Exception {
        Path directory = folder.resolve("spool");
        SpoolConfig config =
                new SpoolConfig(directory, 1L << 30, 1 << 20, 1 << 20, 1000, SpoolConfig.WhenFull.DROP_OLDEST);
        try (EmbeddedBroker broker = TestBroker.temporary(Map.of());
                Metrics metrics = new Metrics()) {
            broker.start();
            create(broker, Map.of("max.message.bytes", "20000"));
            Spool.Parts parts = new Spool.Parts(
                    config,
                    new Spool.Host(Batches.RUN.hostId(), Batches.RUN.bootId(), "node-1"),
                    ring,
                    outbox,
                    CONTROL,
                    new SpoolMetrics(metrics),
                    health);
            try (Spool spool = Spool.open(parts)) {
                Thread spoolThread = new Thread(spool, "spool");
                Publisher publisher = publisher(broker, spool, metrics);
                Thread publisherThread = new Thread(publisher, "publisher");
                spoolThread.start();
                publisherThread.start();
                assertThat(outbox.offer(CONTROL, STARTED, 1)).isTrue();
                for (int i = 0; i < BATCHES; i++) {
                    handOver(MadeBatches.decodable(Batches.RUN, GOOD, (long) i * EVENTS, EVENTS));
                    if (i == BATCHES / 2) {
                        handOver(MadeBatches.events(Batches.RUN, BAD, 0, 1, 30_000)); // one event: cannot be cut
                    }
                }
                await().atMost(PublisherHarness.SOON)
                        .until(() -> spool.hasAppendedEverything() && spool.unacknowledged() == 0);
                assertThat(health.reasons()).doesNotContainKey("kafka");
                publisher.stop(Duration.ofSeconds(5));
                publisherThread.join();
                spool.stop();
                spoolThread.join();
            }
            List<ConsumerRecord<byte[], byte[]>> records = RawRecords.readAll(broker.bootstrapServers(), TOPIC);
            assertThat(PublisherHarness.firstOccurrences(records))
                    .isEqualTo(Map.of(
                            GOOD.zone(),
                            LongStream.range(0, (long) BATCHES * EVENTS).boxed().toList()));
            assertDeclared(broker);
        }
        assertSetAside(directory);
    }

    /** Kafka has the GAP that declares the refused event. */
    private static void assertDeclared(EmbeddedBroker broker) throws Exception {
        List<String> gaps = new ArrayList<>();
        RecordDecoder decoder = new RecordDecoder();
        for (ConsumerRecord<byte[], byte[]> value : RawRecords.readAll(broker.bootstrapServers(), TOPIC + "-control")) {
            decoder.decode(value.value(), OptionalLong.empty(), record -> {
                if (record.text("kind").equals("GAP")) {
                    gaps.add(record.text("cause") + " " + record.value("ranges"));
                }
                return true;
            });
        }
        assertThat(gaps)
                .singleElement()
                .asString()
                .startsWith("rejected ")
                .contains("\"ct_zone\": " + BAD.zone())
                .contains("\"count\": 1");
    }

    private static void assertSetAside(Path directory) throws Exception {
        try (SpoolReader letters = SpoolReader.deadLetters(directory)) {
            assertThat(letters.next()).isTrue();
            assertThat(letters.envelope().stream()).isEqualTo(BAD);
            assertThat(letters.body().remaining()).isGreaterThan(30_000);
            assertThat(letters.next()).isFalse();
        }
    }

    private void handOver(EncodedBatch batch) {
        assertThat(ring.offer(batch)).isTrue();
    }

    private Publisher publisher(EmbeddedBroker broker, Spool spool, Metrics metrics) {
        PublishConfig config = new PublishConfig(
                new PublishConfig.TopicNames(TOPIC, TOPIC + "-control", true, 12, -1),
                new PublishConfig.RecordForm(Layout.BATCH, Framing.SINGLE_OBJECT, true, true, 256 << 10),
                ZoneWidths.DEFAULT,
                16 << 20,
                Map.of("bootstrap.servers", broker.bootstrapServers(), "compression.type", "none"),
                Optional.empty());
        return new Publisher(new Publisher.Parts(config, spool, new PublishMetrics(metrics), health, new TestTopics()));
    }

    private static void create(EmbeddedBroker broker, Map<String, String> settings) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            NewTopic topic = new NewTopic(TOPIC, 12, (short) 1).configs(settings);
            admin.createTopics(List.of(topic)).all().get(20, TimeUnit.SECONDS);
        }
    }
}
