package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TestBroker;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.read.TestRecords;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ctstream read} against a broker: 64 zones, 600 000 events in batches of 500, on 12 partitions. */
class ReadBrokerIT {
    private static final String TOPIC = "conntrack.events";
    private static final int ZONES = 64;
    private static final int BATCH = 500;
    private static final int EVENTS = 600_000;
    private static final int PARTITIONS = 12;

    private static EmbeddedBroker broker;

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeAll
    static void fill() throws Exception {
        broker = TestBroker.temporary(Map.of());
        broker.start();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1), new NewTopic("empty", 1, (short) 1)))
                    .all()
                    .get(10, TimeUnit.SECONDS);
        }
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of(
                        "bootstrap.servers",
                        broker.bootstrapServers(),
                        "compression.type",
                        "zstd",
                        "max.in.flight.requests.per.connection",
                        "1"),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            List<Future<?>> sent = new ArrayList<>();
            for (int i = 0; i < EVENTS / BATCH; i++) {
                int zone = i % ZONES;
                byte[] value = TestRecords.batch(zone, (long) (i / ZONES) * BATCH, BATCH);
                sent.add(producer.send(new ProducerRecord<>(TOPIC, zone % PARTITIONS, null, value)));
            }
            for (Future<?> one : sent) {
                one.get(30, TimeUnit.SECONDS);
            }
        }
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    @Test
    void prints600000EventsAsJsonInTime() throws Exception {
        Path json = folder.resolve("events.json");
        long begin = System.nanoTime();
        assertThat(read(json, "-o", "json", "--from-beginning", "--count", String.valueOf(EVENTS)))
                .as(errors())
                .isZero();
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(30));
        try (var lines = Files.lines(json)) {
            assertThat(lines.count()).isEqualTo(EVENTS);
        }
        assertThat(errors()).contains("read " + EVENTS + " events in " + EVENTS / BATCH + " records of " + TOPIC);
    }

    @Test
    void zoneAndIdleTimeLimitTheOutput() throws Exception {
        Path text = folder.resolve("events.txt");
        assertThat(read(text, "--zone", "63", "--from-beginning", "--idle-seconds", "2"))
                .isZero();
        try (var lines = Files.lines(text)) {
            assertThat(lines.peek(line -> assertThat(line).contains(" zone 63 "))
                            .count())
                    .isEqualTo((EVENTS / BATCH / ZONES) * (long) BATCH);
        }
    }

    @Test
    void withoutFromBeginningReadsOnlyNewRecords() throws Exception {
        Path json = folder.resolve("new.json");
        assertThat(read(json, "-o", "json", "--idle-seconds", "1")).isZero();
        assertThat(json).isEmptyFile();
    }

    @Test
    void namesAMissingTopic() throws Exception {
        assertThat(read(folder.resolve("x"), "--topic", "nothing", "--from-beginning"))
                .isEqualTo(1);
        assertThat(errors()).startsWith("ctstream: topic nothing does not exist on 127.0.0.1:");
    }

    private int read(Path file, String... more) throws Exception {
        String[] arguments = new String[more.length + 3];
        arguments[0] = "read";
        arguments[1] = "--bootstrap-server";
        arguments[2] = broker.bootstrapServers();
        System.arraycopy(more, 0, arguments, 3, more.length);
        try (var out = new BufferedOutputStream(Files.newOutputStream(file))) {
            PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
            return Main.execute(new Console(out, errors, Map.of(), false, false), arguments);
        }
    }

    private String errors() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
