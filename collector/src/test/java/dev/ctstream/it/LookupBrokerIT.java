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
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
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

/**
 * {@code ctstream lookup} against a broker: 100 batches, one each 10 minutes. Batch n has flow n, which ends after five
 * minutes, from a port of its own. Batch 30 is missing.
 */
class LookupBrokerIT {
    private static final int ZONE = 4;
    private static final int BATCHES = 100;
    private static final int MISSING = 30;
    private static final int FIRST_PORT = 50_000;
    private static final long BATCH_MILLIS = TimeUnit.MINUTES.toMillis(10);
    private static final long BEGIN = Recorded.EPOCH / 1_000_000;

    private static EmbeddedBroker broker;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @BeforeAll
    static void fill() throws Exception {
        broker = TestBroker.temporary(Map.of());
        broker.start();
        create("conntrack.control", "conntrack.events", "trimmed");
        Recorded topics = new Recorded();
        Recorded.Run run = topics.run(0).started();
        run.control("SNAPSHOT_BEGIN", Map.of("snapshot_id", 1L, "reason", "start"));
        run.snapshotEnd(1, true, 0, Map.of());
        for (int batch = 0; batch < BATCHES; batch++) {
            long begin = BEGIN + TimeUnit.MINUTES.toMillis(1) + batch * BATCH_MILLIS;
            GenericRecord first = event(2L * batch, "NEW", begin, FIRST_PORT + batch);
            GenericRecord last = event(2L * batch + 1, "DESTROY", begin + BATCH_MILLIS / 2, FIRST_PORT + batch);
            last.put("begin_sequence", 2L * batch);
            run.batch(ZONE, 0, first, last);
            run.report("HEARTBEAT", 0, Map.of(ZONE, 2L * batch + 2)).put("time", begin + BATCH_MILLIS / 2 + 1);
        }
        topics.events.remove(MISSING);
        produce("conntrack.control", topics.control, "time");
        produce("conntrack.events", topics.events, "last_event_time");
        produce("trimmed", topics.events, "last_event_time");
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    private static GenericRecord event(long sequence, String type, long millis, int port) {
        GenericRecord event = Recorded.event(sequence, type, port);
        event.put("event_time", millis);
        event.put("received_time_ns", millis * 1_000_000);
        event.put("reply_destination_address", "192.0.2.7");
        event.put("reply_destination_port", port);
        return event;
    }

    private static void create(String... topics) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createTopics(Arrays.stream(topics)
                            // The records are years old.
                            .map(topic -> new NewTopic(topic, 4, (short) 1).configs(Map.of("retention.ms", "-1")))
                            .toList())
                    .all()
                    .get(10, TimeUnit.SECONDS);
        }
    }

    private static void produce(String topic, List<Recorded.Placed> records, String timeField) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "max.in.flight.requests.per.connection", "1"),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            List<Future<?>> sent = new ArrayList<>();
            for (Recorded.Placed placed : records) {
                Long time = (Long) placed.record().get(timeField);
                byte[] value = EventRecords.singleObject(placed.record());
                sent.add(producer.send(new ProducerRecord<>(topic, placed.partition(), time, null, value)));
            }
            for (Future<?> one : sent) {
                one.get(30, TimeUnit.SECONDS);
            }
        }
    }

    /** Asks for a port of the translated address in the middle of a flow's life. */
    private int lookup(int batch, int port, String... more) {
        out.reset();
        long at = BEGIN + TimeUnit.MINUTES.toMillis(1) + batch * BATCH_MILLIS + BATCH_MILLIS / 4;
        List<String> arguments = new ArrayList<>(List.of(
                "lookup",
                "--bootstrap-server",
                broker.bootstrapServers(),
                "--address",
                "192.0.2.7",
                "--port",
                Integer.toString(port),
                "--at",
                Instant.ofEpochMilli(at).toString(),
                "--within",
                "10m"));
        arguments.addAll(List.of(more));
        PrintStream err = new PrintStream(out, true, StandardCharsets.UTF_8);
        return Main.execute(new Console(out, err, Map.of(), false, false), arguments.toArray(String[]::new));
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aFlowIsFoundAndOnlyTheTimeInQuestionIsRead() {
        assertThat(lookup(90, FIRST_PORT + 90, "--since", "1h")).as(output()).isZero();
        assertThat(output())
                .contains("1 flow had 192.0.2.7:50090")
                .contains("10.0.0.1:40000 > 10.0.0.2:80  reply 10.0.0.2:80 > 192.0.2.7:50090");
        assertThat(output()).containsPattern("read (1[0-9]|2[0-9]) events of conntrack.events");
    }

    @Test
    void nobodyIsProvenWhereTheLogIsComplete() {
        assertThat(lookup(20, FIRST_PORT + 21, "--protocol", "tcp"))
                .as(output())
                .isZero();
        assertThat(output()).contains("nobody had 192.0.2.7:50021 (tcp)").contains("the log is complete from");
    }

    @Test
    void nobodyIsNotProvenAcrossAHole() {
        assertThat(lookup(31, FIRST_PORT + 30)).as(output()).isEqualTo(1);
        assertThat(output())
                .contains("nobody that the log knows had")
                .contains("zone 4: sequences 60..61 are missing, and nothing declares them");
    }

    @Test
    void aRunThatBeganBeforeIsNamed() {
        assertThat(lookup(90, FIRST_PORT + 91, "--since", "2h")).as(output()).isEqualTo(1);
        assertThat(output())
                .contains("h/host: the begin of its run was not read")
                .doesNotContain("missing");
    }

    @Test
    void whatRetentionRemovedIsNamed() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.deleteRecords(Map.of(new TopicPartition("trimmed", ZONE % 4), RecordsToDelete.beforeOffset(10)))
                    .all()
                    .get(10, TimeUnit.SECONDS);
        }
        assertThat(lookup(20, FIRST_PORT + 21, "--topic", "trimmed"))
                .as(output())
                .isEqualTo(1);
        assertThat(output()).contains("trimmed, partition 0: retention may have removed records of this time");
        assertThat(lookup(20, FIRST_PORT + 20, "--topic", "trimmed", "-o", "json"))
                .as(output())
                .isZero();
        assertThat(output()).contains("\"known\":true,\"complete\":false").contains("\"lived\":true");
    }

    @Test
    void wrongQuestionsAreRefused() {
        assertThat(lookup(20, 70_000)).isEqualTo(2);
        assertThat(lookup(20, 1, "--since", "yesterday")).isEqualTo(2);
        assertThat(lookup(20, 1, "--protocol", "nothing")).isEqualTo(2);
        out.reset();
        PrintStream err = new PrintStream(out, true, StandardCharsets.UTF_8);
        assertThat(Main.execute(
                        new Console(out, err, Map.of(), false, false), "lookup", "--address", "10.0.0", "--at", "now"))
                .isEqualTo(2);
        assertThat(output()).contains("--address").contains("no IPv4 or IPv6 address");
    }
}
