package dev.ctstream.cli.demo;

import dev.ctstream.netlink.Links;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.nftables.ConntrackRuleset;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The private network namespace of the demo: loopback, a few loopback addresses with one conntrack zone each,
 * connection tracking with counters and times, and one address that is translated to another.
 *
 * <p>Threads: set up by a thread inside the namespace.
 */
public final class DemoNetwork {
    private static final Path SYSCTLS = Path.of("/proc/sys/net/netfilter");
    private static final int IPPROTO_TCP = 6;
    private static final InetAddress BROKER = address("127.0.0.1");
    private static final InetAddress CLIENT4 = address("127.0.0.1");
    private static final InetAddress CLIENT6 = address("fd00:c7::1");

    /** Short, so that connections visibly end while others begin. */
    private static final int TIMEOUT_SECONDS = 2;

    private static final List<String> SHORT_TIMEOUTS = List.of(
            "nf_conntrack_udp_timeout",
            "nf_conntrack_udp_timeout_stream",
            "nf_conntrack_icmp_timeout",
            "nf_conntrack_icmpv6_timeout",
            "nf_conntrack_tcp_timeout_time_wait");

    /** The port on which servers listen. */
    public static final int PORT = 8080;
    /** The port that the rules translate to {@link #PORT}. */
    public static final int TRANSLATED_PORT = 80;

    /** A server's address, and the zone that tracks its flows. */
    public record Server(InetAddress address, int zone) {}

    private final List<Server> servers = new ArrayList<>();
    private final InetAddress translated = address("127.0.9.9");

    /** Sets the namespace up; it disappears with the process. */
    public static DemoNetwork create() throws IOException {
        DemoNetwork network = new DemoNetwork();
        Links.bringUp("lo");
        network.servers.add(new Server(address("127.0.0.2"), 0));
        network.servers.add(new Server(address("127.0.1.1"), 1));
        network.servers.add(new Server(address("127.0.7.1"), 7));
        network.addIpv6();
        network.track();
        return network;
    }

    /** All servers. */
    public List<Server> servers() {
        return servers;
    }

    /** Connections to this address and {@link #TRANSLATED_PORT} reach the second server. */
    public InetAddress translated() {
        return translated;
    }

    /** The client address of connections to a server. */
    public InetAddress client(InetAddress server) {
        return server instanceof Inet6Address ? CLIENT6 : CLIENT4;
    }

    private void addIpv6() {
        try {
            Links.addAddress("lo", CLIENT6, 128);
            for (int zone : new int[] {2, 0xFFFF}) {
                InetAddress address = address("fd00:c7::" + Integer.toHexString(zone));
                Links.addAddress("lo", address, 128);
                servers.add(new Server(address, zone));
            }
        } catch (NetlinkException e) {
            System.err.println(
                    "demo: running without IPv6, because it is disabled on this machine (" + e.getMessage() + ")");
        }
    }

    private void track() throws IOException {
        ConntrackRuleset.Builder table =
                ConntrackRuleset.builder().notrackWithin(BROKER); // do not track our own traffic
        for (Server server : servers) {
            if (server.zone() != 0) {
                table.zone(server.address(), server.zone());
            }
        }
        Server target = servers.get(1);
        table.zone(translated, target.zone())
                .dnat(
                        IPPROTO_TCP,
                        new InetSocketAddress(translated, TRANSLATED_PORT),
                        new InetSocketAddress(target.address(), PORT));
        for (String key : List.of("nf_conntrack_acct", "nf_conntrack_timestamp", "nf_conntrack_events")) {
            sysctl(key, 1);
        }
        for (String key : SHORT_TIMEOUTS) {
            sysctl(key, TIMEOUT_SECONDS);
        }
        table.build().install();
    }

    /** Sets a sysctl of this namespace; other namespaces do not change. */
    private static void sysctl(String key, int value) throws IOException {
        Files.writeString(SYSCTLS.resolve(key), Integer.toString(value));
    }

    /** Parses a literal address. */
    public static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(text, e);
        }
    }
}
