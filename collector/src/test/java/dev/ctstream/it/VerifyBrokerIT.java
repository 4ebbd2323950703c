package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TestBroker;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.record.EventRecords;
import dev.ctstream.record.Recorded;
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
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ctstream verify} against a broker: 8 zones with 40 batches of 50 events each, on 4 partitions. */
class VerifyBrokerIT {
    private static final int ZONES = 8;
    private static final int BATCHES = 40;
    private static final int BATCH = 50;
    private static final int PARTITIONS = 4;

    private static EmbeddedBroker broker;
    private static final Recorded TOPIC = new Recorded();

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeAll
    static void fill() throws Exception {
        broker = TestBroker.temporary(Map.of());
        broker.start();
        Recorded.Run run = TOPIC.run(0).started();
        Map<Integer, Long> next = new java.util.TreeMap<>();
        for (int batch = 0; batch < BATCHES; batch++) {
            for (int zone = 0; zone < ZONES; zone++) {
                GenericRecord[] events = new GenericRecord[BATCH];
                for (int i = 0; i < BATCH; i++) {
                    long sequence = (long) batch * BATCH + i;
                    events[i] = Recorded.event(sequence, i % 2 == 0 ? "NEW" : "DESTROY", sequence / 2);
                }
                run.batch(zone, 0, events);
                next.put(zone, (batch + 1L) * BATCH);
            }
        }
        run.report("STOPPED", 0, next);
        create("conntrack.control", "conntrack.events");
        produce("conntrack.control", TOPIC.control);
        produce("conntrack.events", TOPIC.events);
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    private static void create(String... topics) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            for (String topic : topics) {
                admin.createTopics(List.of(new NewTopic(topic, PARTITIONS, (short) 1)))
                        .all()
                        .get(10, TimeUnit.SECONDS);
            }
        }
    }

    private static void produce(String topic, List<Recorded.Placed> records) throws Exception {
        // One request at a time: on a new topic, a rejected first request would put all later ones out of order.
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "max.in.flight.requests.per.connection", "1"),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            List<Future<?>> sent = new ArrayList<>();
            for (Recorded.Placed placed : records) {
                byte[] value = EventRecords.singleObject(placed.record());
                sent.add(producer.send(new ProducerRecord<>(topic, placed.partition(), null, value)));
            }
            for (Future<?> one : sent) {
                one.get(30, TimeUnit.SECONDS);
            }
        }
    }

    private int run(String... arguments) {
        out.reset();
        err.reset();
        return Main.execute(
                new Console(out, new PrintStream(err, true, StandardCharsets.UTF_8), Map.of(), false, false),
                arguments);
    }

    private int verify(String... more) {
        String[] arguments = new String[more.length + 3];
        arguments[0] = "verify";
        arguments[1] = "--bootstrap-server";
        arguments[2] = broker.bootstrapServers();
        System.arraycopy(more, 0, arguments, 3, more.length);
        return run(arguments);
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void provesACompleteTopic() {
        assertThat(verify()).as(output()).isZero();
        assertThat(output())
                .contains("16,000 present")
                .contains("8,000 opened")
                .contains("8,000 closed")
                .contains("UNDECLARED 0   COMPLETE 100.0000 %   PROVEN");
    }

    @Test
    void namesStreamAndSequencesOfAMissingBatch() throws Exception {
        create("copy");
        List<Recorded.Placed> copy = new ArrayList<>(TOPIC.events);
        copy.remove(20 * ZONES + 5); // the 21st batch of zone 5
        produce("copy", copy);

        assertThat(verify("--topic", "copy")).isEqualTo(1);
        assertThat(output())
                .contains("MISSING  sequences 1000..1049 (50)")
                .contains("namespace host (1), zone 5, run " + Recorded.EPOCH)
                .contains("UNDECLARED 50 ", "NOT PROVEN");
        assertThat(verify("--topic", "copy", "-o", "json")).isEqualTo(1);
        assertThat(output())
                .contains("\"ct_zone\":5,\"records\":\"events\",\"kind\":\"hole\",\"first_sequence\":1000,"
                        + "\"last_sequence\":1049");
    }

    @Test
    void reportsEventsRemovedByRetentionAsExpired() throws Exception {
        create("trimmed");
        produce("trimmed", TOPIC.events);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.deleteRecords(Map.of(new TopicPartition("trimmed", 1), RecordsToDelete.beforeOffset(6)))
                    .all()
                    .get(10, TimeUnit.SECONDS);
        }
        assertThat(verify("--topic", "trimmed")).as(output()).isZero();
        assertThat(output()).contains("300 have expired: 1 partitions", "UNDECLARED 0 ");
    }

    @Test
    void verifiesFilesExportedByRead() throws Exception {
        Path events = export("conntrack.events");
        Path control = export("conntrack.control");
        assertThat(run("verify", "--file", events.toString(), "--file", control.toString()))
                .as(output())
                .isZero();
        assertThat(output()).contains("16,000 present", "PROVEN");
        assertThat(run("verify", "--file", events.toString())).isEqualTo(1);
        assertThat(output()).contains("no record STARTED");
    }

    private Path export(String topic) throws Exception {
        int code = run(
                "read",
                "--bootstrap-server",
                broker.bootstrapServers(),
                "--topic",
                topic,
                "--from-beginning",
                "--idle-seconds",
                "2",
                "-o",
                "avro");
        assertThat(code).as(output()).isZero();
        return Files.write(folder.resolve(topic + ".avro"), out.toByteArray());
    }

    @Test
    void endsWithinTenSecondsWithoutBrokerOrTopic() {
        long begin = System.nanoTime();
        assertThat(run("verify", "--bootstrap-server", "127.0.0.1:1")).isEqualTo(1);
        assertThat(output()).contains("127.0.0.1:1");
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
        assertThat(verify("--control-topic", "nowhere")).isEqualTo(1);
        assertThat(output()).contains("topic nowhere does not exist");
        assertThat(run("verify", "--file", folder + "/missing.avro")).isEqualTo(1);
        assertThat(output()).contains("missing.avro");
    }
}
