package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.nftables.ConntrackRuleset;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code ctstream watch} on real packets: UDP to changing ports; packets from 127.0.0.7 are in zone 7. */
class WatchKernelIT {
    private static final int SOCKETS_EVERY_MILLIS = 2;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private TestNamespace namespace;
    private Thread traffic;
    private volatile boolean ended;

    @BeforeEach
    void traffic() throws Exception {
        namespace = TestNamespace.create();
        ConntrackRuleset.builder()
                .zone(InetAddress.getByName("127.0.0.7"), 7)
                .build()
                .install(namespace.handle());
        List<DatagramChannel> senders = namespace.call(() -> List.of(sender("127.0.0.1"), sender("127.0.0.7")));
        traffic = new Thread(() -> send(senders), "traffic");
        traffic.start();
    }

    @AfterEach
    void close() throws InterruptedException {
        ended = true;
        traffic.join();
        namespace.close();
    }

    @Test
    void jsonShowsTheEventsOfOneZone() throws Exception {
        assertThat(watch("-o", "json", "--events", "new", "--zone", "7", "--count", "5"))
                .as(err.toString(StandardCharsets.UTF_8))
                .isZero();
        List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines).hasSize(5);
        for (int i = 0; i < lines.size(); i++) {
            JsonNode event = new ObjectMapper().readTree(lines.get(i));
            assertThat(event.get("event_type").asText()).isEqualTo("NEW");
            assertThat(event.get("netns").asText()).isEqualTo("host");
            assertThat(event.get("ct_zone").asInt()).isEqualTo(7);
            assertThat(event.get("source_address").asText()).isEqualTo("127.0.0.7");
            assertThat(event.get("protocol").asInt()).isEqualTo(17);
            assertThat(event.get("sequence").asLong()).isEqualTo(i);
        }
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("lost in the kernel 0, here 0");
    }

    @Test
    void textShowsAllZones() throws Exception {
        assertThat(watch("--count", "20", "--events", "new,destroy")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8).lines())
                .hasSize(20)
                .allMatch(line -> line.contains(" NEW ") && line.contains(" udp ") && line.endsWith("[UNREPLIED]"))
                .anyMatch(line -> line.contains(" zone 7 "))
                .anyMatch(line -> line.contains(" zone 0 "));
    }

    @Test
    void namesAMissingNamespace() throws Exception {
        assertThat(watch("--netns", "no-such-namespace")).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("no-such-namespace")
                .contains("ENOENT (2)")
                .hasLineCount(1);
    }

    private int watch(String... arguments) throws NetlinkException {
        String[] all = new String[arguments.length + 1];
        all[0] = "watch";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        Console console = new Console(out, new PrintStream(err, true, StandardCharsets.UTF_8), Map.of(), false, false);
        return namespace.call(() -> Main.execute(console, all));
    }

    private static DatagramChannel sender(String address) {
        try {
            return DatagramChannel.open(StandardProtocolFamily.INET).bind(new InetSocketAddress(address, 0));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void send(List<DatagramChannel> senders) {
        try {
            for (int port = 1024; !ended && port < 65_536; port++) {
                for (DatagramChannel sender : senders) {
                    sender.send(
                            ByteBuffer.allocate(1),
                            new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 9}), port));
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(SOCKETS_EVERY_MILLIS));
            }
            for (DatagramChannel sender : senders) {
                sender.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
