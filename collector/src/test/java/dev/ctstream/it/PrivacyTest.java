package dev.ctstream.it;

import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.be16;
import static dev.ctstream.conntrack.MessageBytes.concat;
import static dev.ctstream.conntrack.MessageBytes.ip;
import static dev.ctstream.conntrack.MessageBytes.message;
import static dev.ctstream.conntrack.MessageBytes.nest;
import static dev.ctstream.conntrack.MessageBytes.ports;
import static dev.ctstream.conntrack.MessageBytes.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.DerivedFields;
import dev.ctstream.conntrack.FakeSocket;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.PrivacyRules;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.Clock;
import dev.ctstream.record.AddressText;
import dev.ctstream.record.StreamId;
import dev.ctstream.spool.Spool;
import dev.ctstream.spool.SpoolConfig;
import dev.ctstream.spool.SpoolMetrics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the privacy rules leave out is not in the spool, from which everything is published: neither as text nor as bytes,
 * from no kind of event. Attribute numbers are the kernel's.
 */
class PrivacyTest {
    private static final String SERVER = "203.0.113.77";
    private static final String SERVER6 = "2001:db8:bbbb:2::77";
    private static final String CLIENT = "100.64.7.9";
    private static final String CLIENT6 = "2001:db8:aaaa:1::9";
    private static final int PORT = 8443;

    @TempDir
    private Path folder;

    /** Where a secret was found is a name; each has bytes that a file of the spool must not hold. */
    private static Map<String, byte[]> secrets() {
        Map<String, byte[]> secrets = new LinkedHashMap<>();
        for (String address : List.of(SERVER, SERVER6, CLIENT, CLIENT6)) {
            secrets.put("text " + address, address.getBytes(StandardCharsets.US_ASCII));
            secrets.put("bytes of " + address, AddressText.parse(address));
        }
        secrets.put("port", new byte[] {2, (byte) 0xF6, (byte) 0x83, 1}); // Avro: non-null, 8443
        secrets.put("helper", "ftp".getBytes(StandardCharsets.US_ASCII));
        secrets.put("community id", new byte[] {2, 2 * 30, '1', ':'}); // Avro: non-null, 30 bytes
        return secrets;
    }

    private static byte[] flow(int type, boolean six) {
        byte[] client = AddressText.parse(six ? CLIENT6 : CLIENT);
        byte[] server = AddressText.parse(six ? SERVER6 : SERVER);
        return message(
                type,
                type == 0x100 ? 0x600 : 0,
                six ? 10 : 2,
                nest(1, ip(client, server), ports(6, 40_000, PORT)),
                nest(2, ip(server, client), ports(6, PORT, 40_000)),
                nest(14, ip(client, server), ports(6, 40_001, PORT)),
                concat(attribute(18, be16(7)), nest(5, attribute(1, text("ftp")))));
    }

    /** Names of the secrets that the spool holds after an event of each kind. */
    private SortedSet<String> found(PrivacyRules rules) throws Exception {
        Path directory = Files.createDirectory(folder.resolve(Integer.toString(rules.hashCode())));
        try (Metrics metrics = new Metrics()) {
            BatchRing ring = new BatchRing();
            ControlOutbox outbox = new ControlOutbox(ring);
            Spool spool = Spool.open(new Spool.Parts(
                    new SpoolConfig(directory, 1L << 30, 64 << 20, 1 << 20, 0, SpoolConfig.WhenFull.DROP_OLDEST),
                    new Spool.Host("host-1", "boot-1", "node-1"),
                    ring,
                    outbox,
                    StreamId.control("host", "1"),
                    new SpoolMetrics(metrics),
                    new Health()));
            OwnedThread thread = OwnedThread.looping("spool", spool, 5_000);
            thread.start((name, failure) -> {});
            BatchConfig config = new BatchConfig(1, 256 << 10, 500, new DerivedFields(true, true), rules);
            Batcher batcher = new Batcher(config, spool.identity(), "node-1", ring, outbox, new BatchMetrics(metrics));
            int events = write(batcher);
            await().atMost(Duration.ofSeconds(20)).until(() -> spool.unacknowledged() == events);
            spool.stop();
            assertThat(thread.join(5_000)).isTrue();
            spool.close();
        }
        return inFiles(directory);
    }

    private static int write(Batcher batcher) {
        FakeSocket source = new FakeSocket(0, "host", "1", 1);
        FlowDecoder decoder = new FlowDecoder();
        FlowEvent event = new FlowEvent();
        int events = 0;
        for (boolean six : new boolean[] {false, true}) {
            for (int type : new int[] {0x100, 0x102}) {
                byte[] message = flow(type, six);
                ByteBuffer buffer = ByteBuffer.wrap(message).order(ByteOrder.nativeOrder());
                assertThat(decoder.decode(event, buffer, 0, message.length)).isTrue();
                batcher.event(source, event, Clock.realtimeNanos(), -1);
                batcher.existing(source, event, 1, -1);
                batcher.interim(source, event, 0);
                batcher.inferred(source, event, 0);
                events += 4;
            }
        }
        assertThat(batcher.closeAll()).isTrue();
        return events;
    }

    private static SortedSet<String> inFiles(Path directory) throws IOException {
        SortedSet<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String bytes = latin(Files.readAllBytes(file));
                secrets().forEach((name, secret) -> {
                    if (bytes.contains(latin(secret))) {
                        names.add(name);
                    }
                });
            }
        }
        return names;
    }

    private static String latin(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void whatIsLeftOutIsNotInTheSpool() throws Exception {
        assertThat(found(PrivacyRules.NONE))
                .containsExactly(
                        "community id",
                        "helper",
                        "port",
                        "text " + CLIENT,
                        "text " + CLIENT6,
                        "text " + SERVER6,
                        "text " + SERVER);
        assertThat(found(PrivacyRules.parse(List.of("7"), false))).containsExactly("text " + CLIENT, "text " + CLIENT6);
        assertThat(found(PrivacyRules.parse(List.of(), true))).containsExactly("helper", "port");
        assertThat(found(PrivacyRules.parse(List.of("100.64.0.0/10", "2001:db8:aaaa::/48"), true)))
                .isEmpty();
    }
}
