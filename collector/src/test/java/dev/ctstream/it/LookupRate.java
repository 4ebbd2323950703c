package dev.ctstream.it;

import com.sun.management.OperatingSystemMXBean;
import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.bench.VariedBatches;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.EventRecords;
import dev.ctstream.record.Framing;
import dev.ctstream.record.Recorded;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.track.FlowSink;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * How fast {@code ctstream lookup} reads: a broker, replayed events of a day in batches as a collector makes them, and a
 * question whose answer is a proven nobody.
 *
 * <pre>mvn -Pbench -DskipTests test -Dbench.main=dev.ctstream.it.LookupRate -Djmh.args='[EVENTS [ROUNDS]]' -Dctstream.home=...</pre>
 */
public final class LookupRate {
    private static final int NAMESPACES = 4;
    private static final long DAY_NANOS = TimeUnit.DAYS.toNanos(1);
    private static final long HALF_DAY_MILLIS = TimeUnit.HOURS.toMillis(12);

    private final Recorded control = new Recorded();
    private volatile @Nullable Exception failure; // of the producer
    private final byte[] prefix = Framing.SINGLE_OBJECT.prefix(Schemas.BATCH, 0);

    private record Source(int index, String netns) implements EventSource {
        @Override
        public String netnsId() {
            return Integer.toString(index + 1);
        }

        @Override
        public long dropsTotal() {
            return 0;
        }
    }

    private LookupRate() {}

    /** Runs the measurement. */
    public static void main(String[] arguments) throws Exception {
        long events = arguments.length > 0 ? Long.parseLong(arguments[0]) : 12_000_000;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 2;
        try (EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of())) {
            broker.start();
            LookupRate rate = new LookupRate();
            rate.fill(broker.bootstrapServers(), events);
            System.out.println("| events | s | events/s | s CPU of lookup | us CPU for an event |");
            System.out.println("|---|---|---|---|---|");
            for (int round = 0; round < rounds; round++) {
                rate.ask(broker.bootstrapServers(), events);
            }
        }
    }

    private void fill(String servers, long count) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
            for (String topic : List.of("conntrack.control", "conntrack.events")) {
                // The records are years old.
                NewTopic described = new NewTopic(topic, NAMESPACES, (short) 1).configs(Map.of("retention.ms", "-1"));
                admin.createTopics(List.of(described)).all().get(60, TimeUnit.SECONDS);
            }
        }
        Map<String, Object> settings = Map.of(
                "bootstrap.servers",
                servers,
                "compression.type",
                "zstd",
                "linger.ms",
                "20",
                "batch.size",
                "524288",
                "max.in.flight.requests.per.connection",
                "1");
        try (KafkaProducer<byte[], byte[]> producer =
                        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
                Metrics metrics = new Metrics()) {
            BatchRing ring = new BatchRing();
            RunIdentity run = new RunIdentity("h", "b", Recorded.EPOCH);
            Batcher batcher = new Batcher(
                    BatchConfig.DEFAULT, run, "web-1", ring, new ControlOutbox(ring), new BatchMetrics(metrics));
            List<Source> sources = new ArrayList<>();
            for (int i = 0; i < NAMESPACES; i++) {
                sources.add(new Source(i, "netns-" + i));
            }
            List<ByteBuffer> messages = VariedBatches.messages(1 << 16);
            FlowDecoder decoder = new FlowDecoder();
            FlowEvent event = new FlowEvent();
            for (long i = 0; i < count; i++) {
                ByteBuffer message = messages.get((int) (i % messages.size()));
                decoder.decode(event, message, 0, message.capacity());
                long received = Recorded.EPOCH + DAY_NANOS / count * i;
                batcher.event(sources.get((int) (i / 1000 % NAMESPACES)), event, received, FlowSink.UNKNOWN);
                if (i % 1000 == 0) {
                    send(ring, producer);
                }
            }
            batcher.closeAll();
            send(ring, producer);
            controlRecords(count, producer);
            producer.flush();
            Exception refused = failure;
            if (refused != null) {
                throw refused;
            }
        }
    }

    private void send(BatchRing ring, KafkaProducer<byte[], byte[]> producer) {
        for (EncodedBatch batch = ring.poll(); batch != null; batch = ring.poll()) {
            batch.number(0); // as the spool thread does
            byte[] value = new byte[prefix.length + batch.lengthBytes()];
            System.arraycopy(prefix, 0, value, 0, prefix.length);
            System.arraycopy(batch.array(), batch.offset(), value, prefix.length, batch.lengthBytes());
            int partition = Integer.parseInt(batch.stream().netnsId()) - 1;
            long time = TimeUnit.NANOSECONDS.toMillis(batch.lastReceivedNanos());
            send(producer, new ProducerRecord<>("conntrack.events", partition, time, null, value));
            ring.release(batch);
        }
    }

    private void send(KafkaProducer<byte[], byte[]> producer, ProducerRecord<byte[], byte[]> record) {
        var unused = producer.send(record, (metadata, error) -> {
            if (error != null) {
                failure = error;
            }
        });
    }

    /** The begin of the run, a snapshot of an empty table, and reports at the end. */
    private void controlRecords(long count, KafkaProducer<byte[], byte[]> producer) {
        long end = TimeUnit.NANOSECONDS.toMillis(Recorded.EPOCH + DAY_NANOS);
        for (int i = 0; i < NAMESPACES; i++) {
            Recorded.Run run = control.new Run("netns-" + i, Integer.toString(i + 1), "b", Recorded.EPOCH);
            run.started();
            run.control("SNAPSHOT_BEGIN", Map.of("snapshot_id", 1L, "reason", "start"));
            run.snapshotEnd(1, true, 0, Map.of());
            run.report("HEARTBEAT", 0, Map.of(5, count / NAMESPACES)).put("time", end);
        }
        for (Recorded.Placed placed : control.control) {
            send(
                    producer,
                    new ProducerRecord<>(
                            "conntrack.control",
                            0,
                            (Long) placed.record().get("time"),
                            null,
                            EventRecords.singleObject(placed.record())));
        }
    }

    private void ask(String servers, long events) {
        long at = TimeUnit.NANOSECONDS.toMillis(Recorded.EPOCH) + HALF_DAY_MILLIS;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream err = new PrintStream(out, true, StandardCharsets.UTF_8);
        long before = processNanos();
        long begin = System.nanoTime();
        int exitCode = Main.execute(
                new Console(out, err, Map.of(), false, false),
                "lookup",
                "--bootstrap-server",
                servers,
                "--address",
                "203.0.113.9",
                "--port",
                "61000",
                "--protocol",
                "tcp",
                "--at",
                Instant.ofEpochMilli(at).toString(),
                "--since",
                "13h",
                "--within",
                "13h");
        double seconds = (System.nanoTime() - begin) / 1e9;
        double cpuSeconds = (processNanos() - before) / 1e9;
        System.out.printf(
                Locale.ROOT,
                "| %d | %.1f | %.0f | %.1f | %.2f |%n",
                events,
                seconds,
                events / seconds,
                cpuSeconds,
                1e6 * cpuSeconds / events);
        System.out.println("exit code " + exitCode + ": "
                + out.toString(StandardCharsets.UTF_8).strip().replace("\n", "\n  "));
    }

    private static long processNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
