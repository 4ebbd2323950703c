package dev.ctstream.publish;

import dev.ctstream.record.EventRecords;
import dev.ctstream.record.RegistrySettings;
import dev.ctstream.record.SchemaRegistry;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.SubjectSchemas;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * What a quiet partition costs a Flink job with windows of event time, for several values of {@code IDLE} of {@code
 * docs/downstream/flink/flat.sql}. Two partitions get an event each 50 ms; the third gets them for a while, then none, then
 * all that it had held back at once, as a host does whose broker was away. Prints when each window's result came, and
 * how many events are in no result since they were late.
 *
 * <p>Needs what {@code mvn verify -Pdownstream} unpacks:
 *
 * <pre>mvn -Pbench -DskipTests test -Dbench.main=dev.ctstream.publish.QuietPartition -Djmh.args='[IDLE ...]'</pre>
 *
 * with {@code JAVA_TOOL_OPTIONS=-Dctstream.test.apicurio=target/apicurio}.
 */
public final class QuietPartition {
    private static final long EVERY_MILLIS = 50;
    private static final long WINDOW_MILLIS = 2_000;
    private static final long BUSY_MILLIS = 8_000;
    private static final long QUIET_MILLIS = 20_000;
    private static final long AFTERWARDS_MILLIS = 8_000;
    private static final int PARTITIONS = 3;

    private static final String WINDOWS = """
            SELECT window_end, COUNT(*) AS events
            FROM TABLE(TUMBLE(TABLE conntrack_events, DESCRIPTOR(row_time), INTERVAL '2' SECOND))
            GROUP BY window_start, window_end;
            """;

    private record Result(long endMillis, long events, long cameMillis) {}

    private final List<Result> results = new ArrayList<>();
    private final DownstreamServers servers = DownstreamServers.get();
    private final Path folder = Files.createTempDirectory("quiet-partition");
    private long sent;

    private QuietPartition() throws IOException {}

    /** Runs the measurement for each value, an hour, 1 s and 10 s by default. */
    public static void main(String[] arguments) throws Exception {
        QuietPartition measurement = new QuietPartition();
        System.out.println("| IDLE | delay while all partitions are busy, ms | while one is quiet, ms | events late |");
        System.out.println("|---|---|---|---|");
        int run = 0;
        for (String idle : arguments.length > 0 ? List.of(arguments) : List.of("1 h", "1 s", "10 s")) {
            measurement.measure("quiet-" + ++run, idle.replace('_', ' '));
        }
        System.exit(0);
    }

    private void measure(String topic, String idle) throws Exception {
        results.clear();
        sent = 0;
        servers.create(topic);
        SchemaRegistry client =
                new SchemaRegistry(RegistrySettings.of(Map.of(RegistrySettings.URL, servers.registry.url())));
        int id = new SubjectSchemas(client, true).id(topic, Schemas.FLAT);
        Process flink = start(topic, idle);
        Thread reader = new Thread(() -> read(flink), "results");
        reader.start();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", servers.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            long ready = awaitFirstResult(producer, topic, id);
            long quiet = ready + BUSY_MILLIS;
            feed(producer, topic, id, PARTITIONS, quiet);
            List<Long> held = feed(producer, topic, id, PARTITIONS - 1, quiet + QUIET_MILLIS);
            held.forEach(time -> send(producer, topic, id, PARTITIONS - 1, time));
            long end = quiet + QUIET_MILLIS + AFTERWARDS_MILLIS;
            feed(producer, topic, id, PARTITIONS, end);
            // The last windows end when the watermark has passed them: with this event on all partitions.
            for (int partition = 0; partition < PARTITIONS; partition++) {
                send(producer, topic, id, partition, end + 60_000);
            }
            sent -= PARTITIONS;
            producer.flush();
            Thread.sleep(5_000);
            print(idle, ready, quiet);
        } finally {
            flink.destroyForcibly();
            reader.join();
        }
    }

    private Process start(String topic, String idle) throws IOException {
        Path tables = Files.writeString(folder.resolve("tables-" + topic), DownstreamKit.text("flink/flat.sql"));
        Path query = Files.writeString(folder.resolve("query-" + topic), WINDOWS);
        List<String> command = DownstreamKit.java("flink/Sql.java");
        command.addAll(List.of(tables.toString(), query.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(new File(folder.toFile(), "err-" + topic));
        builder.environment()
                .putAll(Map.of(
                        "BOOTSTRAP",
                        servers.bootstrapServers(),
                        "REGISTRY",
                        servers.registry.url(),
                        "TOPIC",
                        topic,
                        "LATENESS",
                        "'1' SECOND",
                        "IDLE",
                        idle));
        return builder.start();
    }

    private void read(Process flink) {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(flink.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("{")) {
                    Map<String, @Nullable Object> row = DownstreamKit.json(line);
                    synchronized (results) {
                        results.add(new Result(
                                number(row, "window_end"), number(row, "events"), System.currentTimeMillis()));
                    }
                }
            }
        } catch (IOException e) {
            // the process was ended
        }
    }

    private static long number(Map<String, @Nullable Object> row, String name) {
        return (Long) Objects.requireNonNull(row.get(name));
    }

    private List<Result> results() {
        synchronized (results) {
            return List.copyOf(results);
        }
    }

    /** Sends to all partitions until Flink has started. Returns the time. */
    private long awaitFirstResult(KafkaProducer<byte[], byte[]> producer, String topic, int id)
            throws InterruptedException {
        while (results().isEmpty()) {
            feed(producer, topic, id, PARTITIONS, System.currentTimeMillis() + 500);
        }
        return System.currentTimeMillis();
    }

    /** Sends to the first partitions until then. Returns the times at which the others would have got events. */
    private List<Long> feed(KafkaProducer<byte[], byte[]> producer, String topic, int id, int partitions, long until)
            throws InterruptedException {
        List<Long> held = new ArrayList<>();
        for (long now = System.currentTimeMillis(); now < until; now = System.currentTimeMillis()) {
            for (int partition = 0; partition < partitions; partition++) {
                send(producer, topic, id, partition, now);
            }
            if (partitions < PARTITIONS) {
                held.add(now);
            }
            Thread.sleep(EVERY_MILLIS);
        }
        return held;
    }

    private void send(KafkaProducer<byte[], byte[]> producer, String topic, int id, int partition, long timeMillis) {
        GenericRecord event = EventRecords.flat(partition, sent++, "NEW");
        event.put("event_time", timeMillis);
        var unused = producer.send(new ProducerRecord<>(topic, partition, null, EventRecords.confluent(id, event)));
    }

    private void print(String idle, long ready, long quiet) {
        long counted = results().stream().mapToLong(Result::events).sum();
        System.out.printf(
                Locale.ROOT,
                "| %s | %s | %s | %d of %d |%n",
                idle,
                delays(ready, quiet),
                delays(quiet + WINDOW_MILLIS, quiet + QUIET_MILLIS),
                sent - counted,
                sent);
    }

    /** From the end of the windows that end in this time to their results: least, median and greatest. */
    private String delays(long from, long to) {
        List<Long> delays = results().stream()
                .filter(result -> result.endMillis() >= from && result.endMillis() < to)
                .map(result -> result.cameMillis() - result.endMillis())
                .sorted()
                .toList();
        return delays.isEmpty()
                ? "none"
                : delays.get(0) + ", " + delays.get(delays.size() / 2) + ", " + delays.get(delays.size() - 1);
    }
}
