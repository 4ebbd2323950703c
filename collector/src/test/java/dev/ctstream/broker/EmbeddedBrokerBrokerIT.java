package dev.ctstream.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ctstream.netlink.TestJvm;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedBrokerBrokerIT {
    private static final String TOPIC = "t";

    @TempDir
    Path directory;

    @Test
    void isReadyWhenStartedKeepsDataThroughSigkillAndCleansUp() throws Exception {
        Path data;
        try (EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of("message.max.bytes", "12345"))) {
            broker.start();
            String address = broker.bootstrapServers();
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
                admin.createTopics(List.of(new NewTopic(TOPIC, 3, (short) 1)))
                        .all()
                        .get(10, TimeUnit.SECONDS);
            }
            produce(address, "before");
            data = broker.data();
            assertThat(Files.readString(data.resolve("server.properties"))).contains("message.max.bytes=12345");

            broker.kill();
            broker.start();

            assertThat(broker.bootstrapServers()).isEqualTo(address);
            produce(address, "after");
            broker.stop();
            broker.start();
            assertThat(consume(address, 2)).containsExactly("before", "after");
        }
        assertThat(data).doesNotExist();
    }

    @Test
    void endsAndDeletesItsTemporaryDataWhenTheParentIsKilled() throws Exception {
        Process parent = new ProcessBuilder(
                        TestJvm.command("-cp", System.getProperty("java.class.path"), Parent.class.getName()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader said = parent.inputReader()) {
            long child = Long.parseLong(said.readLine());
            Path data = Path.of(said.readLine());
            ProcessHandle broker = ProcessHandle.of(child).orElseThrow();
            assertThat(data).exists();

            parent.destroyForcibly().waitFor();

            await().atMost(Duration.ofSeconds(30)).until(() -> !broker.isAlive() && !Files.exists(data));
        } finally {
            parent.destroyForcibly();
        }
    }

    @Test
    void reportsThatThePortIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String said =
                    stderrOf(() -> BrokerServer.run(taken.getLocalPort(), directory, false, Map.of(), System.out));

            assertThat(said).contains("port " + taken.getLocalPort() + " on 127.0.0.1 is taken");
        }
    }

    @Test
    void reportsThatTheDataDirectoryIsInUse() throws Exception {
        try (EmbeddedBroker first = EmbeddedBroker.at(directory, Map.of());
                EmbeddedBroker second = EmbeddedBroker.at(directory, Map.of())) {
            first.start();

            assertThatThrownBy(second::start)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("is in use by process " + first.pid());
        }
    }

    private static String stderrOf(Runnable action) {
        PrintStream stderr = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            action.run();
        } finally {
            System.setErr(stderr);
        }
        return said.toString(StandardCharsets.UTF_8);
    }

    private static void produce(String address, String value) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", address);
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(TOPIC, 0, "k", value)).get(10, TimeUnit.SECONDS);
        }
    }

    private static List<String> consume(String address, int count) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", address, "auto.offset.reset", "earliest"),
                new StringDeserializer(),
                new StringDeserializer())) {
            consumer.assign(List.of(new TopicPartition(TOPIC, 0)));
            List<String> values = new ArrayList<>();
            await().atMost(Duration.ofSeconds(20)).until(() -> {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> values.add(record.value()));
                return values.size() >= count;
            });
            return values;
        }
    }

    /** Starts a broker, prints its process id and its data directory, and waits to be killed. */
    static final class Parent {
        public static void main(String[] arguments) throws IOException {
            EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of());
            broker.start();
            System.out.println(broker.pid());
            System.out.println(broker.data());
            int ended = System.in.read();
            System.exit(ended);
        }
    }
}
