package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.Collector;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.HostFacts;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.EntryKey;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.nftables.ConntrackRuleset;
import dev.ctstream.record.ConntrackFlatEvent;
import dev.ctstream.record.EventsDeserializer;
import dev.ctstream.record.StreamKey;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Packets raise NEW, deletes raise DESTROY: each DESTROY names the NEW of its flow by stream and one number. */
class BeginSequenceKernelIT {
    private static final int FLOWS = 10_000;
    /** Fewer events are under way than the smallest receive buffer holds. */
    private static final int UNDER_WAY = 100;

    private static final int FIRST_PORT = 20_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private record Opener(StreamKey stream, long sequence) {}

    @ParameterizedTest
    @CsvSource({"batch,conntrack.events", "event,conntrack.flat"})
    void beginSequenceJoinsEachDestroyToItsNewByStreamAndOneLong(String layout, String topic) throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of())) {
            broker.start();
            try (Traffic traffic = new Traffic();
                    Collector collector = start(broker, traffic.namespace, layout)) {
                traffic.open(collector);
                traffic.endAll(collector);
                await().atMost(PATIENCE).until(() -> collector.totals().received() == 2 * FLOWS);
                assertThat(collector.stop()).isTrue();
            }
            verify(events(broker.bootstrapServers(), topic));
        }
    }

    @Test
    void aNamespaceMadeAgainUnderItsNameHasAnotherNetnsId() throws Exception {
        String first;
        try (TestNamespace namespace = TestNamespace.create();
                ConntrackTable table = ConntrackTable.open(namespace.handle())) {
            first = table.netnsId();
        }
        try (TestNamespace namespace = TestNamespace.create();
                ConntrackTable table = ConntrackTable.open(namespace.handle())) {
            assertThat(table.netnsId()).isNotEqualTo(first);
        }
    }

    private Collector start(EmbeddedBroker broker, TestNamespace namespace, String layout) throws Exception {
        Map<String, String> settings = Map.of(
                "kafka.bootstrap.servers",
                broker.bootstrapServers(),
                "netns",
                namespace.path().toString(),
                "host.id",
                "it-host",
                "http.listen",
                "off",
                "record.layout",
                layout,
                "shutdown.timeout-seconds",
                "30",
                "spool.directory",
                folder.resolve("spool").toString());
        ConfigSources sources = new ConfigSources(Optional.empty(), Map.of(), settings, HostFacts.current(), true);
        return Collector.start(Configuration.load(sources).collector(), new Collector.Program("test", "digest"));
    }

    private static void verify(List<ConntrackFlatEvent> events) {
        Map<Opener, ConntrackFlatEvent> openers = new HashMap<>();
        List<ConntrackFlatEvent> ends = new ArrayList<>();
        for (ConntrackFlatEvent event : events) {
            if (event.getEventType().equals("NEW")) {
                assertThat(event.getBeginSequence()).isNull();
                openers.put(new Opener(StreamKey.of(event), event.getSequence()), event);
            } else {
                ends.add(event);
            }
        }
        assertThat(openers).hasSize(FLOWS);
        assertThat(ends).hasSize(FLOWS).allSatisfy(end -> {
            assertThat(end.getEventType()).isEqualTo("DESTROY");
            assertThat(end.getEndReason()).isEqualTo("deleted");
            long begin = Objects.requireNonNull(end.getBeginSequence());
            ConntrackFlatEvent opener = Objects.requireNonNull(openers.remove(new Opener(StreamKey.of(end), begin)));
            assertThat(opener.getCtId()).isEqualTo(end.getCtId());
            assertThat(opener.getDestinationAddress()).isEqualTo(end.getDestinationAddress());
            assertThat(opener.getDestinationPort()).isEqualTo(end.getDestinationPort());
        });
        assertThat(openers).isEmpty();
    }

    private static List<ConntrackFlatEvent> events(String bootstrapServers, String topic) {
        List<ConntrackFlatEvent> events = new ArrayList<>();
        try (KafkaConsumer<byte[], List<ConntrackFlatEvent>> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrapServers, "auto.offset.reset", "earliest"),
                new ByteArrayDeserializer(),
                new EventsDeserializer())) {
            consumer.assign(consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList());
            await().atMost(PATIENCE).until(() -> {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> events.addAll(record.value()));
                return events.size() >= 2 * FLOWS;
            });
        }
        return events;
    }

    /** Datagrams over loopback into three zones; each to a port of its own. */
    private static final class Traffic implements AutoCloseable {
        private static final List<InetAddress> TARGETS = List.of(
                FreshNamespace.ip("127.0.0.10"), FreshNamespace.ip("127.0.0.11"), FreshNamespace.ip("127.0.0.12"));

        private final TestNamespace namespace = TestNamespace.create();
        private final DatagramSocket socket;
        private long events;

        Traffic() throws Exception {
            namespace.call(() -> {
                ConntrackRuleset.builder()
                        .zone(TARGETS.get(1), ZoneScope.both(1).zone())
                        .zone(TARGETS.get(2), ZoneScope.both(65_535).zone())
                        .build()
                        .install();
                return 0;
            });
            socket = namespace.call(Traffic::socket);
        }

        private static DatagramSocket socket() {
            try {
                return new DatagramSocket();
            } catch (SocketException e) {
                throw new IllegalStateException(e);
            }
        }

        void open(Collector collector) throws IOException {
            for (int i = 0; i < FLOWS; i++) {
                keepPace(collector);
                InetAddress target = TARGETS.get(i % TARGETS.size());
                socket.send(new DatagramPacket(new byte[1], 1, target, FIRST_PORT + i));
                events++;
            }
            await().atMost(PATIENCE).until(() -> collector.totals().received() == FLOWS);
        }

        void endAll(Collector collector) throws IOException {
            List<EntryKey> keys = new ArrayList<>();
            try (ConntrackTable table = ConntrackTable.open(namespace.handle())) {
                table.dump(DumpFilter.ALL, entry -> keys.add(EntryKey.of(entry)));
                assertThat(keys).hasSize(FLOWS);
                for (EntryKey key : keys) {
                    keepPace(collector);
                    table.delete(key);
                    events++;
                }
            }
        }

        private void keepPace(Collector collector) {
            if (events - collector.totals().received() >= UNDER_WAY) {
                await().pollInterval(Duration.ofMillis(1))
                        .atMost(PATIENCE)
                        .until(() -> events - collector.totals().received() < UNDER_WAY);
            }
        }

        @Override
        public void close() {
            socket.close();
            namespace.close();
        }
    }
}
