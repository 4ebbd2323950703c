package dev.ctstream.it;

import dev.ctstream.Collector;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.HostFacts;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.nftables.ConntrackRuleset;
import dev.ctstream.record.ConntrackFlatEvent;
import dev.ctstream.record.EventsDeserializer;
import dev.ctstream.record.StreamKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * How {@code event_time} runs in a topic: how many events of a stream share a millisecond, and how far it goes back on a
 * partition. Datagrams over loopback open flows in three zones, which share one partition.
 *
 * <pre>mvn -Pbench -DskipTests test -Dbench.main=dev.ctstream.it.TimeOrder -Djmh.args='[EVENTS_PER_SECOND [SECONDS]]' -Dctstream.home=...</pre>
 *
 * in a namespace of one's own: {@code unshare --net --mount}.
 */
public final class TimeOrder {
    private static final List<InetAddress> TARGETS =
            List.of(FreshNamespace.ip("127.0.0.10"), FreshNamespace.ip("127.0.0.11"), FreshNamespace.ip("127.0.0.12"));
    private static final int PORTS = 60_000;

    private TimeOrder() {}

    /** Runs the measurement. */
    public static void main(String[] arguments) throws Exception {
        int rate = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 6_000;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 10;
        System.out.println("| layout | events/s | share the millisecond of the one before in their stream"
                + " | older than one before on the partition | furthest back, ms |");
        System.out.println("|---|---|---|---|---|");
        for (String layout : List.of("batch", "event")) {
            try (EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of());
                    TestNamespace namespace = TestNamespace.create()) {
                broker.start();
                int made;
                try (Collector collector = start(broker, namespace, layout)) {
                    made = traffic(namespace, rate, seconds);
                    Thread.sleep(2_000);
                    collector.stop();
                }
                print(
                        layout,
                        rate,
                        events(broker, layout.equals("batch") ? "conntrack.events" : "conntrack.flat", made));
            }
        }
    }

    private static Collector start(EmbeddedBroker broker, TestNamespace namespace, String layout) throws Exception {
        ConntrackRuleset.builder()
                .zone(TARGETS.get(1), 1)
                .zone(TARGETS.get(2), 2)
                .build()
                .install(namespace.handle());
        Map<String, String> settings = Map.of(
                "kafka.bootstrap.servers",
                broker.bootstrapServers(),
                "netns",
                namespace.path().toString(),
                "host.id",
                "h",
                "http.listen",
                "off",
                "topic.partitions",
                "1",
                "record.layout",
                layout,
                "spool.directory",
                Files.createTempDirectory("time-order").toString());
        ConfigSources sources = new ConfigSources(Optional.empty(), Map.of(), settings, HostFacts.current(), true);
        return Collector.start(Configuration.load(sources).collector(), new Collector.Program("measurement", "digest"));
    }

    /** Flows at an even rate; returns their number. */
    private static int traffic(TestNamespace namespace, int rate, int seconds) throws Exception {
        DatagramSocket socket = namespace.call(() -> {
            try {
                return new DatagramSocket();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        int flows = Math.min(rate * seconds, TARGETS.size() * PORTS);
        try (socket) {
            long begin = System.nanoTime();
            for (int i = 0; i < flows; i++) {
                long due = begin + TimeUnit.SECONDS.toNanos(1) * i / rate;
                while (System.nanoTime() < due) {
                    LockSupport.parkNanos(20_000);
                }
                InetAddress target = TARGETS.get(i % TARGETS.size());
                socket.send(new DatagramPacket(new byte[1], 1, target, 1_000 + i / TARGETS.size()));
            }
        }
        return flows;
    }

    private static List<ConntrackFlatEvent> events(EmbeddedBroker broker, String topic, int count) {
        List<ConntrackFlatEvent> events = new ArrayList<>();
        try (KafkaConsumer<byte[], List<ConntrackFlatEvent>> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "auto.offset.reset", "earliest"),
                new ByteArrayDeserializer(),
                new EventsDeserializer())) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            for (int quiet = 0; quiet < 20 && events.size() < count; quiet++) {
                for (var record : consumer.poll(Duration.ofMillis(200))) {
                    events.addAll(record.value());
                    quiet = 0;
                }
            }
        }
        return events;
    }

    private static void print(String layout, int rate, List<ConntrackFlatEvent> events) {
        Map<StreamKey, Long> ofStream = new HashMap<>();
        long latest = 0;
        int same = 0;
        int older = 0;
        long furthest = 0;
        for (ConntrackFlatEvent event : events) {
            long time = event.getEventTime().toEpochMilli();
            Long before = ofStream.put(StreamKey.of(event), time);
            same += before != null && before == time ? 1 : 0;
            older += time < latest ? 1 : 0;
            furthest = Math.max(furthest, latest - time);
            latest = Math.max(latest, time);
        }
        System.out.printf(
                Locale.ROOT,
                "| %s | %d | %.1f %% | %.1f %% | %d |%n",
                layout,
                rate,
                100.0 * same / events.size(),
                100.0 * older / events.size(),
                furthest);
        System.out.println("events: " + events.size());
    }
}
